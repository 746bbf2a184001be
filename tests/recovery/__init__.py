"""Recovery volumes, and the rebuilding of sets."""
