"""When patients are to be seen, were seen, and should have been."""
