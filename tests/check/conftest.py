"""What is checked here is what damage is tried on."""

from damage.conftest import field, small

__all__ = ["field", "small"]
