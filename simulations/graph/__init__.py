"""Every state that a trial can reach, equal states merged, and how they follow each other."""
