"""Files brought back from archives, whole or in part, each with a verdict."""
