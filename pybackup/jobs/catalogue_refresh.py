"""Writing the volumes of worn media again, whole, so that they can be burnt on fresh ones."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from pybackup.archive.find import FoundFile, find_volumes, look_into
from pybackup.archive.suffixes import IMAGE_SUFFIX, OWN_SUFFIX
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.loss import loss_of
from pybackup.catalogue.media import is_gone, media
from pybackup.catalogue.refresh import Refreshed, RefreshOutcome, Worn
from pybackup.check.verify import verify
from pybackup.disc.names import DiscNames, name_of_volume
from pybackup.errors import Damaged, FormatError, UsageError
from pybackup.host.environment import environment, make_directory
from pybackup.host.output import Output
from pybackup.host.readers import Readers
from pybackup.host.storage import ArchiveFile
from pybackup.mend.alike import Alike, once, sort_out
from pybackup.mend.health import State
from pybackup.model.catalogued import Medium, VolumeSort
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor, Silent

from .repair import repair

_COPY_BYTES = 1 << 20


def refresh(
    catalogue: Catalogue,
    plan: Iterable[Worn],
    given: Sequence[bytes],
    directory: bytes,
    *,
    work_dir: bytes | None = None,
    overwrite: bool = False,
    monitor: Monitor,
) -> list[Refreshed]:
    """Write each volume that is still needed again: an image if an image or a disc was given, else the archive.

    All copies of a volume that were given are merged, and mended by its parity. One that cannot be written whole is a
    problem, and not written. One that an earlier run has written is kept.

    Parameters
    ----------
    given
        Drives, images, archives, directories of these; files whose location the catalogue knows are taken as well.
    directory
        The directory for the volumes; made if there is none.
    overwrite
        Replace files of the same names in it.

    Raises
    ------
    UsageError
        Something given does not exist.
    Exists
        A file that would be written exists.
    EnvironmentFailed
        A file cannot be written.
    """
    needed = [worn for worn in plan if worn.is_needed]
    on: dict[int, list[Medium]] = {}
    for known in media(catalogue):
        if not is_gone(known):
            on.setdefault(known.volume.id, []).append(known)
    known_places = [known.location for worn in needed for known in on.get(worn.volume.id, ())]
    places = [*given, *filter(os.path.isfile, known_places)]
    if needed and not places:
        raise UsageError("none of these media is at hand: say where a disc, an image or a file of them is")
    with environment(directory):
        make_directory(directory)
        groups, _ = sort_out(once(find_volumes(places, thorough=True, monitor=monitor).files))
        writer = _Writer(catalogue, directory, work_dir, overwrite, monitor)
        return [
            writer.write(worn, [one for one in groups if one.archive_id == worn.volume.identity], on) for worn in needed
        ]


class _Writer:
    """Writes volumes of worn media into a directory."""

    def __init__(
        self, catalogue: Catalogue, directory: bytes, work_dir: bytes | None, overwrite: bool, monitor: Monitor
    ) -> None:
        self._catalogue = catalogue
        self._directory, self._work_dir, self._overwrite, self._monitor = directory, work_dir, overwrite, monitor
        self._names = DiscNames()

    def write(self, worn: Worn, groups: Sequence[Alike], on: Mapping[int, Sequence[Medium]]) -> Refreshed:
        """Write a volume from the first group of its copies that suffices; ``on`` has all media by id of the volume."""
        held = worn.volume
        named = {each.id for each, _ in worn.media}
        others = [each for each in on.get(held.id, ()) if each.id not in named]
        if held.sort not in (VolumeSort.ARCHIVE, VolumeSort.RECOVERY):
            return self._left(worn, RefreshOutcome.FOREIGN, others, "not an archive: copy its files, or archive them")
        stem = self._names.take(name_of_volume(os.fsencode(held.name), held.info)).encode()
        # Images first: they have the other files of the disc, too.
        for group in sorted(groups, key=lambda each: not each.is_image):
            path = os.path.join(self._directory, stem + (IMAGE_SUFFIX if group.is_image else OWN_SUFFIX))
            if self._is_there(path, held.identity) or self._is_written(group, path):
                return Refreshed(worn, RefreshOutcome.WRITTEN, path, others)
        if groups:
            return self._left(worn, RefreshOutcome.BEYOND, others, "all copies of it that were given are beyond repair")
        return self._left(worn, RefreshOutcome.MISSING, others, "no copy of it was given")

    def _left(self, worn: Worn, outcome: RefreshOutcome, others: Sequence[Medium], reason: str) -> Refreshed:
        medium = worn.media[0][0]
        self._monitor.problem(Problem(os.fsencode(medium.label), Trouble.LOST, reason))
        return Refreshed(worn, outcome, None, others, loss_of(self._catalogue, medium, details=False).by)

    def _is_there(self, path: bytes, identity: bytes) -> bool:
        """Return whether an earlier run has written the volume."""
        if self._overwrite or not os.path.isfile(path):
            return False
        found = look_into(path, is_meant=False)
        return any(volume.listing.archive_id == identity for volume in found.volumes) and _is_intact(path, found)

    def _is_written(self, group: Alike, path: bytes) -> bool:
        """Merge copies of a volume into a file, and return whether that is complete."""
        options: dict[str, Any] = {"work_dir": self._work_dir, "overwrite": self._overwrite}
        try:
            return repair(group.paths, path, keep_partial=False, **options, monitor=self._monitor).complete
        except Damaged:  # without parity there are no checksums by which copies are merged
            return any(self._copied(each, path) for each in group.paths)

    def _copied(self, source: bytes, path: bytes) -> bool:
        """Copy a file, and return whether all that is archived in the copy is intact."""
        readers = Readers.of([source])
        output = Output(path, work_dir=self._work_dir, replace=self._overwrite, readers=readers)
        with ArchiveFile(source) as file, output:
            for start in range(0, file.size, _COPY_BYTES):
                output.write(file.read_what_is_left(start, min(_COPY_BYTES, file.size - start)))
            output.sync()
            if is_intact := _is_intact(output.temporary):
                output.publish()
        return is_intact


def _is_intact(path: bytes, looked_into: FoundFile | None = None) -> bool:
    with suppress(FormatError):
        return verify(path, looked_into, deep=True, monitor=Silent(Monitor())).state is State.INTACT
    return False
