"""The arguments of the two commands, and what they mean."""

import argparse
import os
from collections.abc import Callable
from typing import TypeVar

from pyactivity import __version__
from pyactivity.choosing import parse_wanted
from pyactivity.clusters import HOUR_NS
from pyactivity.errors import BadValue
from pyactivity.notation import parse_since, parse_size, parse_span, parse_until
from pyactivity.patterns import read_patterns, says_nothing
from pyactivity.streams import STDOUT
from pyactivity.survey import Survey, take_survey

_T = TypeVar("_T")

AUTO = -1  # of --radius
ALL = 0  # of --limit
_MOST_PATTERN_BYTES = 16 << 20
DEFAULT_LINES = 20

_STATUSES = """\
exit status: 0 fine, 1 something could not be read (named on stderr, the rest is shown), 2 wrong usage,
5 the environment failed (results could not be written, or pybackup is missing for --against), 130 interrupted
"""

_REPORT = """\
Files are grouped with those modified shortly before or after them; groups come newest first, numbered from 1, the
files of a group oldest first. What came in bulk (unpacked, checked out, installed: hundreds of files within a second,
or with the times of a package) is told apart from what was done by hand, and what keeps arriving by itself, evenly
(mail, podcasts, logs), has a group of its own for each place, after the activities (--no-streams). Times later than
now, and times within a day of 1970, which stand for none, have groups of their own. --since and --until choose files,
before they are grouped; a day without a time means all of it.

What has more than 20 groups is told as an overview on one screen: what was worked on, by the files that were made,
halved for every month of age; what arrives by itself; what came in bulk; what is large and new; with --against, what
is in no archive.

Caches and what systems make again are left out, and said, unless --keep-junk is given.

With --against a file counts as archived where pybackup list names one of its size, its time (a file
system may have cut it, by 2 s on FAT) and its path's end. That the archive is whole, pybackup verify tells.

examples:
  pyactivity ~                                    what was going on, newest first
  pyactivity --since '2 weeks ago' --tree ~       where
  pyactivity --largest 20 --since 2026-01-01 ~    what takes the room
  pyactivity --against /media/cd/docs.xtar ~/docs what would be lost today
  pyactivity ~ --html report.html                 the same as a page: look, select, save the selection
  pyactivity select ~/docs --activity 1,3-5 -o chosen.jsonl
  pyactivity --limit 1 --null ~/docs | pybackup create --files-from - --null -o last.xtar

--json: of each group "group" (activity, stream, future or epoch), "number", "by", "from" and "to" (local, ISO 8601),
"from_ns" and "to_ns", "files", "bytes", "directories" (each with "path", "files", "bytes", "bulk"), "elsewhere",
"kinds", "largest", of a stream "place" and "pattern", with --against "archived", with --explain "why", with --names
"names"; of each file of --newest and --largest "path", "bytes", "time", "time_ns", "by"; of each directory of --tree
"path", "depth", "files", "bytes", "newest", "newest_ns", "hidden" (how many below it are too small to be told).
JSON names: {"text": "..."} where the name is UTF-8, {"bytes": "..."} in base64 where it is not. Without --json
or --null, names are shown with what is not printable as backslash escapes. A directory called select is ./select.
FILE may be -, standard output.

"""

_SELECT = """\
Chooses whole activities, numbered as the report numbers them for the same DIRs, --radius, --since and the like, and
writes them as a selection: a list of files with their sizes and times. pybackup create --select takes it, and tells
what changed since.

--max-size counts the bytes of the files: leave room for the parity of an archive (10 % unless told otherwise) and
about 1 KiB a file. Activities that no longer fit are left out, and the newest of these named.

examples:
  pyactivity select ~/docs --activity 1,3-5 -o chosen.jsonl
  pyactivity select ~ --since '2 weeks ago' --path 'docs/**' --path '!*.tmp' --max-size 600M -o chosen.jsonl
  pyactivity select ~/docs --against full.xtar | pybackup create --select - -o new.xtar

"""


def parse(words: list[str]) -> argparse.Namespace:
    """The options of a command line. Leaves with SystemExit as argparse does."""
    if words[:1] == ["select"]:
        parser, words = _select_parser(), words[1:]
        parser.set_defaults(command="select")
    else:
        parser = _report_parser()
        parser.set_defaults(command="report")
    # Between the DIRs, too: pyactivity select ~ --activity 1 ~/more
    options = parser.parse_intermixed_args(words)
    options.directories = options.directories or ["."]
    if options.since is not None and options.until is not None and options.since > options.until:
        parser.error("--since is later than --until")
    options.published = {}
    if options.command == "report":
        _check_report(options, parser)
    return options


def survey_of(options: argparse.Namespace) -> Survey:
    """Scan and arrange as the options say. Raises BadValue."""
    lines = list(options.exclude)
    for name in options.exclude_from:
        try:
            with open(name, "rb") as stream:
                data = stream.read(_MOST_PATTERN_BYTES + 1)
            if len(data) > _MOST_PATTERN_BYTES:
                raise BadValue(f"--exclude-from {name}: longer than {_MOST_PATTERN_BYTES >> 20} MiB: no patterns")
            lines += read_patterns(data)
        except OSError as error:
            raise BadValue(f"--exclude-from {name}: {error.strerror}") from error
    return take_survey(
        options.directories,
        radius_ns=None if options.radius == AUTO else options.radius,
        since_ns=options.since,
        until_ns=options.until,
        by=options.by,
        exclude=lines,
        keep_junk=options.keep_junk,
        one_file_system=options.one_file_system,
        streams=options.streams,
    )


def _check_report(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    if options.depth is not None and not options.tree:
        parser.error("--depth is about --tree")
    if options.tree and (options.names or options.null or options.against):
        parser.error("--tree sums up, and goes with neither --names nor --null nor --against")
    ranked = options.newest or options.largest
    if ranked and (options.tree or options.names or options.explain or options.limit is not None):
        parser.error("--newest and --largest are of files, and go with neither --tree, --names, --explain nor --limit")
    if options.explain and (options.tree or options.null):
        parser.error("--explain is about groups, and goes with neither --tree nor --null")
    options.published = {form: path for form in ("html", "svg", "png") if (path := getattr(options, form))}
    if list(options.published.values()).count(STDOUT) > 1:
        parser.error("there is one standard output: only one of --html, --svg and --png can be -")
    if options.published and (ranked or options.explain):
        parser.error("--html, --svg and --png go with neither --newest nor --largest nor --explain")
    if options.published and (options.tree or options.names or options.null or options.json):
        parser.error("--html, --svg and --png go with neither --tree nor --names nor --null nor --json")


def _report_parser() -> argparse.ArgumentParser:
    parser = _parser(
        "pyactivity",
        "Show when the files below some directories were modified, as groups of activity.",
        _REPORT + _STATUSES,
    )
    parser.usage = "%(prog)s [options] [DIR ...]\n       %(prog)s select [options] [DIR ...]"
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
    add("--tree", action="store_true", help="the activity summed up a directory tree, as du does")
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


def _select_parser() -> argparse.ArgumentParser:
    parser = _parser("pyactivity select", "Write a selection for pybackup create --select.", _SELECT + _STATUSES)
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
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
        "--against", action="append", default=[], metavar="ARCHIVE", type=argument(_name), help=f"{text}; repeatable"
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
