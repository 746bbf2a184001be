"""Printable labels that tell what is on each disc."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pybackup.errors import Exists, FormatError, UsageError
from pybackup.host.check_outputs import check_outputs
from pybackup.host.output import Output
from pybackup.host.readers import Readers
from pybackup.media.label import Label, case_label, disc_label
from pybackup.media.texts import date_of
from pybackup.model.display import display
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing
from pybackup.model.problem import Problem, Trouble
from pybackup.model.size import humane_bytes
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.monitor import Monitor

from .names import DiscNames
from .volume import DiscVolume, open_volume

_NAMED = 14
_HINT = (
    "README.TXT tells how to read this disc",
    "It reads badly? Do not try again and again, but",
    "ddrescue -b 2048 -n /dev/sr0 disc.img disc.map",
    "pybackup repair disc.img -o whole.iso",
    "With Python and nothing else: RESCUE.PY on the disc.",
)
_OF_SETS = "A disc is lost? 'pybackup rebuild', if there are recovery discs."
_OF_RECOVERY = "'pybackup rebuild' makes lost discs anew of it and the others."
SHAPES = {"disc": b"-disc.svg", "case": b"-case.svg"}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A volume, and the paths of the label files written for it."""

    volume: DiscVolume
    paths: Sequence[bytes]


def make_all_labels(
    paths: Sequence[bytes],
    directory: bytes,
    *,
    discs: int | None = None,
    shapes: Sequence[str],
    overwrite: bool = False,
    monitor: Monitor,
) -> Iterator[Labelled]:
    """Write the labels of several volumes, each as `make_labels` does, and yield what was written for each.

    If the last data volume of a set is among them, all labels of that set say how many discs it has. Where several
    volumes are given, an error with one is a problem for the monitor and the others go on; otherwise it is raised.
    """
    totals, recovery = Counter[bytes](), Counter[bytes]()
    infos: dict[bytes, VolumeInfo | None] = {}
    for path in paths:
        with _stopping_no_other(path, paths, monitor):
            infos[path] = open_volume(path).info
    for info in infos.values():
        if info and info.kind is VolumeKind.RECOVERY:
            recovery[info.set_id] += 1
        elif info and info.last:
            totals[info.set_id] = info.number
    names = DiscNames()
    for path, info in infos.items():
        total = discs or (totals[info.set_id] if info else 0) or None
        more = recovery[info.set_id] if info else 0
        made = None
        with _stopping_no_other(path, paths, monitor):
            made = make_labels(path, directory, names, discs=total, recovery=more, shapes=shapes, overwrite=overwrite)
        if made is not None:
            yield made


@contextmanager
def _stopping_no_other(path: bytes, paths: Sequence[bytes], monitor: Monitor) -> Iterator[None]:
    """Turn an error into a problem for the monitor, so that other volumes go on; raise it if there is only one."""
    try:
        yield
    except (UsageError, FormatError) as error:
        if len(paths) == 1:
            raise
        trouble = Trouble.EXISTS if isinstance(error, Exists) else Trouble.DAMAGED
        monitor.problem(Problem(path, trouble, error.without(path)))


def make_labels(
    path: bytes,
    directory: bytes,
    names: DiscNames | None = None,
    *,
    discs: int | None = None,
    recovery: int = 0,
    shapes: Sequence[str],
    overwrite: bool = False,
    disc: str = "",
) -> Labelled:
    """Write the labels of a volume.

    Parameters
    ----------
    directory
        The directory for the labels, made if it does not exist.
    names
        The names already given to labels of this run, so that no two are the same; None for a run with one volume.
    discs
        How many data discs the set has; None if only the volume itself may tell.
    recovery
        How many recovery discs the set is known to have.
    shapes
        ``disc``, ``case``, or both (`SHAPES`).
    overwrite
        Replace existing files.
    disc
        See `pybackup.disc.volume.DiscVolume`.

    Raises
    ------
    UsageError, Damaged
        As `pybackup.disc.volume.open_volume`.
    Exists
        A label exists and is not to be replaced.
    EnvironmentFailed
        A label cannot be written.
    """
    volume = open_volume(path, disc=disc)
    label = label_of(volume, discs=discs, recovery=recovery)
    stem = os.path.join(directory, os.fsencode((names or DiscNames()).take(volume.stem)))
    written = [stem + SHAPES[shape] for shape in shapes]
    check_outputs(written, replace=overwrite)
    readers = Readers.of([path])
    for shape, name in zip(shapes, written, strict=True):
        with Output(name, replace=overwrite, readers=readers) as output:
            output.write((disc_label if shape == "disc" else case_label)(label).encode())
            output.publish()
    return Labelled(volume, written)


def label_of(volume: DiscVolume, *, discs: int | None = None, recovery: int = 0) -> Label:
    """Return the texts of the label of a volume; arguments as for `make_labels`."""
    info = volume.info
    total = discs or (info.number if info and info.last and not volume.is_recovery else None)
    which, beside = "", ""
    if info and volume.is_recovery:
        which = f"recovery disc {info.number}" + (f" of {recovery}" if recovery > 1 else "")
        beside = "no files: it brings back lost discs" + (f" of {total}" if total else "")
    elif info:
        which = f"disc {info.number}" + (f" of {total}" if total else "")
        beside = f"and {recovery} recovery disc{'s' if recovery > 1 else ''}" if recovery else ""
    sizes = _directories(volume.listing)
    named = [(display(path), humane_bytes(size)) for path, size in sizes.most_common(_NAMED)]
    hint = (*_HINT, _OF_RECOVERY if volume.is_recovery else _OF_SETS) if volume.number else _HINT
    return Label(
        display(os.fsencode(volume.set_name)),
        which,
        date_of(volume.newest_ns) if volume.newest_ns else "",
        humane_bytes(sum(sizes.values())) if sizes else "",
        named,
        max(0, len(sizes) - len(named)),
        hint,
        beside,
    )


def _directories(listing: Listing) -> Counter[bytes]:
    """Return the bytes of content per top-level directory; if all are in one directory, per directory in that one."""
    depth, sizes = 1, _sizes(listing, 1)
    while len(sizes) == 1 and depth < 8:
        below = _sizes(listing, depth + 1)
        if below.keys() == sizes.keys():
            break
        depth, sizes = depth + 1, below
    return sizes


def _sizes(listing: Listing, depth: int) -> Counter[bytes]:
    sizes: Counter[bytes] = Counter()
    for row, kind in enumerate(listing.rows.kinds):
        if kind == Kind.FILE:
            path = listing.paths[row]
            above = path.split(b"/")[:-1][:depth] or [path]
            sizes[b"/".join(above)] += sum(member.raw_bytes for member in listing.stored(row).members)
    return sizes
