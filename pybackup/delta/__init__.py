"""Signatures and deltas in the forms of librsync, by its library or by the program rdiff."""
