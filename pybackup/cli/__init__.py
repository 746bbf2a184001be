"""The command line: the only place that reads argv, prints, or decides how the process ends."""
