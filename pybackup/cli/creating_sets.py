"""What 'create --volumes' takes and shows."""

from __future__ import annotations

import argparse
import time
from fractions import Fraction
from typing import TYPE_CHECKING

from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.model.medium import MEDIA
from pybackup.model.volume import VolumeKind

from .monitor import Talk
from .recording import record_for_discs
from .results import conclude, json_problems
from .streams import deliver, deliver_lines
from .text import count, display, duration, humane_bytes, json_line, json_name, percentage
from .values import argument, medium, natural, path, share, sizes

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from pybackup.make.plan import CreateOptions
    from pybackup.make.plan_set import SetOptions
    from pybackup.make.volumes import CreatedSet
    from pybackup.make.writer import CreatedVolume
    from pybackup.model.source import Judge, Source
    from pybackup.selection.rules import Rules


def add_volumes(parser: argparse.ArgumentParser) -> None:
    """Add what makes a set of volumes instead of one archive."""
    group = parser.add_argument_group("volumes")
    add = group.add_argument
    add("--volumes", metavar="DIR", type=argument(path), help="make a set of volumes in DIR, NAME-001.xtar and so on")
    add("--volume-size", metavar="SIZE", type=argument(medium), help=f"{', '.join(MEDIA)}, or a size")
    add(
        "--first-volumes",
        metavar="SIZE,...",
        type=argument(sizes),
        default=(),
        help="sizes of the first volumes, for media that are used in part",
    )
    add(
        "--recovery-volumes",
        metavar="M",
        type=argument(natural),
        default=0,
        help="make M more volumes: any M lost ones of all are brought back by 'pybackup rebuild'",
    )
    add(
        "--second-copies",
        metavar="SHARE",
        type=argument(share),
        help="give up to SHARE of each volume, such as 5%%, to second copies of the smallest files of the one before: "
        "the loss of one then costs fewer files; those of the last have no second copy (default: none)",
    )
    add("--name", metavar="NAME", help="of the set (default: that of SRC)")
    add("--pack", choices=("ordered", "tight"), help="tight: fill up with later files where the next does not fit")
    add("--resume", action="store_true", help="go on behind the volumes that an interrupted run has finished")


def check_volumes(options: argparse.Namespace) -> None:
    """Refuse options that do not go together.

    Raises
    ------
    UsageError
        They do not.
    """
    if options.volumes is None:
        for name in (
            "volume_size",
            "first_volumes",
            "recovery_volumes",
            "second_copies",
            "name",
            "pack",
            "resume",
        ):
            if getattr(options, name):
                raise UsageError(f"create: --{name.replace('_', '-')} is for volumes: add --volumes DIR")
        return
    if options.volume_size is None:
        raise UsageError("create: --volumes needs --volume-size, such as cd700 or 4G")
    if options.output is not None:
        raise UsageError("create: --volumes names a directory for the volumes; -o is for one archive")


def create_set(
    options: argparse.Namespace,
    sources: list[Source],
    rules: Rules,
    judge: Judge,
    create_options: CreateOptions,
    executor: Executor | None,
    talk: Talk,
) -> int:
    """Plan, and create or show the plan."""
    from pybackup.make.plan_set import plan_set
    from pybackup.make.resume import find_finished
    from pybackup.make.volumes import perform_set

    to = _set_options(options, sources)
    plan = plan_set(sources, to, judge=judge, options=create_options, monitor=talk)
    rules.tell_idle(talk)
    if options.dry_run:
        raise UsageError("create: --dry-run with --volumes: 'pybackup disc plan' tells how many there will be")
    start = time.monotonic()
    try:
        done = perform_set(plan, executor=executor, monitor=talk)
    except (EnvironmentFailed, KeyboardInterrupt):
        if finished := find_finished(to.directory, to.name):
            words = f"{count(len(finished), 'volume')} in {display(to.directory)} finished"
            talk.note(f"{words}; the same command with --resume goes on behind")
        raise
    record_for_discs(options, [volume.path for volume in done.volumes], talk)
    deliver([_json(done, talk)] if options.json else ())
    if not options.json and not options.quiet:
        deliver_lines(map(_line, done.volumes))
    return conclude(talk, _summary(options.volumes, done, time.monotonic() - start, talk))


def _set_options(options: argparse.Namespace, sources: list[Source]) -> SetOptions:
    from pybackup.make.plan_set import SetOptions

    name = options.name
    if name is None:
        if len(options.sources) != 1 or options.files_from is not None:
            raise UsageError("more than one SRC, or a list: name the set with --name")
        name = sources[0].name.decode("utf-8", "surrogateescape") or "volume"
    return SetOptions(
        options.volumes,
        name,
        options.volume_size,
        options.first_volumes,
        recovery_volumes=options.recovery_volumes,
        resume=options.resume,
        tight=options.pack == "tight",
        second_copies=options.second_copies or Fraction(0),
    )


def _line(volume: CreatedVolume) -> str:
    full = percentage(volume.archive_bytes, volume.info.volume_bytes)
    there = ", was there already" if volume.was_there else ""
    is_data = volume.info.kind is VolumeKind.DATA
    files = f"{count(volume.files, 'file')} {'ends' if volume.files == 1 else 'end'} on it, " if is_data else ""
    again = f"{count(volume.second_copies, 'second copy', 'second copies')}, " if volume.second_copies else ""
    size = humane_bytes(volume.archive_bytes)
    return f"{display(volume.path)}: {volume.info.label}, {files}{again}{size}, {full} full{there}"


def _summary(directory: bytes, done: CreatedSet, seconds: float, talk: Talk) -> str:
    out = sum(volume.archive_bytes for volume in done.volumes if not volume.was_there)
    parts = [
        count(len(done.volumes), "volume"),
        count(done.files, "file"),
        f"{humane_bytes(done.content_bytes)} in, {humane_bytes(out)} out",
        duration(seconds),
        count(len(talk.problems), "problem"),
    ]
    return f"{display(directory)}: {', '.join(parts)}"


def _json(done: CreatedSet, talk: Talk) -> bytes:
    return json_line(
        {
            "volumes": [
                {
                    "path": json_name(volume.path),
                    "label": volume.info.label,
                    "number": volume.info.number,
                    "kind": volume.info.kind.value,
                    "files": volume.files,
                    "second_copies": volume.second_copies,
                    "archive_bytes": volume.archive_bytes,
                    "volume_bytes": volume.info.volume_bytes,
                    "was_there": volume.was_there,
                }
                for volume in done.volumes
            ],
            "entries": done.entries,
            "files": done.files,
            "content_bytes": done.content_bytes,
            "problems": json_problems(talk),
        }
    )
