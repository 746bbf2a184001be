"""How many bytes a file takes on a disc of a stage: before it is packed, by the one cost model of archives."""

from __future__ import annotations


def cost_of(path: bytes, size: int, new_directories: int) -> int:
    """Return the most bytes that a file takes on a disc.

    Parameters
    ----------
    new_directories
        How many of the directories on its path are not on the disc yet.
    """
    # Most scans stage nothing, and need not load NumPy for that.
    from pybackup.compress.methods import DEFAULT_SEGMENT_BYTES
    from pybackup.container.cost import unpacked_file_bytes

    return unpacked_file_bytes(path, size, new_directories, DEFAULT_SEGMENT_BYTES)
