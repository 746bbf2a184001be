"""The command line: the only part of the package that reads argv, prints, or sets the exit status."""
