"""Planning a restoration: which entries go where, and what becomes of a file that is not whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from pybackup.archive.archive import Archive
from pybackup.archive.matching import may_match_more, select
from pybackup.archive.selection import Choice, choose
from pybackup.container.read import open_listing, read_locator
from pybackup.container.relocate import relocate
from pybackup.container.signatures import bare_members
from pybackup.errors import NotAnArchive, UsageError
from pybackup.host.joined import Place, open_place
from pybackup.host.storage import ArchiveFile
from pybackup.model.display import display
from pybackup.model.entry import Kind
from pybackup.model.extents import Extents
from pybackup.model.listing import FoundRows, Listing, Way
from pybackup.model.problem import Problem
from pybackup.model.soundness import Soundness
from pybackup.tree.place import PlaceOptions

_NOTHING = Extents()
_SOUND = Soundness()


class Policy(Enum):
    """What becomes of a file that is not whole: nothing; or what is left of it stands beside its name."""

    WHOLE = auto()
    PARTIAL = auto()


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """How to restore.

    Attributes
    ----------
    strip_components
        So many leading components are cut off each path; what has no more of them is left out.
    workers
        Processes; None for one a processor, 1 for none beside this one.
    keep_partial
        By `Policy.PARTIAL`, place what is right of a file that is not whole, as ``NAME.partial``.
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
        False where what was asked for is all there, whatever else of the archive is lost.
    doubts
        Those of the listing that concern what was asked for.
    soundness, repaired
        What is known of the bytes of the archive, and which of them were bad and have been put right; of use by
        `Policy.PARTIAL` only.
    image_bytes
        Length of what is salvaged.
    refusal
        Why the image is no archive: then there is nothing but what bare signatures lead to.
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
    paths = {listing.paths[row] for row in entries.rows} if listing.doubts else set()
    doubts = [doubt for doubt in listing.doubts if doubt.path in paths]
    everything = not patterns or any(may_match_more(listing, pattern) for pattern in patterns)
    return RestorePlan(archive.place, target, entries, listing, everything, options, files, n_bytes, doubts)


def plan_salvage(
    image: Place,
    target: bytes,
    *,
    listing: Listing | None = None,
    soundness: Soundness,
    repaired: Extents,
    options: RestoreOptions,
) -> RestorePlan:
    """Plan to place every file of which something is left in ``image``.

    Parameters
    ----------
    listing
        What is in it, where that is known already: of a set.
    soundness
        What is known of the bytes of the image.
    repaired
        Byte ranges that were damaged, and have been put right.

    Raises
    ------
    NotAnArchive
        Nothing in the image belongs to an archive.
    """
    refusal = None
    with open_place(image) as file:
        if listing is None:
            listing, refusal = _listing(file, soundness)
        elif not soundness.is_proved:
            listing = relocate(file, listing)
        if refusal and not any(bare_members(file)):
            raise refusal
        image_bytes = file.size
    entries = choose(listing, range(len(listing)))
    files, n_bytes = _totals(entries)
    return RestorePlan(
        image,
        target,
        entries,
        listing,
        True,
        options,
        files,
        n_bytes,
        listing.doubts,
        Policy.PARTIAL,
        soundness,
        repaired,
        image_bytes,
        refusal,
    )


def _listing(file: ArchiveFile, soundness: Soundness) -> tuple[Listing, NotAnArchive | None]:
    """What the image holds, nothing if it is no archive, and why it is none."""
    try:
        listing = open_listing(file)
    except NotAnArchive as error:
        return Listing((), FoundRows(()), Way.HEADERS, b"", None), error
    # Where checksums vouch for an archive from its first byte on, its members are where it says.
    in_place = soundness.is_proved and read_locator(file) is not None
    return (listing if in_place else relocate(file, listing)), None


def _totals(entries: Choice) -> tuple[int, int]:
    """How many files these are, and their bytes."""
    files = n_bytes = 0
    for stored in entries.of(Kind.FILE):
        files += 1
        n_bytes += stored.entry.size
    return files, n_bytes


def _check_distinct(entries: Choice) -> None:
    """Refuse that two entries get one path, when components are cut off; directories may become one."""
    seen: dict[bytes, int] = {}
    for row in entries.rows:
        path = entries.path(row)
        other = seen.setdefault(path, row)
        if other != row and not entries.kind(row) == entries.kind(other) == Kind.DIRECTORY:
            both = f"{display(entries.listing.paths[other])} and {display(entries.listing.paths[row])}"
            raise UsageError(
                f"{both} would both become {display(path)}; cut off fewer components, or extract them apart"
            )
