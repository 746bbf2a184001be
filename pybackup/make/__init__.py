"""Making archives: planning them, writing one or several volumes, adding parity, reading back and publishing them."""
