"""What is copied out of the package and runs without it."""
