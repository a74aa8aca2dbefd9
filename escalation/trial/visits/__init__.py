"""When somebody is to be seen, was seen, or is seen no more."""
