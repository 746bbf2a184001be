"""The suffixes of archives and images, which show that a file is meant to be one, however damaged it is."""

from __future__ import annotations

import os

OWN_SUFFIX = b".xtar"
IMAGE_SUFFIX = b".iso"
_ALL = (OWN_SUFFIX, IMAGE_SUFFIX, b".img", b".bin", b".dd")


def is_named_like_archive(path: bytes) -> bool:
    """Return whether a name has the suffix of an archive or image."""
    return path.lower().endswith(_ALL)


def is_called_volume(path: bytes) -> bool:
    """Return whether a path is that of a file with the suffix of archives or images."""
    return is_named_like_archive(path) and os.path.isfile(path)
