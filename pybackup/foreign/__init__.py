"""Archives and disc images of other programs: reading them without trust and without unpacking, and writing them."""
