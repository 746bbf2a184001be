"""Fuzzing by structure: whatever bytes a reader is given, it may only refuse them; see `__main__`."""
