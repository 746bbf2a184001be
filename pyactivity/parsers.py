"""The parsers of the two commands: their options, and how the values of these are read."""

import argparse
import os
from collections.abc import Callable
from typing import TypeVar

from pyactivity import __version__
from pyactivity.choosing import parse_wanted
from pyactivity.clusters import HOUR_NS
from pyactivity.errors import BadValue
from pyactivity.help_texts import REPORT, SELECT, STATUSES, Help
from pyactivity.notation import parse_since, parse_size, parse_span, parse_until
from pyactivity.patterns import says_nothing
from pyactivity.streams import STDOUT
from pyactivity.totals import ORDERS

_T = TypeVar("_T")

AUTO = -1  # of --radius
ALL = 0  # of --limit
DEFAULT_LINES = 20
_USAGE = "\n  %(prog)s [options] [DIR ...]"  # below its head: both fit in 40 columns


def report_parser() -> argparse.ArgumentParser:
    """The parser of `pyactivity`."""
    parser = _parser(
        "pyactivity",
        "Show when the files below some directories were modified, as groups of activity.",
        REPORT + STATUSES,
    )
    parser.usage = f"{_USAGE}\n  %(prog)s select [options] [DIR ...]"
    form = parser.add_argument_group("what is shown")
    add = form.add_argument
    add(
        "--limit",
        type=argument(_limit),
        metavar="N",
        help=f"the N newest activities, or 'all' (default: all, but as text an overview of more than {DEFAULT_LINES})",
    )
    add("--min-files", type=argument(_positive), default=1, metavar="N", help="no group of fewer files")
    add("--names", action="store_true", help="the files of each group, too")
    add("--overview", action="store_true", help="one screen, however few groups there are; --json tells each section")
    add("--tree", action="store_true", help="the activity summed up a directory tree, as du does")
    add("--browse", action="store_true", help="the same to walk through, as with ncdu; needs a terminal")
    add("--sort", choices=ORDERS, help="of --tree and --browse (default: size)")
    add("--explain", action="store_true", help="of each group, why it is one")
    ranked = form.add_mutually_exclusive_group()
    add_ranked = ranked.add_argument
    add_ranked("--newest", type=argument(_positive), metavar="N", help="no groups, but the N newest files")
    add_ranked("--largest", type=argument(_positive), metavar="N", help="no groups, but the N largest files")
    add("--depth", type=argument(_positive), metavar="N", help="of --tree: so many levels (default: all that matter)")
    _add_against(form, "mark what these archives hold: archived, partly, NOT")
    add("--html", type=argument(_name), metavar="FILE", help="a page to look at and to select from; needs no network")
    add("--svg", type=argument(_name), metavar="FILE", help="the timeline as a picture")
    add("--png", type=argument(_name), metavar="FILE", help="the same in pixels; needs Pillow")
    ways = form.add_mutually_exclusive_group()
    ways.add_argument("--json", action="store_true", help="one JSON object per group, one per line")
    ways.add_argument("--null", action="store_true", help="only the names of the files, each ended by a NUL byte")
    return parser


def select_parser() -> argparse.ArgumentParser:
    """The parser of `pyactivity select`."""
    parser = _parser("pyactivity select", "Write a selection for pybackup create --select.", SELECT + STATUSES)
    parser.usage = _USAGE
    group = parser.add_argument_group("what is chosen")
    add = group.add_argument
    add(
        "--activity",
        type=argument(parse_wanted),
        metavar="N,N-N",
        help="only these (default: all); stream, future",
    )
    add(
        "--path",
        action="append",
        default=[],
        metavar="PATTERN",
        type=argument(_pattern),
        help="only what matches, as .gitignore does from DIR on: 'docs/**', '*.jpg'; '!...' takes out again",
    )
    add("--max-size", type=argument(parse_size), metavar="SIZE", help="as many as fit, newest first: 700M")
    add("--min-files", type=argument(_positive), default=1, metavar="N", help="only activities of so many files")
    _add_against(group, "only files that none of these archives holds")
    add("-o", "--output", metavar="FILE", type=argument(_name), default=STDOUT, help="default: -, standard output")
    return parser


def _parser(prog: str, description: str, epilog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description=description,
        epilog=epilog,
        formatter_class=Help,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("directories", nargs="*", type=argument(_name), metavar="DIR", help="default: .")
    add("--overwrite", action="store_true", help="replace a FILE that exists")
    add("--quiet", action="store_true", help="say nothing on stderr but problems")
    add("--version", action="version", version=f"pyactivity {__version__}")
    scan = parser.add_argument_group("which files, and how they group")
    add = scan.add_argument
    add("--since", type=argument(parse_since), metavar="DATE", help="2024-05-03, '2024-05-03 14:00', '2 weeks ago'")
    add("--until", type=argument(parse_until), metavar="DATE", help="the same; a date includes its day")
    add("--by", choices=("mtime", "ctime"), default="mtime", help="modified, or also moved, renamed, made (ctime)")
    add(
        "--radius",
        type=argument(_radius),
        default=HOUR_NS,
        metavar="SPAN",
        help="longest pause within a group: 1h, 30m, 2d; auto chooses by the data (default: 1h)",
    )
    add("--exclude", action="append", default=[], metavar="PATTERN", type=argument(_pattern), help="as in .gitignore")
    add("--exclude-from", action="append", default=[], metavar="FILE", help="patterns from a file, one a line")
    add("--keep-junk", action="store_true", help="keep caches (CACHEDIR.TAG, and by name), thumbnails, bins, ...")
    add(
        "--streams",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="set apart what keeps arriving by itself (mail, podcasts, logs), or count it among the activities",
    )
    add("--one-file-system", action="store_true", help="do not enter other file systems below a DIR")
    return parser


def _add_against(group: argparse._ArgumentGroup, text: str) -> None:
    group.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="ARCHIVE",
        type=argument(_name),
        help=f"{text}; also a directory of archives or of a set, or a catalogue (file or URL); repeatable",
    )


def argument(read: Callable[[str], _T]) -> Callable[[str], _T]:
    """`read`, with the error that argparse shows word for word."""

    def reading(text: str) -> _T:
        try:
            return read(text)
        except BadValue as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return reading


def _radius(text: str) -> int:
    return AUTO if text == "auto" else parse_span(text)


def _limit(text: str) -> int:
    return ALL if text == "all" else _positive(text)


def _pattern(text: str) -> str:
    if says_nothing(text):
        raise BadValue(f"a comment or blank is no pattern: {text!r}; write \\# for a name that begins with #")
    return text


def _name(text: str) -> str:
    if not text or "\0" in text:
        raise BadValue("a file or directory has a name")
    return os.fspath(text)


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19 and int(text)):
        raise BadValue(f"not a whole number of 1 or more: {text!r}")
    return int(text)
