"""Sidecars: how they are called, and what stands under that name."""

from __future__ import annotations

import os

from pybackup.errors import UsageError
from pybackup.host.check_outputs import check_outputs
from pybackup.host.storage import ArchiveFile

from .find import find

SIDECAR_SUFFIX = b".xpar"


def check_sidecar(sidecar: bytes, *, replace: bool = False) -> None:
    """Refuse a name that is taken, and to replace what is no sidecar.

    Raises
    ------
    Exists, UsageError
    """
    check_outputs([sidecar], replace=replace)
    if os.path.isfile(sidecar):
        with ArchiveFile(sidecar) as file:
            found = find([file]) if file.size else None
            if file.size and (found is None or not found.geometry.sidecar):
                raise UsageError(f"{os.fsdecode(sidecar)}: exists and is no sidecar; remove it or choose another name")
