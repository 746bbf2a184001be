"""Making the best of what is damaged: copies surveyed and merged, parity used, lost volumes restored."""
