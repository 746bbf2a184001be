"""Files that a system or an interpreter puts beside the user's own and makes again by itself: pyactivity's list."""

from __future__ import annotations

from pyactivity.junk import is_junk_file, is_made_again


def is_junk(name: bytes, is_directory: bool, size_bytes: int) -> bool:
    """Return whether a name stands for something the system makes again, or that was thrown away.

    Names are compared without regard to case, as these come from file systems that have none.
    """
    return is_made_again(name) if is_directory else is_junk_file(name, size_bytes)
