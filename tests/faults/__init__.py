"""The N-th operation failing, a full disk, a killed run."""
