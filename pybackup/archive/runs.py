"""Runs of chains of which archives were found: where the volumes of each are, and opening a run as one archive."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from pybackup.errors import FormatError, UsageError
from pybackup.model.catalogued import Medium, MediumState, Needed
from pybackup.model.display import display
from pybackup.model.listing import Listing
from pybackup.model.restorable import NeededVolume, RestorableRun, where_to_look
from pybackup.model.run import RunMark
from pybackup.model.volume import VolumeKind, ids_of_set
from pybackup.monitor import Monitor

from .ancestry import Mended, ancestry, mended_if_identified, report_unidentified, unidentified
from .find import Volume, find_volumes, look_for
from .holders import needed
from .open import OpenArchive, open_archive

# For how many lost files a note says where else their content is.
_MOST_TOLD = 100


class HeldElsewhere(NamedTuple):
    """A medium that holds a content: the id of the volume, its label, and its file (empty if it is not here)."""

    digest: bytes
    identity: bytes
    label: str
    path: bytes


@dataclass(slots=True)
class Runs:
    """Runs, and where the volumes that they need are.

    Attributes
    ----------
    runs
        The complete runs, in any order.
    files
        The files found of each run, by the id of its archive or set.
    places
        The file that has each volume, by the volume's id.
    media
        The media that the catalogue knows, by the id of the volume.
    patterns
        Other names that were given, which are patterns for entries.
    unclear
        Files that are too damaged to be identified; they may be of any run.
    mended
        See `pybackup.archive.open.open_archive`.
    known
        Called with SHA-256s of contents; returns the media that hold them, by the catalogue.
    """

    runs: Sequence[RestorableRun]
    files: dict[bytes, list[bytes]] = field(default_factory=dict)
    places: dict[bytes, bytes] = field(default_factory=dict)
    media: Mapping[bytes, Sequence[Medium]] = field(default_factory=dict)
    patterns: Sequence[bytes] = ()
    unclear: Sequence[bytes] = ()
    mended: Mended | None = None
    known: Callable[[Collection[bytes]], Sequence[HeldElsewhere]] | None = None

    @property
    def at_hand(self) -> list[bytes]:
        """All files that have volumes."""
        files = (path for several in self.files.values() for path in several)
        return [*dict.fromkeys([*files, *self.places.values()])]

    def known_to_hold(self, digests: Collection[bytes]) -> list[bytes]:
        """Return the files found here that hold contents, by the catalogue, whatever runs they are of."""
        return [*dict.fromkeys(held.path for held in self.known(digests) if held.path)] if self.known else []

    def tell_where_else(self, run: RestorableRun, listing: Listing, lost: Collection[bytes], monitor: Monitor) -> None:
        """Note which other media hold the content of a run's lost files, by the catalogue."""
        if not lost or self.known is None:
            return
        rows = [row for row, path in enumerate(listing.paths) if path in lost][:_MOST_TOLD]
        contents = {digest: listing.paths[row] for row in rows if (digest := listing.stored(row).digest)}
        labels: dict[bytes, list[str]] = {}
        own = run.ids | {need.identity for need in run.needs}
        for held in self.known(contents.keys()):
            if held.identity not in own:
                labels.setdefault(held.digest, []).append(held.label)
        for digest, path in contents.items():
            if digest in labels:
                monitor.note(f"{display(path)}: the same content is on {', '.join(dict.fromkeys(labels[digest]))}")

    def open(self, run: RestorableRun, monitor: Monitor) -> OpenArchive:
        """Open the archive of a run together with those archives it builds on that were found.

        Raises
        ------
        UsageError
            Nothing of the run's own archive was found.
        """
        own = self.files.get(run.archive, [])
        if not own:
            names = ", ".join(dict.fromkeys(each.label for each in self.where(run.volumes[-1:])))
            raise UsageError(f"{names}: is not at hand, but has the list of all files")
        # With recovery volumes of earlier sets, and files that are too damaged to be identified.
        before = [path for other in self.runs if run.builds_on(other) for path in self.files.get(other.archive, ())]
        earlier = [path for need in run.needs if (path := self.places.get(need.identity))]
        first, *more = dict.fromkeys([*own, *earlier, *before, *self.unclear])
        return open_archive(first, more, with_earlier=True, mended=self.mended, monitor=monitor)

    def where(self, needs: Sequence[Needed]) -> list[NeededVolume]:
        """Return where these volumes are, in the order in which discs are best inserted.

        A volume that recovery volumes can restore is not listed if these, and the other volumes of its set, are at
        hand; a volume on lost media only is replaced by them in any case.
        """
        rebuilt, instead = self._rebuilt([need.identity for need in needs])
        known = {need.identity for need in needs}
        more = [need for need in instead if need.identity not in known]
        return where_to_look([*needs, *more], self.places, self.media, rebuilt)

    def _rebuilt(self, wanted: Collection[bytes]) -> tuple[set[bytes], list[Needed]]:
        """Return which volumes can be restored by recovery volumes, and the volumes needed for that."""
        rebuilt: set[bytes] = set()
        instead: list[Needed] = []
        known = {need.identity: need for run in self.runs for need in (*run.volumes, *run.needs)}
        if self.places.keys() >= set(wanted):
            return rebuilt, instead
        for run in self.runs:
            if run.archive in run.ids:
                continue  # an archive of its own
            own = ids_of_set(run.archive, VolumeKind.DATA) & {*known, *wanted}
            spare = ids_of_set(run.archive, VolumeKind.RECOVERY) & (self.places.keys() | self.media.keys())
            away = own - self.places.keys()
            at_hand = spare & self.places.keys()
            gone = {identity for identity in away if self._is_lost(identity)}
            left = sorted(spare - {each for each in spare if self._is_lost(each)}, key=lambda each: each not in at_hand)
            lost = away if len(away) <= len(at_hand) else gone if len(gone) <= len(left) else set()
            if lost.intersection(wanted):
                rebuilt |= lost
                reads = [*left[: len(lost)], *sorted(own - lost)]
                instead += [Needed(each, self._label_of(each, known), 0, 0) for each in reads]
        return rebuilt, instead

    def _label_of(self, identity: bytes, known: Mapping[bytes, Needed]) -> str:
        if identity in known:
            return known[identity].label
        media = self.media.get(identity)
        return media[0].volume.name if media else os.fsdecode(os.path.basename(self.places[identity]))

    def _is_lost(self, identity: bytes) -> bool:
        """Return whether a volume is not at hand, and on no known medium."""
        media = self.media.get(identity, ())
        return identity not in self.places and all(each.state is MediumState.LOST for each in media)

    def needs_of(self, archive: OpenArchive, rows: Sequence[int]) -> list[NeededVolume]:
        """Return where the volumes are that hold the content of some rows."""
        return self.where(needed(archive, rows))

    def take(self, run: RestorableRun, identity: bytes, path: bytes) -> bool:
        """Add a file, an image or a device to what was found, and return whether it has the volume of an id."""
        found = [volume.listing.archive_id for volume in find_volumes([path]).volumes]
        if identity not in found:
            return False
        self.places[identity] = path
        for each in self.runs:
            is_spare = each.archive not in each.ids and identity in ids_of_set(each.archive, VolumeKind.RECOVERY)
            if is_spare or (each.archive == run.archive and identity in run.ids):
                self.files.setdefault(each.archive, []).append(path)
        return True


