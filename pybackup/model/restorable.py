"""Runs that may be restored, by what is known of them: which volumes they are made of, and on which they build."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pybackup.errors import UsageError

from .catalogued import Medium, MediumState, Needed
from .run import RunMark


@dataclass(frozen=True, slots=True)
class RestorableRun:
    """A run: an archive, or a set.

    Attributes
    ----------
    archive
        Id of the archive or set.
    mark
        When it was; None for an archive that does not say so.
    volumes
        The archive, or the volumes of the set that are known.
    needs
        What it builds on; the numbers of files may be 0 where nobody counted them.
    """

    archive: bytes
    mark: RunMark | None
    volumes: tuple[Needed, ...]
    needs: tuple[Needed, ...]

    @property
    def ids(self) -> set[bytes]:
        """Ids of its own volumes."""
        return {each.identity for each in self.volumes}

    def builds_on(self, other: RestorableRun) -> bool:
        """Whether another run is one of those that it builds on."""
        return not other.ids.isdisjoint(need.identity for need in self.needs)


@dataclass(frozen=True, slots=True)
class NeededVolume:
    """A volume that something wanted lies on, and where that is.

    Attributes
    ----------
    path
        A file, an image or a device that holds it, at hand; empty for none.
    media
        All that are known to hold it, the one to take first.
    is_rebuilt
        It comes back by recovery volumes of its set, so that nobody needs to fetch it.
    """

    needed: Needed
    path: bytes
    media: tuple[Medium, ...]
    is_rebuilt: bool = False

    @property
    def label(self) -> str:
        """What to ask for: the medium to take, else what the volume was called."""
        return self.media[0].label if self.media else self.needed.label

    @property
    def state(self) -> str:
        """``at hand``, ``rebuilt``, the state of the medium to take, or ``unknown``."""
        if self.path:
            return "at hand"
        if self.is_rebuilt:
            return "rebuilt"
        return self.media[0].state.value if self.media else "unknown"


def newest_until(runs: Sequence[RestorableRun], at_ns: int | None, *, oldest: bool = False) -> RestorableRun:
    """Return the newest run that was not later than a time; None for the newest of all.

    Raises
    ------
    UsageError
        There is none; or one of several does not say when it was.
    """
    if at_ns is None and not oldest:
        # Of those that say no time, the one that builds on all the others is the last.
        heads = [run for run in runs if all(run is other or run.builds_on(other) for other in runs)]
        if len(heads) == 1:
            return heads[0]
    timeless = next((run for run in runs if run.mark is None), None)
    if timeless is not None:
        name = timeless.volumes[0].label if timeless.volumes else "an archive"
        raise UsageError(f"{name} says nothing of when it was made, being of no chain: name what to restore alone")
    if len({run.mark.chain for run in runs if run.mark}) > 1:
        raise UsageError("these archives are of several chains: name those of one")
    times = [(run.mark.at_ns, number) for number, run in enumerate(runs) if run.mark]
    fitting = times if at_ns is None else [each for each in times if each[0] <= at_ns]
    if not fitting:
        raise UsageError("no run was as early as that", option="at", hint="oldest is the first run there is")
    return runs[(min if oldest else max)(fitting)[1]]


def where_to_look(
    needs: Sequence[Needed],
    places: Mapping[bytes, bytes],
    media: Mapping[bytes, Sequence[Medium]],
    rebuilt: Collection[bytes] = (),
) -> list[NeededVolume]:
    """Return where volumes are, in the order to take them: what is at hand, then sound media, then all others.

    Parameters
    ----------
    places
        Files that are at hand, by the id of the volume.
    media
        What the catalogue knows of, by that id.
    rebuilt
        Ids of volumes that recovery volumes bring back.
    """
    found = [
        NeededVolume(
            need,
            places.get(need.identity, b""),
            tuple(sorted(media.get(need.identity, ()), key=_by_worth)),
            need.identity in rebuilt,
        )
        for need in needs
    ]
    return sorted(found, key=_in_order)


def _in_order(each: NeededVolume) -> tuple[bool, bool, tuple[int, bool]]:
    """What is at hand, then what is to be fetched, the soundest first, and last what nobody fetches."""
    return not each.path, each.is_rebuilt, _by_worth(each.media[0])[:2] if each.media else (1, False)


_WORTH = {MediumState.OK: 0, MediumState.RETIRED: 1, MediumState.SUSPECT: 2, MediumState.LOST: 3}


def _by_worth(medium: Medium) -> tuple[int, bool, int]:
    """A sound medium before others, one that was seen before one that was not, the one that was checked last."""
    return _WORTH[medium.state], medium.seen_ns is None, -(medium.checked_ns or 0)
