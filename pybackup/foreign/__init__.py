"""Archives and images of others: looked into without trust, nothing unpacked; and written, for others to read."""
