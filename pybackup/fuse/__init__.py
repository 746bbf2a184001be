"""Archives as FUSE file systems: finding names in an archive's index, decoding contents as they are read."""
