"""The command line: the only module that reads argv, prints, or decides how the process ends."""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pyactivity.against import archived as find_archived
from pyactivity.against import take_inventory
from pyactivity.choosing import Choice, choose, match_paths
from pyactivity.details import Details, details
from pyactivity.errors import BadValue, EnvironmentFailed
from pyactivity.explain import explain
from pyactivity.json_form import branch_line, file_object, group_chunks
from pyactivity.model import LeftOut, Problem
from pyactivity.options import ALL, AUTO, DEFAULT_LINES, parse, survey_of
from pyactivity.overview import Overview, overview_of
from pyactivity.overview_text import file_line, overview_sections
from pyactivity.patterns import Patterns
from pyactivity.present import check_presentable, present
from pyactivity.ranking import largest, newest
from pyactivity.render import TREE_HEAD, group_lines, radius_text, tree_line
from pyactivity.report import report_of
from pyactivity.selection import selection_lines, selection_root
from pyactivity.streams import abandon, check_free, deliver, encoded, publish, say
from pyactivity.survey import Part, Survey
from pyactivity.totals import sum_up
from pyactivity.words import count, display, humane_bytes

OK, PROBLEMS = 0, 1
_STATUS: dict[type[BaseException], int] = {
    BadValue: 2,
    EnvironmentFailed: 5,
    MemoryError: 5,
    KeyboardInterrupt: 130,
}
_EXAMPLES = 3  # of what was left out
_TOO_LARGE = 5  # lines about activities that do not fit


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line with `argv` (default: the process's own) and return the exit status."""
    try:
        return _run(sys.argv[1:] if argv is None else list(argv))
    except tuple(_STATUS) as failure:
        # What was not yet written stays so: flushing at exit could fail, or wait for a reader, once more.
        abandon(sys.stdout)
        say(_reason(failure))
        return next(status for kind, status in _STATUS.items() if isinstance(failure, kind))


def _run(words: list[str]) -> int:
    try:
        options = parse(words)
    except SystemExit as leave:
        deliver(())
        return int(leave.code or OK)
    # Before the scan, which may take minutes.
    check_presentable(**options.published)
    outputs = [options.output] if options.command == "select" else options.published.values()
    check_free(outputs, overwrite=options.overwrite)
    inventory = take_inventory(map(os.fsencode, options.against)) if options.against else None
    found = survey_of(options)
    archived = find_archived(found.scan.files, inventory) if inventory else None
    if options.command == "select":
        _select(found, archived, options)
    else:
        _report(found, archived, options)
    return _conclude((*found.scan.problems, *(inventory.problems if inventory else ())))


def _report(found: Survey, archived: NDArray[np.bool_] | None, options: argparse.Namespace) -> None:
    text = not (options.json or options.null or options.tree or options.published)
    # The newest N are asked for: times that cannot be are none of these.
    strange = options.limit in (None, ALL)
    parts = list(found.parts(min_files=options.min_files, limit=options.limit or None, strange=strange))
    if text:
        parts = list(found.fold(parts))
    tell = partial(_group, found, archived, options)
    if options.newest or options.largest:
        deliver(_files(found, parts, options))
        parts = []
    elif text and options.limit is None and not options.names and len(parts) > DEFAULT_LINES:
        overview = overview_of(found, parts, archived)
        parts = list(overview.parts())
        deliver(_overview(overview, found, tell, options))
    elif options.published:
        present(
            report_of(found, options.directories, parts, archived), **options.published, overwrite=options.overwrite
        )
    elif options.tree:
        deliver(_tree(found, parts, options))
    elif options.null:
        deliver(path + b"\0" for part in parts for path in found.scan.files.paths(part.members))
    else:
        parts = _first(parts) if text and options.limit is None else parts
        deliver(chain.from_iterable(map(tell, parts)))
    if not options.quiet:
        _tell_scan(found, options)
        _tell_shown(found, parts, archived, options)


def _overview(
    shown: Overview, found: Survey, tell: Callable[[Part], Iterator[bytes]], options: argparse.Namespace
) -> Iterator[bytes]:
    for section in overview_sections(shown, found, _base(options)):
        yield encoded(section.title)
        yield from chain.from_iterable(map(tell, section.parts))
        yield from map(encoded, section.lines)


def _files(found: Survey, parts: list[Part], options: argparse.Namespace) -> Iterator[bytes]:
    files, members = found.scan.files, _members(parts)
    if options.newest:
        ranked = newest(files, members, options.newest, now_ns=found.now_ns, by=found.by)
    else:
        ranked = largest(files, members, options.largest)
    for index in ranked.tolist():
        if options.null:
            yield files.path(index) + b"\0"
        elif options.json:
            time_ns = int(files.times_ns(found.by)[index])
            yield file_object(files.path(index), int(files.size_bytes[index]), time_ns, found.by)
        else:
            yield encoded(file_line(found, index, _base(options)))


def _members(parts: list[Part]) -> NDArray[np.intp]:
    return np.concatenate([part.members for part in parts]) if parts else np.zeros(0, np.intp)


def _base(options: argparse.Namespace) -> bytes:
    """The one DIR, to which paths are shown relative, or none."""
    return os.fsencode(options.directories[0]) if len(options.directories) == 1 else b""


def _first(parts: list[Part]) -> list[Part]:
    """As many activities as are shown unless more are asked for, and the groups of impossible times."""
    usual = [part for part in parts if part.number]
    return [part for part in parts if not part.number or part in usual[:DEFAULT_LINES]]


def _group(
    found: Survey, archived: NDArray[np.bool_] | None, options: argparse.Namespace, part: Part
) -> Iterator[bytes]:
    shown: Details = details(found, part, archived)
    paths = found.scan.files.paths(part.members)
    why = explain(found, part) if options.explain else None
    if options.json:
        yield from group_chunks(shown, found.by, paths if options.names else None, why)
        return
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    yield from map(encoded, group_lines(shown, found.now_ns, _base(options), columns))
    yield from (encoded(f"{' ' * 9}why: {reason}") for reason in why or ())
    if options.names:
        yield from (encoded(f"{' ' * 12}{display(path)}") for path in paths)


def _tree(found: Survey, parts: list[Part], options: argparse.Namespace) -> Iterator[bytes]:
    branches = sum_up(found.scan.files, _members(parts), by=found.by, depth=options.depth, bulk=found.bulk)
    if options.json:
        yield from map(branch_line, branches)
        return
    above: list[bytes] = []
    if branches:
        yield encoded(TREE_HEAD)
    for branch in branches:
        del above[branch.depth :]
        yield encoded(tree_line(branch, above[-1] if above else b"", found.now_ns))
        above.append(branch.path)


def _select(found: Survey, archived: NDArray[np.bool_] | None, options: argparse.Namespace) -> None:
    files, root = found.scan.files, selection_root(options.directories)
    patterns = Patterns(options.path)
    choice = choose(
        found,
        wanted=options.activity,
        paths=match_paths(files, patterns, root) if options.path else None,
        archived=archived,
        max_bytes=options.max_size,
        min_files=options.min_files,
    )
    lines = selection_lines(root, files, choice.members())
    publish(options.output, lines, overwrite=options.overwrite)
    if not options.quiet:
        _tell_scan(found, options)
        for line in patterns.idle():
            say(f"--path '{line}' has chosen nothing")
        _tell_choice(found, choice)


def _tell_scan(found: Survey, options: argparse.Namespace) -> None:
    if options.radius == AUTO:
        say(radius_text(found.radius))
    junk = [left for left in found.scan.left_out if left.reason in ("junk", "cache directory")]
    if junk:
        say(f"left out as cache or junk: {_some(junk)} (--keep-junk keeps them)")
    if others := [left for left in found.scan.left_out if left.reason not in ("junk", "cache directory")]:
        say(f"left out as told: {_some(others)}")
    for line in dict.fromkeys(options.exclude):  # not those of a file: such a list is made for many trees
        if line in found.scan.idle_patterns:
            say(f"--exclude '{line}' has left nothing out{'; its path begins below DIR' if '/' in line[:-1] else ''}")


def _some(left_out: list[LeftOut]) -> str:
    # The shortest paths lie the highest, and are known.
    shortest = sorted(left_out, key=lambda left: (len(left.path), left.path))[:_EXAMPLES]
    more = f" and {len(left_out) - len(shortest):,} more" if len(left_out) > len(shortest) else ""
    return ", ".join(display(left.path) for left in shortest) + more


def _tell_shown(
    found: Survey, parts: list[Part], archived: NDArray[np.bool_] | None, options: argparse.Namespace
) -> None:
    groups = (
        len(found.activities.clusters)
        + len(found.streams)
        + bool(len(found.activities.future))
        + bool(len(found.activities.epoch))
    )
    shown = sum(part.activities for part in parts)
    cut = shown < groups and options.limit is None and options.min_files == 1
    hint = "; --limit all shows the others" if cut else ""
    files = found.activities.files + sum(len(stream.members) for stream in found.streams)
    told = "" if options.newest or options.largest else f", {shown:,} shown{hint}"
    say(f"{count(files, 'file')} in {count(groups, 'group')}{told}")
    if archived is not None:
        everything = _members(list(found.parts()))
        lost = everything[~archived[everything]]
        size_bytes = sum(found.scan.files.size_bytes[lost].tolist())
        unread = f", and what is in {count(len(found.scan.problems), 'place')} that could not be read"
        what = f"{count(len(lost), 'file')} of {humane_bytes(size_bytes)}{unread if found.scan.problems else ''}"
        say(f"{what} in no archive: lost if this disk dies today")


def _tell_choice(found: Survey, choice: Choice) -> None:
    sizes_bytes = found.scan.files.size_bytes
    named = choice.too_large if len(choice.too_large) <= _TOO_LARGE else choice.too_large[: _TOO_LARGE - 1]
    for part in named:
        size = humane_bytes(sum(sizes_bytes[part.members].tolist()))
        say(f"{_called(part)} does not fit and is left out: {count(len(part.members), 'file')} of {size}")
    if others := choice.too_large[len(named) :]:
        members = np.concatenate([part.members for part in others])
        size = humane_bytes(sum(sizes_bytes[members].tolist()))
        say(f"{len(others):,} older ones do not fit and are left out: {count(len(members), 'file')} of {size}")
    members = choice.members()
    size = humane_bytes(sum(sizes_bytes[members].tolist()))
    say(f"chosen: {count(len(members), 'file')} of {size} in {count(len(choice.taken), 'group')}")


def _called(part: Part) -> str:
    if part.stream:
        return f"what arrives in {display(part.stream.place)}"
    return f"activity {part.number}" if part.number else f"the group '{part.kind}'"


def _conclude(problems: Sequence[Problem]) -> int:
    for problem in problems:
        say(f"{display(problem.path)}: {problem.reason}")
    return PROBLEMS if problems else OK


def _reason(failure: BaseException) -> str:
    if isinstance(failure, KeyboardInterrupt):
        return "interrupted"
    return "out of memory" if isinstance(failure, MemoryError) else str(failure)
