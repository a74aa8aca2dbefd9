"""What a trial's record says: status, patients, next steps, log."""
