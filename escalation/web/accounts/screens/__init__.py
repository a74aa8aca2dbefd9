"""What people see of accounts: signing in, joining, their own, and those of a trial."""
