"""Job files: reading, merging and checking them, running their jobs, and telling people and programs about it."""
