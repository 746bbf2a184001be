"""Groups and sums as lines for people."""

import os
from collections.abc import Iterator

from pyactivity.arrivals import Stream
from pyactivity.description import Carrier, Group
from pyactivity.details import Details
from pyactivity.moments import SPAN_WIDTH, length_text, moment_text, span_text
from pyactivity.radius import Radius
from pyactivity.survey import ACTIVITY, FUTURE, STREAM
from pyactivity.totals import Branch
from pyactivity.words import count, display, humane_bytes
from pyactivity.wrapping import wrapped

_KINDS = 4
_CARRIERS = 3
_INDENT = " " * 9
_DAY_NS = 86_400 * 10**9


def group_lines(shown: Details, now_ns: int, base: bytes = b"", columns: int = 0) -> Iterator[str]:
    """A group: a line with number, when, files, bytes and where, and as many below as there is something to say.

    base     the one DIR, to which paths are shown relative; empty where there are several
    columns  how wide a terminal is: what does not fit goes on in a further line; 0 for no limit
    """
    for head, rest in _rows(shown, now_ns, base):
        yield from wrapped(head, rest, columns)


def _rows(shown: Details, now_ns: int, base: bytes) -> Iterator[tuple[str, str]]:
    """The lines of a group in two parts: columns, and a list."""
    group = shown.group
    by_hand = [carrier for carrier in group.carriers if not carrier.bulk]
    in_bulk = [carrier for carrier in group.carriers if carrier.bulk]
    part = shown.part
    number = f"{part.number}-{part.through}" if part.through else str(part.number or "-")
    state = "" if shown.archived is None else f"{archived_word(shown):<8}  "
    bulk_only = bool(in_bulk) and not by_hand
    made = 0 if bulk_only else group.bulk_files, 0 if bulk_only else group.bulk_bytes
    size = f"{count(group.files - made[0], 'file'):>13}  {humane_bytes(group.size_bytes - made[1]):>10}"
    where = _bulk_text(in_bulk[0], base) if bulk_only else _where(group, by_hand, shown, base)
    if part.stream:
        where = f"{_stream_text(part.stream, base)} (arrives by itself, {_rate(group)})"
    yield f"{number:>7}  {state}{_when(shown, now_ns):{SPAN_WIDTH}}  {size}  ", where
    if group.files > 1 and (what := _what(shown, by_hand, base)):
        yield _INDENT, what
    for carrier in in_bulk[bulk_only:]:
        yield _INDENT, _also(carrier, base)
    if shown.archived is not None and 0 < shown.archived.files < group.files:
        missing = count(group.files - shown.archived.files, "file")
        lost = humane_bytes(group.size_bytes - shown.archived.size_bytes)
        yield _INDENT, f"{missing} of {lost} in no archive"


def archived_word(shown: Details) -> str:
    """Whether a group is archived, in a word."""
    files = shown.archived.files if shown.archived else 0
    return "archived" if files == shown.group.files else "partly" if files else "NOT"


def tree_lines(branch: Branch, above: bytes, now_ns: int, columns: int = 0) -> Iterator[str]:
    """A directory of the tree, shown relative to the one above, and what in it is too small for a line.

    columns  as of `group_lines`
    """
    name = display(os.path.relpath(branch.path, above) if above else branch.path)
    files, size = f"{branch.files:,}", humane_bytes(branch.size_bytes)
    what = "directory that came in bulk", "directories that came in bulk"
    what = what if branch.bulk else ("small directory", "small directories")
    hidden = f"  (+ {count(branch.hidden, *what)})" if branch.hidden else ""
    head = f"{size:>10}  {files:>11}  {moment_text(branch.newest_ns, now_ns):<18}  "
    indent = min(4 * branch.depth, columns // 3) + 4
    yield from wrapped(head, f"{'    ' * branch.depth}{name}{hidden}", columns, indent=indent)


TREE_HEAD = f"{'size':>10}  {'files':>11}  {'newest':<18}  directory"


def radius_text(radius: Radius) -> str:
    """Which radius was chosen, and why."""
    chosen = f"radius {length_text(radius.radius_ns)}"
    if radius.below_ns is None or radius.above_ns is None:
        return f"{chosen}, the default: {count(radius.pauses, 'pause')} of a minute or more are too few to choose by"
    return (
        f"{chosen}: of {count(radius.pauses, 'pause')} the short ones end at {length_text(radius.below_ns)} "
        f"and the long ones begin at {length_text(radius.above_ns)}"
    )


def _when(shown: Details, now_ns: int) -> str:
    group = shown.group
    if shown.part.kind in (ACTIVITY, STREAM):
        return span_text(group.first_ns, group.last_ns, now_ns)
    if shown.part.kind == FUTURE:
        return f"in the future, {moment_text(group.last_ns, now_ns)}"
    return "no time (1 Jan 1970)"


def _rate(group: Group) -> str:
    """How many files arrive in the shortest time in which one does."""
    days = max((group.last_ns - group.first_ns) / _DAY_NS, 1)
    spans = (("a day", 1), ("a week", 7), ("a month", 30.4), ("a year", 365.25))
    rates = ((group.files * length / days, name) for name, length in spans)
    number, name = next((rate for rate in rates if rate[0] >= 1), (1, "a year"))
    return f"about {number:,.0f} {name}"


def _where(group: Group, by_hand: list[Carrier], shown: Details, base: bytes) -> str:
    if group.files == 1:
        return below(shown.few[0], base)
    if len(by_hand) == 1 == len(group.carriers) and not group.files_elsewhere:
        return below(by_hand[0].path, base)
    named, others = by_hand[:_CARRIERS], by_hand[_CARRIERS:]
    elsewhere = group.files_elsewhere + sum(carrier.files for carrier in others)
    parts = [f"{below(carrier.path, base)} ({carrier.files:,})" for carrier in named]
    return ", ".join(parts + ([f"{elsewhere:,} elsewhere"] if elsewhere else []))


def _what(shown: Details, by_hand: list[Carrier], base: bytes) -> str:
    """The files themselves where they are few, else the kinds and the largest."""
    carrier = by_hand[0].path if len(by_hand) == 1 else b""
    if shown.few:
        return ", ".join(below(path, carrier, base) for path in shown.few)
    named = [kind for kind in shown.kinds if kind.suffix][:_KINDS]
    others = sum(kind.files for kind in shown.kinds) - sum(kind.files for kind in named)
    words = [f"{kind.files:,} {kind.suffix}" for kind in named]
    if others and words:
        words.append(f"{others:,} other")
    path, size_bytes = shown.largest
    largest = [f"largest {below(path, carrier, base)}, {humane_bytes(size_bytes)}"] if size_bytes else []
    return "; ".join([", ".join(words)] * bool(words) + largest)


def below(path: bytes, *bases: bytes) -> str:
    """A path for the eye, relative to the first of these directories that it lies below."""
    starts = (os.path.join(base, b"") for base in bases if base)
    start = next((start for start in starts if path.startswith(start) and path != start), b"")
    return display(path[len(start) :])


def _stream_text(stream: Stream, base: bytes) -> str:
    return below(os.path.join(stream.place, stream.pattern) if stream.pattern else stream.place, base)


def _also(carrier: Carrier, base: bytes) -> str:
    if carrier.bulk == "history":
        return f"{carrier.files:,} of them in {_bulk_text(carrier, base)}"
    return f"+ {count(carrier.files, 'file')} of {humane_bytes(carrier.size_bytes)} in {_bulk_text(carrier, base)}"


def _bulk_text(carrier: Carrier, base: bytes) -> str:
    return f"{below(carrier.path, base)} ({carrier.bulk})"
