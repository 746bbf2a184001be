"""Sidecars: how they are called, and what stands under that name."""

from __future__ import annotations

import os

from pybackup.errors import UsageError
from pybackup.host.storage import ArchiveFile

from .find import find

SIDECAR_SUFFIX = b".xpar"


def check_sidecar(sidecar: bytes) -> None:
    """Refuse to replace what is no sidecar."""
    if not os.path.lexists(sidecar):
        return
    name = os.fsdecode(sidecar)
    if not os.path.isfile(sidecar):
        raise UsageError(f"{name}: exists and is no regular file; choose another name")
    with ArchiveFile(sidecar) as file:
        found = find([file]) if file.size else None
        if file.size and (found is None or not found.geometry.sidecar):
            raise UsageError(f"{name}: exists and is no sidecar; remove it or choose another name")
