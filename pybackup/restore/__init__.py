"""Restoring files from archives, whole or in part, with a verdict on each."""
