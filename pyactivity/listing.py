"""What a report prints: groups, files, directories or the overview, as lines for people, as JSON, or as names."""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pyactivity.details import Details, details
from pyactivity.explain import explain
from pyactivity.json_form import branch_line, carrier_object, file_object, group_chunks, in_section
from pyactivity.overview import Overview
from pyactivity.overview_text import Section, file_line, overview_sections
from pyactivity.ranking import largest, newest
from pyactivity.render import TREE_HEAD, group_lines, tree_lines
from pyactivity.streams import encoded
from pyactivity.survey import Part, Survey, members_of
from pyactivity.totals import SIZE, sum_up
from pyactivity.words import display
from pyactivity.wrapping import wrapped


def group(
    found: Survey, archived: NDArray[np.bool_] | None, options: argparse.Namespace, part: Part
) -> Iterator[bytes]:
    """A group, as the options say; `archived` as of `details`."""
    shown: Details = details(found, part, archived)
    paths = found.scan.files.paths(part.members)
    why = explain(found, part) if options.explain else None
    if options.json:
        yield from group_chunks(shown, found.by, paths if options.names else None, why)
        return
    columns = _columns()
    yield from map(encoded, group_lines(shown, found.now_ns, _base(options), columns))
    for reason in why or ():
        yield from map(encoded, wrapped(" " * 9, f"why: {reason}", columns))
    if options.names:
        yield from (encoded(f"{' ' * 12}{display(path)}") for path in paths)


def overview(
    shown: Overview, found: Survey, tell: Callable[[Part], Iterator[bytes]], options: argparse.Namespace
) -> Iterator[bytes]:
    """The overview, each of its parts as `tell` tells it."""
    if options.null:
        members = np.concatenate([members_of(shown.parts()), shown.large])
        yield from (path + b"\0" for path in found.scan.files.paths(dict.fromkeys(members.tolist())))
        return
    for section in overview_sections(shown, found, _base(options)):
        if options.json:
            yield from _section_objects(section, found, tell)
            continue
        columns = _columns()
        yield from map(encoded, wrapped("", section.title, columns, indent=2))
        yield from chain.from_iterable(map(tell, section.parts))
        for line in section.lines:
            yield from map(encoded, wrapped(*line, columns))


def _section_objects(section: Section, found: Survey, tell: Callable[[Part], Iterator[bytes]]) -> Iterator[bytes]:
    for part in section.parts:
        yield in_section(b"".join(tell(part)), section.name)
    for index in section.files:
        yield in_section(_file_object(found, index), section.name)
    for carrier in section.carriers:
        yield in_section(carrier_object(carrier), section.name)


def files(found: Survey, parts: list[Part], options: argparse.Namespace) -> Iterator[bytes]:
    """The newest or the largest files of these parts."""
    every, members = found.scan.files, members_of(parts)
    if options.newest:
        ranked = newest(every, members, options.newest, now_ns=found.now_ns, by=found.by)
    else:
        ranked = largest(every, members, options.largest)
    for index in ranked.tolist():
        if options.null:
            yield every.path(index) + b"\0"
        elif options.json:
            yield _file_object(found, index)
        else:
            yield from map(encoded, wrapped(*file_line(found, index, _base(options)), _columns()))


def tree(found: Survey, parts: list[Part], options: argparse.Namespace) -> Iterator[bytes]:
    """The directories that carry these parts."""
    branches = sum_up(
        found.scan.files,
        members_of(parts),
        by=found.by,
        depth=options.depth,
        bulk=found.bulk,
        order=options.sort or SIZE,
    )
    if options.null:
        yield from (branch.path + b"\0" for branch in branches)
        return
    if options.json:
        yield from map(branch_line, branches)
        return
    above: list[bytes] = []
    columns = _columns()
    if branches:
        yield from map(encoded, wrapped(TREE_HEAD, "", columns))
    for branch in branches:
        del above[branch.depth :]
        yield from map(encoded, tree_lines(branch, above[-1] if above else b"", found.now_ns, columns))
        above.append(branch.path)


def _file_object(found: Survey, index: int) -> bytes:
    files = found.scan.files
    time_ns = int(files.times_ns(found.by)[index])
    return file_object(files.path(index), int(files.size_bytes[index]), time_ns, found.by)


def _base(options: argparse.Namespace) -> bytes:
    """The one DIR, to which paths are shown relative, or none."""
    return os.fsencode(options.directories[0]) if len(options.directories) == 1 else b""


def _columns() -> int:
    """How wide lines may be: as the terminal, or as they are for a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
