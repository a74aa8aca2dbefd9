"""People: who may do what, how names are compared, and by what a subject may be called."""
