"""Pictures of the rule and of a trial; the only room here that imports matplotlib."""
