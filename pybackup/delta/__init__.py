"""Making signatures and deltas in the formats of librsync, with its library or the program rdiff."""