def runs_among(named: Sequence[bytes], monitor: Monitor, mended: Mended | None = None) -> Runs:
    """Return the runs to which archives and volumes belong; other names are left in ``patterns``.

    Parameters
    ----------
    mended
        See `pybackup.archive.open.open_archive`.

    Raises
    ------
    UsageError, EnvironmentFailed
        The first name is no file, is a directory without archives, or cannot be read.
    """
    files, patterns = [*find_volumes(named[:1], monitor=monitor).files], []
    for path in named[1:]:
        found = look_for(path, monitor)
        if found is None:
            patterns.append(path)
        else:
            files += found.files
    dark = unidentified(files)
    if mended and any(file.volumes for file in files):
        files = [mended_if_identified(file, mended) if file in dark else file for file in files]
    volumes = [volume for file in files for volume in file.volumes]
    unclear = [file.path for file in files if not file.volumes]
    if volumes:
        report_unidentified(files, monitor)
    else:
        # Nothing can be identified, so this is one run without a time; opening it shows what is left.
        return Runs([RestorableRun(b"", None, (), ())], {b"": [named[0]]}, patterns=patterns, mended=mended)
    groups: dict[bytes, list[Volume]] = {}
    for volume in volumes:
        groups.setdefault(volume.info.set_id if volume.info else volume.listing.archive_id, []).append(volume)
    return Runs(
        [_run_at_hand(archive, group) for archive, group in groups.items()],
        {archive: [volume.path for volume in group] for archive, group in groups.items()},
        {volume.listing.archive_id: volume.path for volume in reversed(volumes)},
        patterns=patterns,
        unclear=unclear,
        mended=mended,
    )


def _run_at_hand(archive: bytes, volumes: Sequence[Volume]) -> RestorableRun:
    mark = None
    with suppress(FormatError):
        mark = RunMark.of_settings(volumes[0].listing.settings)
    own = {
        volume.listing.archive_id: Needed(volume.listing.archive_id, volume.name, 0, 0) for volume in reversed(volumes)
    }
    told = (ancestry(volume.listing.settings) for volume in volumes)
    before = next((one.volumes for one in told if one), ())
    needs = tuple(Needed(earlier.archive_id, earlier.label, 0, 0) for earlier in before)
    return RestorableRun(archive, mark, tuple(own.values()), needs)
