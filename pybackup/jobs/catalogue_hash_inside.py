"""Hashing files that were entered without hashes from archives of other programs, and from images."""

from __future__ import annotations

import os
from collections.abc import Iterable

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.hashes import Unhashed, set_hashes, unhashed
from pybackup.foreign.form import form_by_name
from pybackup.model.catalogued import Medium
from pybackup.model.filed import Filed
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .catalogue_hash import Hashed
from .catalogue_look import looker
from .catalogue_tree import form_at

_DEPTH = 1000  # no limit is needed: only archives entered within `AddOptions.depth` are looked into
_BATCH = 1000


def hash_inside(catalogue: Catalogue, medium: Medium, where: bytes, monitor: Monitor) -> Hashed:
    """Hash the files without a hash in archives on a medium; all its files if the medium is an archive or image.

    Parameters
    ----------
    where
        The directory with the archives; or the image, archive or drive if the medium is one.
    """
    done = Hashed()
    after = 0
    is_directory = os.path.isdir(where)
    with looker(hashed=True, depth=_DEPTH, monitor=monitor) as look:
        while found := unhashed(catalogue, medium.volume, after=after, most=1, nested=True if is_directory else None):
            archive = _archive_of(where, found[0].path) if is_directory else b""
            wanted = _wanted(catalogue, medium, after, archive, True if is_directory else None)
            after = max(file.id for file in wanted.values())
            path = os.path.join(where, archive) if is_directory else where
            form = form_by_name(archive) if is_directory else form_at(where)
            if form is None or not os.path.exists(path):
                monitor.problem(Problem(archive or where, Trouble.VANISHED, "the archive no longer exists"))
                continue
            monitor.working_on(archive)
            name = archive if is_directory else os.path.basename(where)
            files = look.inside(path, form, name, medium=not is_directory)
            hashed = _take(catalogue, files, wanted)
            done = Hashed(done.files + hashed.files, done.n_bytes + hashed.n_bytes)
    return done


def _archive_of(where: bytes, path: bytes) -> bytes:
    """Return the path of the outermost archive that a file is in."""
    end = path.find(b"/")
    while end > 0:
        if form_by_name(path[:end]) and not os.path.isdir(os.path.join(where, path[:end])):
            return path[:end]
        end = path.find(b"/", end + 1)
    return path


def _wanted(
    catalogue: Catalogue, medium: Medium, after: int, archive: bytes, nested: bool | None
) -> dict[bytes, Unhashed]:
    """Return the files without a hash in one archive, which follow each other."""
    wanted: dict[bytes, Unhashed] = {}
    while found := unhashed(catalogue, medium.volume, after=after, nested=nested):
        for file in found:
            if archive and file.path != archive and not file.path.startswith(archive + b"/"):
                return wanted
            wanted[file.path] = file
        after = found[-1].id
    return wanted


def _take(catalogue: Catalogue, files: Iterable[Filed], wanted: dict[bytes, Unhashed]) -> Hashed:
    """Record the hashes of files whose size and time are unchanged."""
    some: list[tuple[int, bytes]] = []
    count = n_bytes = 0
    for filed in files:
        file = wanted.get(filed.path)
        if file is None or filed.sha256 is None or (file.size, file.mtime_ns) != (filed.size, filed.mtime_ns):
            continue
        some.append((file.id, filed.sha256))
        count, n_bytes = count + 1, n_bytes + filed.size
        if len(some) == _BATCH:
            set_hashes(catalogue, some)
            some = []
    set_hashes(catalogue, some)
    return Hashed(count, n_bytes)
