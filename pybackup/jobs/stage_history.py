"""The history of a stage as discs carry it: all discs with their files, and the watched files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from pybackup.archive.covered import name_of_archives
from pybackup.disc.series import DiscSeries
from pybackup.host.mounts import identity_of
from pybackup.layout.recovery import SUFFIX
from pybackup.media.texts import IndexLine
from pybackup.model.carried import Carried, CarriedMedium, CarriedVolume
from pybackup.model.catalogued import MediumState, MediumType, NewVolume, VolumeSort
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.stage.state import StageState
from pybackup.stage.values import DiscState, StagedDisc

IMAGES, LABELS = b"images", b"labels"


def history_of(state: StageState, now_ns: int, *, watched: bool = True, files_of: int = 0) -> Iterator[Carried]:
    """Yield all discs that have an archive, and the watched directory.

    Parameters
    ----------
    watched
        Whether to yield the watched directory.
    files_of
        Discs with a smaller number are yielded without their files.
    """
    for disc in state.discs():
        if disc.archive_id:
            yield _disc(state, disc, now_ns, is_short=disc.number < files_of)
    if watched:
        settings = state.settings
        files, n_bytes = state.count_files()
        name = f"{settings.name}, watched"
        new = NewVolume(
            identity_of(settings.watched), VolumeSort.TREE, name, n_bytes=n_bytes, entries=files,
            description=os.fsencode(settings.watched).decode(errors="backslashreplace"),
        )  # fmt: skip
        on = CarriedMedium(name, MediumType.DIRECTORY, location=settings.watched, added_ns=now_ns)
        yield Carried(CarriedVolume(new, now_ns, (on,)), _watched(state))


def _disc(state: StageState, disc: StagedDisc, now_ns: int, *, is_short: bool) -> Carried:
    added = disc.closed_ns or now_ns
    covered = state.covers().get(disc.number, ())
    sort = VolumeSort.RECOVERY if covered else VolumeSort.ARCHIVE
    new = NewVolume(
        disc.archive_id, sort, disc.name, b"" if is_short and not covered else disc.listing,
        entries=0 if is_short else disc.files, info=_set_of(state, disc, covered),
        covers=tuple(state.disc(number).archive_id for number in covered),
    )  # fmt: skip
    is_lost = disc.state is DiscState.LOST
    on = CarriedMedium(
        disc.name,
        MediumType.DISC,
        MediumState.LOST if is_lost else MediumState.OK,
        added_ns=added,
        seen_ns=disc.checked_ns if disc.state is DiscState.BURNT else None,
        checked_ns=disc.checked_ns if disc.state is DiscState.BURNT else None,
        changed_ns=added if is_lost else None,
    )
    rows: Iterable[Filed] = () if is_short else _filed(state, disc.number)
    return Carried(CarriedVolume(new, added, (on,)), rows)


def _set_of(state: StageState, disc: StagedDisc, covered: Sequence[int]) -> VolumeInfo | None:
    """Return which volume of which set the archive of a disc is; None if it is alone."""
    if not disc.set_id:
        return None
    if covered:
        names = [os.fsencode(state.settings.disc_name(number)) + SUFFIX for number in (covered[0], covered[-1])]
        return VolumeInfo(disc.set_id, name_of_archives(*names), disc.volume, VolumeKind.RECOVERY)
    name = state.settings.disc_name(disc.number - disc.volume + 1)
    return VolumeInfo(disc.set_id, name, disc.volume, last=disc.is_last)


def _filed(state: StageState, disc: int) -> Iterator[Filed]:
    for copy in state.copies(disc):
        sha256 = copy.sha256 if copy.kind == Kind.FILE else None
        yield Filed(
            copy.path, copy.kind, copy.size, copy.mtime_ns, copy.mode, sha256, False,
            copy.first_part, copy.parts_here, copy.parts,
        )  # fmt: skip


def _watched(state: StageState) -> Iterator[Filed]:
    for path, known in state.watched_files():
        if state.sound_copy(known.sha256) is None:  # a link: the hash is of where it leads
            yield Filed(path, int(Kind.SYMLINK), 0, known.mtime_ns, 0o777)
        else:
            yield Filed(path, int(Kind.FILE), known.size, known.mtime_ns, 0o644, known.sha256)


def series_of(state: StageState, disc: StagedDisc) -> DiscSeries:
    """Return what README.TXT and INDEX.TXT.gz of a disc say about the other discs."""
    return DiscSeries(state.settings.name, disc.name, disc.number, _Lines(state, disc.number))


class _Lines:
    """The lines of INDEX.TXT.gz, the newest disc first; they can be gone through several times."""

    def __init__(self, state: StageState, number: int) -> None:
        self._state, self._number = state, number

    def __iter__(self) -> Iterator[IndexLine]:
        for number in range(self._number, 0, -1):
            for copy in self._state.copies(number):
                yield IndexLine(copy.path, copy.size, copy.mtime_ns, str(number))
