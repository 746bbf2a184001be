"""Archives as file systems: names found in a listing, contents decoded as they are read, and what FUSE asks for."""
