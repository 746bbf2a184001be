"""Runs of which something is at hand: where what each lies on is, and each opened as one archive."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from pybackup.errors import FormatError, UsageError
from pybackup.model.display import display
from pybackup.model.filed import Medium, Needed
from pybackup.model.listing import Listing
from pybackup.model.restorable import NeededVolume, RestorableRun, where_to_look
from pybackup.model.run import RunMark
from pybackup.monitor import Monitor

from .ancestry import Mended, ancestry, tell_of_untold, told_when_mended, untold
from .find import Volume, find_volumes, look_for
from .holders import needed
from .open import OpenArchive, open_archive

# Lost files of which it is said where else their content lies.
_MOST_TOLD = 100


class HeldElsewhere(NamedTuple):
    """A medium that holds a content: the id of the volume, the label, the file that is at hand (empty for none)."""

    digest: bytes
    identity: bytes
    label: str
    path: bytes


@dataclass(slots=True)
class Runs:
    """Runs, and where what they lie on is.

    Attributes
    ----------
    runs
        In no order that matters; those that are not complete are left out.
    files
        What is at hand of each run, by the id of its archive or set.
    places
        The file in which each volume is, by its id.
    media
        What the catalogue knows of, by the id of the volume.
    patterns
        What was named besides.
    unclear
        Files that are damaged too much to tell what they are: they may be of any run.
    mended
        See `pybackup.archive.open.open_archive`.
    known
        Tells, for contents by SHA-256, which of them lies where else: the label, and the file that is at hand, if any.
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
        """All files in which volumes are."""
        files = (path for several in self.files.values() for path in several)
        return [*dict.fromkeys([*files, *self.places.values()])]

    def known_to_hold(self, digests: Collection[bytes]) -> list[bytes]:
        """Return files that are at hand, and that are known to hold contents, whatever runs they are of."""
        return [*dict.fromkeys(held.path for held in self.known(digests) if held.path)] if self.known else []

    def tell_where_else(self, run: RestorableRun, listing: Listing, lost: Collection[bytes], monitor: Monitor) -> None:
        """Note which other media are known to hold the content of files that are lost of a run."""
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
        """Open the archive of a run, with what is at hand of all that it builds on.

        Raises
        ------
        UsageError
            Nothing of its own is at hand.
        """
        own = self.files.get(run.archive, [])
        if not own:
            names = ", ".join(dict.fromkeys(each.label for each in self.where(run.volumes[-1:])))
            raise UsageError(f"{names}: is not at hand, and tells where all else lies")
        # With recovery volumes of earlier sets, and whatever is damaged too much to tell what it is.
        before = [path for other in self.runs if run.builds_on(other) for path in self.files.get(other.archive, ())]
        earlier = [path for need in run.needs if (path := self.places.get(need.identity))]
        first, *more = dict.fromkeys([*own, *earlier, *before, *self.unclear])
        return open_archive(first, more, with_earlier=True, mended=self.mended, monitor=monitor)

    def where(self, needs: Sequence[Needed]) -> list[NeededVolume]:
        """Return where volumes are, in the order to take them."""
        return where_to_look(needs, self.places, self.media)

    def needs_of(self, archive: OpenArchive, rows: Sequence[int]) -> list[NeededVolume]:
        """Return where the content of rows of an open archive is."""
        return self.where(needed(archive, rows))

    def take(self, run: RestorableRun, identity: bytes, path: bytes) -> bool:
        """Take in a file, an image or a device, and return whether the volume of that id is in it."""
        found = [volume.listing.archive_id for volume in find_volumes([path]).volumes]
        if identity not in found:
            return False
        self.places[identity] = path
        if identity in run.ids:
            self.files.setdefault(run.archive, []).append(path)
        return True


def runs_among(named: Sequence[bytes], monitor: Monitor, mended: Mended | None = None) -> Runs:
    """Return the runs that archives and volumes are, and what is named besides them.

    Parameters
    ----------
    mended
        Is given what is damaged too much to tell which run it is.

    Raises
    ------
    UsageError, EnvironmentFailed
        The first does not exist, or is a directory without archives, or cannot be read.
    """
    files, patterns = [*find_volumes(named[:1], monitor=monitor).files], []
    for path in named[1:]:
        found = look_for(path, monitor)
        if found is None:
            patterns.append(path)
        else:
            files += found.files
    dark = untold(files)
    if mended and any(file.volumes for file in files):
        files = [told_when_mended(file, mended) if file in dark else file for file in files]
    volumes = [volume for file in files for volume in file.volumes]
    unclear = [file.path for file in files if not file.volumes]
    if volumes:
        tell_of_untold(files, monitor)
    else:
        # Nothing tells what it is: whoever opens it finds out what is left.
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
