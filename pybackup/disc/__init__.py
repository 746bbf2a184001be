"""Discs: planning them, building their images, burning, checking, labelling and reading them."""
