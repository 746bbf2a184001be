"""The functions that the package `pybackup` offers: one for each verb; the package loads this when one is used."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from pybackup import errors
from pybackup.compress.methods import DEFAULT_SEGMENT_BYTES, STORED_SUFFIXES, Compression, Profile
from pybackup.model.problem import Problem, Trouble
from pybackup.parity.stream.geometry import DEFAULT_GROUP_SECTORS

from .monitor import Monitor

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from pybackup.check.compare import Compared
    from pybackup.check.drill import DrillOutcome
    from pybackup.check.forecast import Forecast
    from pybackup.check.info import Info
    from pybackup.check.verify import Verdict
    from pybackup.disc.build import Built
    from pybackup.disc.burn import ReadBack
    from pybackup.disc.check import CheckedDisc
    from pybackup.disc.label import Labelled
    from pybackup.disc.plan import Estimate, PlannedDisc
    from pybackup.jobs.extract import Extracted
    from pybackup.jobs.rebuild import Rebuilt
    from pybackup.jobs.salvage import Rescued
    from pybackup.jobs.structure import Saved
    from pybackup.make.add_recovery import Added
    from pybackup.make.plan import Created
    from pybackup.make.sidecar import Protected
    from pybackup.make.volumes import CreatedSet
    from pybackup.mend.repaired import Repaired
    from pybackup.model.member import Stored
    from pybackup.model.source import Judge, Source
    from pybackup.parity.stream.geometry import ParityOptions
    from pybackup.restore.unpack import Unpacked
    from pybackup.selection.rules import Rules
    from pybackup.tree.place import PlaceOptions

__all__ = [
    "Compression",
    "Monitor",
    "Problem",
    "ProblemWarning",
    "Trouble",
    "add_recovery_volumes",
    "compare",
    "create",
    "create_set",
    "disc_build",
    "disc_burn",
    "disc_check",
    "disc_label",
    "disc_plan",
    "drill",
    "extract",
    "forecast",
    "info",
    "list",
    "protect",
    "rebuild",
    "repair",
    "salvage",
    "structure_restore",
    "structure_save",
    "unpack",
    "verify",
]

_Choice = TypeVar("_Choice", bound=StrEnum)
_Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class ProblemWarning(UserWarning):
    """A problem without a monitor to receive it."""


def create(
    sources: _Path | Iterable[_Path],
    output: _Path,
    *,
    exclude: Iterable[str] = (),
    exclude_from: Iterable[_Path] = (),
    exclude_dir: Iterable[str | bytes] = (),
    exclude_caches: bool = False,
    skip_junk: bool = False,
    since_ns: int | None = None,
    one_file_system: bool = False,
    compression: Compression | str = Compression.DEFAULT,
    stored_suffixes: Iterable[str] = STORED_SUFFIXES,
    segment_bytes: int = DEFAULT_SEGMENT_BYTES,
    parity: str | None = "10%",
    parity_sidecar: bool = False,
    group_sectors: int = DEFAULT_GROUP_SECTORS,
    comment: str = "",
    overwrite: bool = False,
    work_dir: _Path | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    monitor: Monitor | None = None,
) -> Created:
    """Archive directories and files, each under its base name.

    Parameters
    ----------
    sources
        One path or several; with a slash at its end a symbolic link is followed.
    output
        The archive; it appears when it is complete and has been read back.
    exclude, exclude_from, exclude_dir, exclude_caches, skip_junk, since_ns
        As the options of ``pybackup create``; a time is in nanoseconds since the epoch.
    stored_suffixes
        Suffixes (lower case, without dot) that are never compressed.
    parity, parity_sidecar, group_sectors
        As for `protect`, and whether it goes into ``OUTPUT.xpar``; None for neither parity nor checksums of sectors.
    overwrite
        Replace an archive that has the name.
    workers, executor
        Number of processes, None for one a processor; or any executor that runs the work instead.

    Raises
    ------
    UsageError, EnvironmentFailed
        The output exists; a source does not, two have the same name, an option makes no sense; the archive cannot be
        written.
    """
    from pybackup.make.plan import CreateOptions, perform_create, plan_create

    rules = _rules(exclude, exclude_from, exclude_dir, exclude_caches, skip_junk, since_ns)
    options = CreateOptions(
        profile=Profile(_choice(Compression, compression), frozenset(stored_suffixes)),
        segment_bytes=segment_bytes,
        parity=None if parity is None else _parity(parity, parity_sidecar, group_sectors),
        one_file_system=one_file_system,
        comment=comment,
        workers=workers,
        work_dir=_maybe(work_dir),
        overwrite=overwrite,
    )
    monitor = monitor or _Warning()
    plan = plan_create(_sources(sources), os.fsencode(output), judge=rules.judge, options=options, monitor=monitor)
    rules.tell_idle(monitor)
    return perform_create(plan, executor=executor, monitor=monitor)


def create_set(
    sources: _Path | Iterable[_Path],
    directory: _Path,
    volume_bytes: int,
    *,
    name: str,
    first_bytes: Iterable[int] = (),
    recovery_volumes: int = 0,
    second_copies: str | None = None,
    resume: bool = False,
    judge: Judge | None = None,
    compression: Compression | str = Compression.DEFAULT,
    stored_suffixes: Iterable[str] = STORED_SUFFIXES,
    segment_bytes: int | None = None,
    parity: str | None = "10%",
    group_sectors: int = DEFAULT_GROUP_SECTORS,
    comment: str = "",
    overwrite: bool = False,
    work_dir: _Path | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    monitor: Monitor | None = None,
) -> CreatedSet:
    """Archive directories and files over volumes of given sizes, each an archive of its own.

    Parameters
    ----------
    directory
        Where the volumes appear, ``NAME-001.xtar`` and so on; made.
    volume_bytes, first_bytes
        How long volumes may be, and the first ones, whose sizes differ.
    recovery_volumes
        So many more are made, any of which makes up for a lost one.
    second_copies
        Which share of each volume, such as ``"5%"``, the smallest files of the one before may take once more: the loss
        of one volume then costs few files. None for none.
    resume
        Go on behind the volumes that an earlier run has finished.
    overwrite
        Replace volumes of the same name.
    judge
        Gives the reason to leave a candidate out, None to keep it.
    segment_bytes
        None for what fits the volumes.
    parity
        As for `protect`; ``"fill"`` also uses what is left of each volume.

    Raises
    ------
    UsageError, EnvironmentFailed
        As `create` does; there are volumes already; sizes are too small.
    """
    from pybackup.make.plan import CreateOptions
    from pybackup.make.plan_set import SetOptions, plan_set, segment_for
    from pybackup.make.second_copies import parse_share
    from pybackup.make.volumes import perform_set

    first = tuple(first_bytes)
    options = CreateOptions(
        profile=Profile(_choice(Compression, compression), frozenset(stored_suffixes)),
        segment_bytes=segment_bytes or segment_for(min((*first, volume_bytes)), DEFAULT_SEGMENT_BYTES),
        parity=None if parity is None else _parity(parity, False, group_sectors),
        comment=comment,
        workers=workers,
        work_dir=_maybe(work_dir),
        overwrite=overwrite,
    )
    monitor = monitor or _Warning()
    share = parse_share(second_copies) if second_copies is not None else Fraction(0)
    to = SetOptions(os.fsencode(directory), name, volume_bytes, first, resume, recovery_volumes, second_copies=share)
    plan = plan_set(_sources(sources), to, judge=judge, options=options, monitor=monitor)
    return perform_set(plan, executor=executor, monitor=monitor)


def list(
    archive: _Path | Iterable[_Path], patterns: Iterable[_Path] = (), *, monitor: Monitor | None = None
) -> Iterator[Stored]:
    """Return the entries that match any of the patterns, in tree order; all for no patterns.

    Several archives are volumes of one set: files, images, devices, or directories of them.
    A pattern is the path of an entry or, where none is called so, a glob in which ``*`` also crosses slashes; what lies
    below matches too.

    Raises
    ------
    UsageError
        There is no such file, or a pattern matches nothing.
    NotAnArchive
        The file holds nothing of an archive.
    """
    from pybackup.archive.matching import select
    from pybackup.archive.open import open_archive

    with open_archive(*_volumes(archive), monitor=monitor) as opened:
        _check_all_taken(opened.patterns)
        listing = opened.listing
    if not listing.complete:
        (monitor or _Warning()).problem(Problem(b"", Trouble.LOST, listing.incompleteness))
    return map(listing.stored, select(listing, _paths(patterns)))


def info(archive: _Path) -> Info:
    """Return what an archive says of itself; raises as `list` does."""
    from pybackup.check.info import info as inspect

    return inspect(os.fsencode(archive))


def extract(
    archive: _Path | Iterable[_Path],
    to: _Path,
    patterns: Iterable[_Path] = (),
    *,
    overwrite: str = "never",
    owner: bool | None = None,
    numeric_owner: bool = False,
    devices: bool = False,
    strip_components: int = 0,
    work_dir: _Path | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    monitor: Monitor | None = None,
) -> Extracted:
    """Restore what matches the patterns, or everything, below the directory ``to``.

    What is damaged is mended in a temporary file below ``work_dir`` (None for beside ``to``), where parity, other
    copies or recovery volumes suffice. Several archives are volumes of one set, as for `list`.
    ``overwrite`` is ``never``, ``older`` or ``always``; ``owner`` whether owners are restored, None for as root only.

    Raises
    ------
    UsageError, NotAnArchive
        As `list` does.
    EnvironmentFailed
        The directory cannot be written.
    """
    from pybackup.archive.open import open_archive
    from pybackup.jobs.extract import restore
    from pybackup.restore.plan import RestoreOptions

    options = RestoreOptions(_placing(overwrite, owner, numeric_owner, devices), strip_components, workers)
    monitor = monitor or _Warning()
    with open_archive(*_volumes(archive), monitor=monitor) as opened:
        _check_all_taken(opened.patterns)
        where = _maybe(work_dir)
        wanted = _paths(patterns)
        return restore(opened, wanted, os.fsencode(to), options, work_dir=where, executor=executor, monitor=monitor)


def unpack(archive: _Path, to: _Path, *, monitor: Monitor | None = None) -> Unpacked:
    """Expand the containers only: the tree of ``.7z`` files, for stock tools; raises as `extract` does."""
    from pybackup.restore.unpack import unpack as expand

    return expand(os.fsencode(archive), os.fsencode(to), monitor=monitor or _Warning())


def verify(
    archive: _Path,
    *,
    deep: bool = False,
    workers: int | None = None,
    executor: Executor | None = None,
    monitor: Monitor | None = None,
) -> Verdict:
    """Check every byte of an archive against its hashes, ``deep`` also every content; raises as `list` does."""
    from pybackup.check.verify import verify as check

    return check(os.fsencode(archive), deep=deep, workers=workers, executor=executor, monitor=monitor or _Warning())


def protect(
    file: _Path,
    sidecar: _Path | None = None,
    *,
    parity: str = "10%",
    group_sectors: int = DEFAULT_GROUP_SECTORS,
    overwrite: bool = False,
    work_dir: _Path | None = None,
    monitor: Monitor | None = None,
) -> Protected:
    """Write parity and checksums for any file into a sidecar, ``FILE.xpar`` by default.

    Parameters
    ----------
    parity
        ``"10%"``, ``"64M"``, ``"fill:700M"``, ``"none"``, which leaves the checksums.
    group_sectors
        The most sectors of a group of the code; memory is in proportion to it.
    overwrite
        Replace the sidecar that is there, unless it says that the file is damaged.
    work_dir
        Where the unfinished sidecar lies; None for beside the finished one.
    """
    from pybackup.make.sidecar import protect_file
    from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX

    path = os.fsencode(file)
    beside = path + SIDECAR_SUFFIX if sidecar is None else os.fsencode(sidecar)
    options = _parity(parity, True, group_sectors)
    where, monitor = _maybe(work_dir), monitor or _Warning()
    return protect_file(path, beside, options, work_dir=where, overwrite=overwrite, monitor=monitor)


def add_recovery_volumes(
    volumes: _Path | Iterable[_Path],
    count: int,
    to: _Path | None = None,
    *,
    volume_bytes: int | None = None,
    first_number: int | None = None,
    overwrite: bool = False,
    work_dir: _Path | None = None,
    monitor: Monitor | None = None,
) -> Added:
    """Make more recovery volumes for a set: any that many volumes of it may be lost, and `rebuild` brings them back.

    Parameters
    ----------
    volumes
        All data volumes of the set, and the recovery volumes there are, or directories of them.
    to
        The directory where they appear; None for beside the first volume.
    volume_bytes
        What each has to fit; None for the size of the largest data volume.
    first_number
        Of the first, where there are recovery volumes that are not among ``volumes``.
    overwrite
        Replace files that have their names.
    """
    from pybackup.make.add_recovery import RecoveryOptions, add_recovery

    if count < 1:
        raise errors.UsageError(f"recovery volumes are 1 or more, not {count}")
    options = RecoveryOptions(count, _maybe(to), volume_bytes, first_number, _maybe(work_dir), overwrite)
    return add_recovery(_several(volumes), options, monitor=monitor or _Warning())


def rebuild(
    volumes: _Path | Iterable[_Path],
    to: _Path,
    *,
    overwrite: bool = False,
    work_dir: _Path | None = None,
    monitor: Monitor | None = None,
) -> Rebuilt:
    """Write the volumes of a set that are lost or damaged, as far as the others bring them back.

    Parameters
    ----------
    volumes
        All that are left, in any order and under any names, or directories of them.
    to
        The directory where they appear; what is whole is not copied there.
    overwrite
        Replace what has the name of a volume there and is not a whole one.
    work_dir
        Where unfinished volumes lie; None for ``to``.
    """
    from pybackup.jobs.rebuild import rebuild as bring_back

    where, monitor = _maybe(work_dir), monitor or _Warning()
    return bring_back(_several(volumes), os.fsencode(to), work_dir=where, overwrite=overwrite, monitor=monitor)


def repair(
    copies: _Path | Iterable[_Path],
    output: _Path | None = None,
    *,
    maps: Iterable[_Path] = (),
    overwrite: bool = False,
    work_dir: _Path | None = None,
    monitor: Monitor | None = None,
) -> Repaired:
    """Merge damaged copies of an archive or a protected file, and rebuild the rest from parity.

    Parameters
    ----------
    output
        The file to write; None to mend the first copy in place.
    maps
        That ddrescue wrote with the copies, in the same order.
    overwrite
        Replace files that have the name of the output.
    work_dir
        Where the unfinished output lies; None for beside the finished one.
    """
    from pybackup.jobs.repair import repair as mend

    where, monitor = _maybe(work_dir), monitor or _Warning()
    given, target = _several(copies), _maybe(output)
    return mend(given, target, maps=_paths(maps), work_dir=where, overwrite=overwrite, monitor=monitor)


def salvage(
    images: _Path | Iterable[_Path],
    to: _Path,
    *,
    maps: Iterable[_Path] = (),
    work_dir: _Path | None = None,
    partial: bool = True,
    workers: int | None = None,
    overwrite: str = "never",
    owner: bool | None = None,
    numeric_owner: bool = False,
    devices: bool = False,
    monitor: Monitor | None = None,
) -> Rescued:
    """Repair as far as possible, and restore every file of which something is left; each gets a verdict.

    Parameters
    ----------
    partial
        Keep what is right of a file that is not whole, as ``NAME.partial``.
    work_dir
        Where the repaired image lies meanwhile; None for beside the directory ``to``.
    """
    from pybackup.jobs.salvage import rescue
    from pybackup.restore.plan import RestoreOptions

    options = RestoreOptions(_placing(overwrite, owner, numeric_owner, devices), workers=workers, keep_partial=partial)
    where, monitor = _maybe(work_dir), monitor or _Warning()
    target, several = os.fsencode(to), _several(images)
    return rescue(several, target, maps=_paths(maps), work_dir=where, options=options, monitor=monitor)


def forecast(file: _Path) -> Forecast:
    """Return what an archive, or a file with its sidecar, survives: by its layout, nothing is checked.

    Raises
    ------
    UsageError, Damaged
        There is no such file; it has no parity stream, or none that is left.
    """
    from pybackup.check.forecast import forecast as foresee

    return foresee(os.fsencode(file))


def drill(
    file: _Path,
    models: Iterable[str] | None = None,
    *,
    fraction: float | None = None,
    seed: int = 0,
    rounds: int = 1,
    work_dir: _Path | None = None,
    workers: int | None = None,
    monitor: Monitor | None = None,
) -> Iterator[DrillOutcome]:
    """Damage copies of an archive or a protected file, repair and compare them; yield what each round came to.

    Parameters
    ----------
    models
        Kinds of damage, named as by `parity.odds.harm.Model`; None for all.
    fraction
        Part of the sectors that is hit; None for just below and just past what is forecast to be survived.
    seed, rounds
        So many rounds of each kind, with this seed and those that follow it.
    """
    from pybackup.check.drill import DrillOptions, plan_drill
    from pybackup.jobs.drill import perform_drill
    from pybackup.parity.odds.harm import Model

    if isinstance(models, str):
        raise TypeError("models are several: give a list of them")
    if fraction is not None and not 0 < fraction <= 1:
        raise errors.UsageError(f"a fraction is above 0 and up to 1, not {fraction!r}")
    chosen = tuple(Model) if models is None else tuple(_choice(Model, model) for model in models)
    options = DrillOptions(chosen, fraction, seed, rounds, _maybe(work_dir), workers)
    monitor = monitor or _Warning()
    return perform_drill(plan_drill(os.fsencode(file), options, monitor), monitor)


def compare(archive: _Path, directory: _Path, *, monitor: Monitor | None = None) -> Compared:
    """Compare an archive with what was archived, or extracted from it; each difference is a problem too."""
    from pybackup.check.compare import compare as find_differences

    return find_differences(os.fsencode(archive), os.fsencode(directory), monitor=monitor or _Warning())


def structure_save(
    sources: _Path | Iterable[_Path],
    output: _Path,
    *,
    exclude: Iterable[str] = (),
    exclude_from: Iterable[_Path] = (),
    exclude_dir: Iterable[str | bytes] = (),
    exclude_caches: bool = False,
    skip_junk: bool = False,
    overwrite: bool = False,
    monitor: Monitor | None = None,
) -> Saved:
    """Save the skeleton of trees as a tar without content; options and errors as those of `create`."""
    from pybackup.jobs.structure import save_structure

    rules = _rules(exclude, exclude_from, exclude_dir, exclude_caches, skip_junk, None)
    monitor = monitor or _Warning()
    where = os.fsencode(output)
    saved = save_structure(_sources(sources), where, judge=rules.judge, overwrite=overwrite, monitor=monitor)
    rules.tell_idle(monitor)
    return saved


def structure_restore(
    file: _Path,
    to: _Path,
    *,
    overwrite: str = "never",
    owner: bool | None = None,
    numeric_owner: bool = False,
    devices: bool = False,
    monitor: Monitor | None = None,
) -> int:
    """Restore a skeleton from its tar or from an archive, as `extract` does; return the number of entries placed."""
    from pybackup.jobs.structure import restore_structure

    options = _placing(overwrite, owner, numeric_owner, devices)
    return restore_structure(os.fsencode(file), os.fsencode(to), options, monitor=monitor or _Warning())


def disc_plan(
    sources: _Path | Iterable[_Path],
    medium: int | str,
    *,
    first_media: Iterable[int | str] = (),
    recovery_volumes: int = 0,
    second_copies: str | None = None,
    exclude: Iterable[str] = (),
    exclude_from: Iterable[_Path] = (),
    exclude_dir: Iterable[str | bytes] = (),
    exclude_caches: bool = False,
    skip_junk: bool = False,
    since_ns: int | None = None,
    one_file_system: bool = False,
    compression: Compression | str = Compression.DEFAULT,
    stored_suffixes: Iterable[str] = STORED_SUFFIXES,
    parity: str = "10%",
    group_sectors: int = DEFAULT_GROUP_SECTORS,
    workers: int | None = None,
    monitor: Monitor | None = None,
) -> tuple[Estimate, Sequence[PlannedDisc]]:
    """Pack samples of trees and return what all comes to, and the discs that takes; nothing is written.

    Parameters
    ----------
    medium, first_media
        What a disc takes, ``"cd700"`` and the like or a size in bytes, and the first ones where these differ.
    recovery_volumes, second_copies
        As for `create_set`.
    exclude, exclude_from, exclude_dir, exclude_caches, skip_junk, since_ns
        As for `create`.

    Raises
    ------
    UsageError
        A source does not exist, or a disc takes too little; a share is none.
    """
    from pybackup.disc.plan import estimate, plan_discs
    from pybackup.make.plan import CreateOptions, plan_create
    from pybackup.make.second_copies import parse_share

    options = CreateOptions(
        profile=Profile(_choice(Compression, compression), frozenset(stored_suffixes)),
        parity=_parity(parity, False, group_sectors),
        one_file_system=one_file_system,
        workers=workers,
    )
    rules = _rules(exclude, exclude_from, exclude_dir, exclude_caches, skip_junk, since_ns)
    monitor = monitor or _Warning()
    plan = plan_create(_sources(sources), b"", judge=rules.judge, options=options, monitor=monitor)
    rules.tell_idle(monitor)
    found = estimate(plan, monitor)
    discs = plan_discs(
        plan,
        found,
        first_bytes=tuple(map(_medium, first_media)),
        medium_bytes=_medium(medium),
        recovery=recovery_volumes,
        second_copies=parse_share(second_copies) if second_copies is not None else Fraction(0),
    )
    return found, discs


def disc_build(
    volumes: _Path | Iterable[_Path],
    to: _Path,
    *,
    medium: int | str | None = None,
    parity: str | None = None,
    group_sectors: int | None = None,
    work_dir: _Path | None = None,
    overwrite: bool = False,
    monitor: Monitor | None = None,
) -> Sequence[Built]:
    """Build an ISO image of each volume or archive, ``to/NAME.iso``, with parity over all of it.

    Parameters
    ----------
    volumes
        Archives, or directories of them.
    to
        The directory where the images appear; made.
    medium
        What the disc takes, ``"cd700"`` and the like or a size in bytes; None for what the volume was made for.
    parity
        As for `protect`, or ``"fill"``; None for what the volume was made with.
    group_sectors
        The most sectors of a group of the code, memory is in proportion to it; None for those of the volume.
    overwrite
        Replace images of discs that have the names of these.

    Raises
    ------
    UsageError, Damaged, EnvironmentFailed
        A volume does not exist, or does not fit the disc, or its image exists; one is damaged; an image cannot be
        written.
    """
    from pybackup.disc.build import BuildOptions, perform_build, plan_build
    from pybackup.disc.names import DiscNames
    from pybackup.disc.volume import archives_in
    from pybackup.parity.stream.amount import parse_amount

    options = BuildOptions(
        None if medium is None else _medium(medium),
        None if parity is None else parse_amount(parity),
        group_sectors,
        _maybe(work_dir),
        overwrite,
    )
    where, monitor, names = os.fsencode(to), monitor or _Warning(), DiscNames()
    return [perform_build(plan_build(path, where, options, names), monitor) for path in archives_in(_several(volumes))]


def disc_burn(
    image: _Path,
    device: _Path,
    *,
    speed: int | None = None,
    overwrite: bool = False,
    erase: bool = False,
    force: bool = False,
    verify: bool = False,
    monitor: Monitor | None = None,
) -> ReadBack | None:
    """Burn an image through xorriso, and return what came of reading it back, if that was asked for.

    Parameters
    ----------
    device
        As ``/dev/sr0``, or ``stdio:FILE`` for a drive that is none.
    speed
        As the drive counts; None for its own choice.
    overwrite, erase
        Either: burn over what is on the medium, which is erased first where it has to be.
    force
        Burn what is no image of `disc_build`, too.
    verify
        Read the disc back and compare.

    Raises
    ------
    UsageError, Damaged, EnvironmentFailed
        The image does not exist, is none or does not fit, or something is on the medium; the image is damaged; xorriso,
        the drive or a medium is missing, or the drive failed.
    """
    from pybackup.disc.burn import BurnOptions, perform_burn, plan_burn, read_back

    monitor = monitor or _Warning()
    options = BurnOptions(None if speed is None else str(speed), overwrite or erase, force=force)
    plan = plan_burn(os.fsencode(image), os.fsencode(device), options, monitor=monitor)
    perform_burn(plan, monitor)
    return read_back(plan, monitor) if verify else None


def disc_check(discs: _Path | Iterable[_Path], *, monitor: Monitor | None = None) -> Iterator[CheckedDisc]:
    """Read every sector of devices, images, archives or directories of them, and yield how each is; one stops no other.

    Raises
    ------
    UsageError
        One does not exist.
    """
    from pybackup.archive.find import files_of
    from pybackup.disc.check import check_discs

    return check_discs(files_of(_several(discs)), monitor or _Warning())


def disc_label(
    volumes: _Path | Iterable[_Path],
    to: _Path,
    *,
    shapes: Iterable[str] = ("disc", "case"),
    discs: int | None = None,
    overwrite: bool = False,
) -> Sequence[Labelled]:
    """Write labels of volumes or archives, for the disc and for its case, as SVG files in the directory ``to``.

    Parameters
    ----------
    volumes
        Archives, or directories of them.
    shapes
        ``"disc"``, ``"case"``, or both.
    discs
        How many the set has; None for what the last of its volumes tells, if that is among them.
    overwrite
        Replace files that have the names of these.

    Raises
    ------
    UsageError, Damaged, EnvironmentFailed
        A volume does not exist, or a label does; it is damaged; a label cannot be written.
    """
    from pybackup.disc.label import SHAPES, make_all_labels
    from pybackup.disc.volume import archives_in

    wanted = (shapes,) if isinstance(shapes, str) else tuple(shapes)
    if not wanted or not {*wanted} <= {*SHAPES}:
        raise errors.UsageError(f"shapes are among {', '.join(SHAPES)}, not {', '.join(map(repr, wanted)) or 'none'}")
    found = archives_in(_several(volumes))
    return tuple(make_all_labels(found, os.fsencode(to), discs=discs, shapes=wanted, overwrite=overwrite))


class _Warning(Monitor):
    def problem(self, problem: Problem) -> None:
        super().problem(problem)
        path = problem.path.decode(errors="backslashreplace")
        warnings.warn(f"{path}: {problem.trouble.value}: {problem.reason}", ProblemWarning, stacklevel=2)


def _maybe(path: _Path | None) -> bytes | None:
    return None if path is None else os.fsencode(path)


def _parity(amount: str, sidecar: bool, group_sectors: int) -> ParityOptions:
    from pybackup.parity.stream.amount import parse_amount
    from pybackup.parity.stream.geometry import ParityOptions

    return ParityOptions(parse_amount(amount), sidecar, group_sectors)


def _paths(paths: Iterable[_Path]) -> Sequence[bytes]:
    if isinstance(paths, str | bytes):
        raise TypeError("patterns are several: give a list of them")
    return tuple(os.fsencode(path) for path in paths)


def _several(paths: _Path | Iterable[_Path]) -> Sequence[bytes]:
    return (os.fsencode(paths),) if isinstance(paths, str | bytes | os.PathLike) else _paths(paths)


def _volumes(paths: _Path | Iterable[_Path]) -> tuple[bytes, Sequence[bytes]]:
    named = _several(paths)
    if not named:
        raise errors.UsageError("no archive")
    return named[0], named[1:]


def _check_all_taken(left: Sequence[bytes]) -> None:
    if left:
        raise errors.UsageError(f"{os.fsdecode(left[0])}: is no volume of the set of the first")


def _sources(sources: _Path | Iterable[_Path]) -> Sequence[Source]:
    from pybackup.selection.filelist import named_source

    if isinstance(sources, str | bytes | os.PathLike):
        sources = (sources,)
    return tuple(named_source(os.fsencode(source)) for source in sources)


def _rules(
    exclude: Iterable[str],
    exclude_from: Iterable[_Path],
    exclude_dir: Iterable[str | bytes],
    exclude_caches: bool,
    skip_junk: bool,
    since_ns: int | None,
) -> Rules:
    from pybackup.selection.rules import Rules

    return Rules(
        exclude=exclude,
        exclude_from=[os.fsencode(path) for path in exclude_from],
        exclude_dir=exclude_dir,
        exclude_caches=exclude_caches,
        skip_junk=skip_junk,
        since_ns=since_ns,
    )


def _placing(overwrite: str, owner: bool | None, numeric_owner: bool, devices: bool) -> PlaceOptions:
    from pybackup.tree.place import Overwrite, PlaceOptions

    default = PlaceOptions()
    return PlaceOptions(
        _choice(Overwrite, overwrite), default.owner if owner is None else owner, numeric_owner, devices
    )


def _medium(value: int | str) -> int:
    from pybackup.model.medium import parse_medium

    return parse_medium(value) if isinstance(value, str) else value


def _choice(choices: type[_Choice], value: str) -> _Choice:
    try:
        return choices(value)
    except ValueError:
        raise errors.UsageError(f"{value!r} is none of {', '.join(choices)}") from None
