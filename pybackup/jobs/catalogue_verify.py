"""Verifying a medium, or a live directory, by the hashes in the catalogue."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pybackup.archive.find import find_volumes
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.find import files_of
from pybackup.catalogue.health import add_health
from pybackup.errors import UsageError
from pybackup.model.catalogued import Medium, MediumCheck, VolumeSort
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed, filed_of
from pybackup.monitor import Monitor

from .catalogue_compare import VerifiedByCatalogue, compare_files, judge_file, tell_difference
from .catalogue_look import looker
from .catalogue_tree import form_at
from .verify import Verification

_WITH_CONTENT = (Kind.FILE, Kind.HARDLINK)
_SOUND, _BEYOND = "intact", "beyond"


def compare_directory(
    catalogue: Catalogue, media: Sequence[Medium], directory: bytes, monitor: Monitor
) -> VerifiedByCatalogue:
    """Compare a directory with the files of media; each difference is a problem. Files on none of them are ignored.

    The directory corresponds to the top of the media, as after extracting to it. If their top is a single directory
    that the given one does not contain, it corresponds to that.
    """
    tops = {filed.path.partition(b"/")[0] for filed in _files(catalogue, media)}
    only = len(tops) == 1 and not os.path.lexists(os.path.join(directory, min(tops)))

    def place(path: bytes) -> bytes:
        return os.path.join(directory, path.partition(b"/")[2] if only else path)

    done = VerifiedByCatalogue()
    monitor.begin("compare", sum(known.volume.files for known in media), 0)
    compare_files(_once(_files(catalogue, media)), place, done, monitor)
    monitor.end()
    return done


def verify_medium(catalogue: Catalogue, medium: Medium, where: bytes, monitor: Monitor) -> VerifiedByCatalogue:
    """Read all of a medium, compare it with the catalogue, and add the result to its history.

    In a directory, a file that was changed since is a problem, but no damage. It is damaged if its content differs,
    while its size and time are those in the catalogue.

    Parameters
    ----------
    where
        The archive, image, drive or directory that is the medium.

    Raises
    ------
    UsageError
        It is another medium.
    """
    if medium.volume.sort.is_written_once:
        done = _verify_archive(catalogue, medium, where, monitor)
    elif os.path.isdir(where):
        done = VerifiedByCatalogue(_SOUND)
        monitor.begin("verify", medium.volume.files, 0)
        compare_files(
            _files(catalogue, [medium]), lambda path: os.path.join(where, path), done, monitor, is_medium=True
        )
        monitor.end()
    else:
        done = _verify_image(catalogue, medium, where, monitor)
    damaged = {"content", "unreadable"} | ({"missing"} if medium.volume.sort is VolumeSort.IMAGE else set())
    if any(how in damaged for _, how in done.differences):
        done.state = _BEYOND
    add_health(
        catalogue, medium.id, MediumCheck(time.time_ns(), done.state, means=f"catalogue verify {os.fsdecode(where)}")
    )
    return done


def _verify_archive(catalogue: Catalogue, medium: Medium, where: bytes, monitor: Monitor) -> VerifiedByCatalogue:
    """Compare all contents with the archive's own index, and that with the catalogue."""
    found = find_volumes([where])
    volume = next((each for each in found.volumes if each.listing.archive_id == medium.volume.identity), None)
    if volume is None and (found.volumes or os.path.isdir(where)):
        raise UsageError(f"{os.fsdecode(where)}: not the medium {medium.label}, but another one")
    (verified,) = Verification([volume.path if volume else where], deep=True, monitor=monitor).each()
    verdict = verified.verdict
    assert verdict is not None  # errors of a single archive are raised
    done = VerifiedByCatalogue(verdict.state, verdict.files, verdict.n_bytes)
    if volume is None:
        return done
    known = {filed.path: filed.sha256 for filed in _files(catalogue, [medium])}
    for filed in filed_of(volume.listing.rows, volume.listing.paths):
        # Only the last volume of a file in parts has the hash of the whole file.
        if filed.kind == Kind.FILE and filed.sha256 is not None and not filed.parts:
            entered = known.get(filed.path)
            done.unknown += entered is None
            if entered is not None and entered != filed.sha256:
                tell_difference(filed.path, "content", done, monitor)
    return done


def _verify_image(catalogue: Catalogue, medium: Medium, where: bytes, monitor: Monitor) -> VerifiedByCatalogue:
    form = form_at(where)
    if form is None:
        raise UsageError(f"{os.fsdecode(where)}: neither a directory nor an image that can be read")
    done = VerifiedByCatalogue(_SOUND)
    monitor.begin("verify", medium.volume.files, 0)
    with looker(hashed=True, depth=0, monitor=monitor) as look:
        there: Mapping[bytes, Filed] = {
            filed.path: filed for filed in look.inside(where, form, os.path.basename(where), medium=True)
        }
    for filed in _files(catalogue, [medium]):
        found = there.get(filed.path)
        if found is None:
            tell_difference(filed.path, "missing", done, monitor)
        else:
            judge_file(filed, found.size, found.mtime_ns, found.sha256, done, monitor, is_medium=True)
        monitor.advance(1, filed.size)
    monitor.end()
    return done


def _files(catalogue: Catalogue, media: Sequence[Medium]) -> Iterator[Filed]:
    """Yield the files of media, without those inside of other programs' archives, which are as sound as the archive."""
    for found in files_of(catalogue, [known.volume for known in media]):
        if found.filed.kind in _WITH_CONTENT and not found.filed.nested:
            yield found.filed


def _once(files: Iterable[Filed]) -> Iterator[Filed]:
    """Yield each file that is divided over volumes only once."""
    seen: set[bytes] = set()
    for filed in files:
        if not filed.parts:
            yield filed
        elif filed.path not in seen:
            seen.add(filed.path)
            yield filed
