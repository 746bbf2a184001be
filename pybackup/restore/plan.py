"""Planning a restoration: which entries go where, and what is done with damaged files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from pybackup.archive.archive import Archive
from pybackup.archive.matching import may_match_more, select
from pybackup.archive.selection import Choice, choose
from pybackup.container.signatures import bare_members
from pybackup.errors import NotAnArchive, UsageError
from pybackup.host.joined import Place, open_place
from pybackup.model.display import display
from pybackup.model.entry import Kind
from pybackup.model.extents import Extents
from pybackup.model.listing import Listing
from pybackup.model.problem import Problem
from pybackup.model.soundness import Soundness
from pybackup.tree.place import PlaceOptions

if TYPE_CHECKING:
    from pybackup.mend.mended import MendedArchive

_NOTHING = Extents()
_SOUND = Soundness()


class Policy(Enum):
    """What is done with a damaged file: it is left out, or what is left of it is placed beside its name."""

    WHOLE = auto()
    PARTIAL = auto()


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """How to restore.

    Attributes
    ----------
    strip_components
        So many leading components are cut off each path; entries without more of them are left out.
    workers
        How many processes; None for one per processor, 1 for this one alone.
    keep_partial
        With `Policy.PARTIAL`, place the intact parts of a damaged file as ``NAME.partial``.
    """

    place: PlaceOptions = field(default_factory=PlaceOptions)
    strip_components: int = 0
    workers: int | None = None
    keep_partial: bool = True


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """Exactly what a restoration will do: entries under the paths they get in the target.

    Attributes
    ----------
    everything
        False if only certain entries were asked for, and all of them are known, whatever else is lost.
    doubts
        The doubts of the listing that concern the entries asked for.
    soundness, repaired
        Which bytes of the archive are known to be good or bad, and which were bad and have been repaired; only for
        `Policy.PARTIAL`.
    image_bytes
        The size of the image that is salvaged.
    refusal
        Why the image is no archive; then only members found by their signatures are restored.
    """

    archive: Place
    target: bytes
    entries: Choice
    listing: Listing
    everything: bool
    options: RestoreOptions
    files: int
    n_bytes: int
    doubts: Sequence[Problem] = ()
    policy: Policy = Policy.WHOLE
    soundness: Soundness = _SOUND
    repaired: Extents = _NOTHING
    image_bytes: int = 0
    refusal: NotAnArchive | None = None


def plan_restore(archive: Archive, patterns: Sequence[bytes], target: bytes, options: RestoreOptions) -> RestorePlan:
    """Choose the entries that match, with the directories above them, each to be restored whole or not at all.

    Raises
    ------
    UsageError
        A pattern matches nothing.
    """
    return plan_rows(archive, select(archive.listing, patterns), patterns, target, options)


def plan_rows(
    archive: Archive, rows: Sequence[int], patterns: Sequence[bytes], target: bytes, options: RestoreOptions
) -> RestorePlan:
    """Return the plan for rows of a listing that match the patterns; raises as `plan_restore`."""
    listing = archive.listing
    entries = choose(listing, rows, strip=options.strip_components)
    if options.strip_components:
        _check_distinct(entries)
    if rows and not entries:
        raise UsageError(
            "nothing is left to extract",
            option="strip_components",
            hint=f"cuts {options.strip_components} off each path, and none has more",
        )
    files, n_bytes = _totals(entries)
    doubts = listing.doubts_of(entries.rows)
    everything = not patterns or any(may_match_more(listing, pattern) for pattern in patterns)
    return RestorePlan(archive.place, target, entries, listing, everything, options, files, n_bytes, doubts)


def plan_salvage(archive: MendedArchive, target: bytes, options: RestoreOptions) -> RestorePlan:
    """Return the plan to restore every file of which something is left.

    Raises
    ------
    NotAnArchive
        Nothing in the image belongs to an archive.
    """
    with open_place(archive.place) as file:
        if archive.refusal and not any(bare_members(file)):
            raise archive.refusal
        image_bytes = max((end for _, end in file.stretches), default=0)
    listing = archive.listing
    entries = choose(listing, range(len(listing)))
    files, n_bytes = _totals(entries)
    return RestorePlan(
        archive.place,
        target,
        entries,
        listing,
        True,
        options,
        files,
        n_bytes,
        listing.doubts,
        Policy.PARTIAL,
        archive.soundness,
        archive.repaired,
        image_bytes,
        archive.refusal,
    )


def _totals(entries: Choice) -> tuple[int, int]:
    """Return how many files these are, and their bytes."""
    files = n_bytes = 0
    for stored in entries.of(Kind.FILE):
        files += 1
        n_bytes += stored.entry.size
    return files, n_bytes


def _check_distinct(entries: Choice) -> None:
    """Refuse that two entries get one path when components are cut off; only directories may."""
    seen: dict[bytes, int] = {}
    for row in entries.rows:
        path = entries.path(row)
        other = seen.setdefault(path, row)
        if other != row and not entries.kind(row) == entries.kind(other) == Kind.DIRECTORY:
            both = f"{display(entries.listing.paths[other])} and {display(entries.listing.paths[row])}"
            raise UsageError(
                f"{both} would both become {display(path)}; cut off fewer components, or extract them apart"
            )
