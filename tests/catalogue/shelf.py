"""Volumes and media for the tests, made by short calls."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.fill import Entered, enter
from pybackup.model.catalogued import MediumType, NewMedium, NewVolume, VolumeSort
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed
from pybackup.model.volume import VolumeInfo, VolumeKind, volume_id
from pybackup.monitor import Monitor

TIME = 1_700_000_000 * 10**9


def sha(text: str | bytes) -> bytes:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).digest()


def filed(path: bytes | str, content: str | None = None, **more: int | bytes | None) -> Filed:
    """Return a file, whose content is its path unless given."""
    name = path if isinstance(path, bytes) else path.encode()
    fields = {"size": len(content or ""), "mtime_ns": TIME, "mode": 0o644, "sha256": sha(content or name), **more}
    return Filed(path=name, kind=int(Kind.FILE), **fields)  # type: ignore[arg-type]


def put(
    catalogue: Catalogue,
    label: str,
    entries: Iterable[Filed],
    *,
    set_name: str = "",
    number: int = 0,
    recovery: bool = False,
    last: bool = False,
    medium: NewMedium | None = None,
    has_medium: bool = True,
    sort: VolumeSort = VolumeSort.ARCHIVE,
    identity: bytes = b"",
    monitor: Monitor | None = None,
) -> Entered:
    """Enter a volume on a disc of that label."""
    rows = list(entries)
    info = None
    if set_name:
        kind = VolumeKind.RECOVERY if recovery else VolumeKind.DATA
        info = VolumeInfo(sha(set_name)[:8], set_name, number, kind, last)
        sort = VolumeSort.RECOVERY if recovery else sort
        identity = volume_id(info.set_id, kind, number)
    listing = sha(repr(rows))
    new = NewVolume(identity or sha(label)[:8], sort, label, listing, info, 2048, len(rows))
    on = medium or NewMedium(MediumType.DISC, label)
    heard = monitor or Monitor()
    done = enter(catalogue, new, lambda: rows, on if has_medium else None, heard, now_ns=TIME)
    if monitor is None:
        assert heard.problems == []
    return done
