"""Which images of a data set are drawn."""
