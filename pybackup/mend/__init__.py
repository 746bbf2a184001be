"""Repairing damaged archives: surveying and merging copies, using parity, restoring lost volumes."""
