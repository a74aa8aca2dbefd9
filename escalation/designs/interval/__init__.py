"""The interval designs: two boundaries by the number of patients at a level."""
