"""Who was screened, how it stands with the criteria, and how many came how far."""
