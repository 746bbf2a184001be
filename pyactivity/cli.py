"""The command line: the only module that reads argv, prints, or decides how the process ends."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from io import UnsupportedOperation
from typing import BinaryIO, NoReturn, TextIO, TypeVar

from pyactivity import __version__
from pyactivity.clusters import HOUR_NS, Clusters, cluster
from pyactivity.describe import describe
from pyactivity.errors import BadValue, EnvironmentFailed
from pyactivity.model import Files, Problem
from pyactivity.notation import parse_since, parse_span, parse_until
from pyactivity.render import count, display, json_chunks, text_line
from pyactivity.scan import gather

_T = TypeVar("_T")

OK, PROBLEMS = 0, 1
_STATUS: dict[type[BaseException], int] = {
    BadValue: 2,
    EnvironmentFailed: 5,
    MemoryError: 5,
    KeyboardInterrupt: 130,
}

_EPILOG = """\
Files are grouped with those modified shortly before or after them; groups come newest first, the files of a
group oldest first. A date without a time means the whole day. --since and --until choose files, before they
are grouped.

example: what was worked on in May, and then the newest such burst of work into a backup
  pyactivity --since 2024-05-01 --until 2024-05-31 --min-files 10 ~/docs ~/photos
  pyactivity --since 2024-05-01 --until 2024-05-31 --min-files 10 --limit 1 --null ~/docs ~/photos |
      pybackup create --files-from - --null ...

JSON names: {"text": "..."} where the name is UTF-8, {"bytes": "..."} in base64 where it is not. Without --json
or --null, names are shown with what is not printable as backslash escapes.

exit status: 0 fine, 1 something could not be read (named on stderr, the rest is shown), 2 wrong usage,
5 the results could not be written, 130 interrupted
"""


def run() -> NoReturn:
    """Be the process: what the console script calls."""
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line with `argv` (default: the process's own) and return the exit status."""
    try:
        return _run(argv)
    except tuple(_STATUS) as failure:
        # What was not yet written stays so: flushing at exit could fail, or wait for a reader, once more.
        _abandon(sys.stdout)
        _say(_reason(failure))
        return next(status for kind, status in _STATUS.items() if isinstance(failure, kind))


def _run(argv: Sequence[str] | None) -> int:
    try:
        options = _parse(argv)
    except SystemExit as leave:
        _deliver(())
        return int(leave.code or OK)
    scan = gather(options.directories, one_file_system=options.one_file_system)
    clusters = cluster(scan.files.mtime_ns, options.radius, since_ns=options.since, until_ns=options.until)
    chosen = clusters.newest(min_files=options.min_files, limit=options.limit).tolist()
    _deliver(_results(scan.files, clusters, chosen, options))
    if not options.quiet:
        _say(f"{count(len(clusters.order), 'file')} in {count(len(clusters), 'group')}, {len(chosen):,} shown")
    return _conclude(scan.problems)


def _results(files: Files, clusters: Clusters, chosen: Iterable[int], options: argparse.Namespace) -> Iterator[bytes]:
    """The bytes of standard output, piece by piece."""
    # What the terminal's encoding lacks is escaped like the rest of what cannot be shown.
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    for number in chosen:
        members = clusters.members(number)
        paths = files.paths(members)
        if options.null:
            yield from (path + b"\0" for path in paths)
            continue
        group = describe(files, members)
        if options.json:
            yield from (chunk.encode("ascii") for chunk in json_chunks(group, paths if options.names else None))
            yield b"\n"
        else:
            yield f"{text_line(group)}\n".encode(encoding, "backslashreplace")
            if options.names:
                yield from (f"    {display(path)}\n".encode(encoding, "backslashreplace") for path in paths)


def _conclude(problems: Sequence[Problem]) -> int:
    for problem in problems:
        _say(f"{display(problem.path)}: {problem.reason}")
    return PROBLEMS if problems else OK


def _deliver(pieces: Iterable[bytes]) -> None:
    """Write to standard output and flush. A reader that left early has what it wanted; other failures end the run."""
    if sys.stdout is None:
        raise EnvironmentFailed("there is no standard output")
    try:
        for piece in pieces:
            _write(sys.stdout.buffer, piece)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon(sys.stdout)
    except OSError as error:
        raise EnvironmentFailed(f"cannot write the results: {error.strerror}") from error


def _write(stream: BinaryIO, piece: bytes) -> None:
    # With PYTHONUNBUFFERED the stream is a bare descriptor, which may take a part and leave the rest.
    left = memoryview(piece)
    while left:
        left = left[stream.write(left) :]


def _say(message: str) -> None:
    # print() takes a closed stderr (None) for stdout, where results are.
    if sys.stderr is not None:
        try:
            print(f"pyactivity: {message}", file=sys.stderr, flush=True)
        except OSError:
            _abandon(sys.stderr)


def _abandon(stream: TextIO | None) -> None:
    """Lead a stream nowhere, else Python writes what is left in its buffer at exit and fails a second time."""
    if stream is None:
        return
    # A caller of main() may have put a stream there that has no descriptor, and so nothing to lead away.
    with suppress(UnsupportedOperation), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _reason(failure: BaseException) -> str:
    if isinstance(failure, KeyboardInterrupt):
        return "interrupted"
    return "out of memory" if isinstance(failure, MemoryError) else str(failure)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args(argv)
    if options.since is not None and options.until is not None and options.since > options.until:
        parser.error("--since is later than --until")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pyactivity",
        description="Show when the files below some directories were modified, as groups of activity.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("directories", nargs="*", default=["."], type=_argument(_directory), metavar="DIR", help="default: .")
    span, since, until = _argument(parse_span), _argument(parse_since), _argument(parse_until)
    add(
        "--radius", type=span, default=HOUR_NS, metavar="SPAN", help="1h, 30m, 90s, 2d: longest gap within a group (1h)"
    )
    add("--since", type=since, metavar="DATE", help="only files modified at or after this ISO date or datetime")
    add("--until", type=until, metavar="DATE", help="only files modified at or before it; a date includes its day")
    add("--limit", type=_argument(_positive), metavar="N", help="show the N newest groups only")
    add("--min-files", type=_argument(_positive), default=1, metavar="N", help="show no group of fewer files")
    add("--names", action="store_true", help="show the files of each group, too")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object per group, one per line")
    form.add_argument("--null", action="store_true", help="only the names of the files, each ended by a NUL byte")
    add("--one-file-system", action="store_true", help="do not enter other file systems below a DIR")
    add("--quiet", action="store_true", help="say nothing on stderr but problems")
    add("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def _argument(read: Callable[[str], _T]) -> Callable[[str], _T]:
    """`read`, with the error that argparse shows word for word."""

    def argument(text: str) -> _T:
        try:
            return read(text)
        except BadValue as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return argument


def _directory(text: str) -> str:
    if not text:
        raise BadValue("a directory has a name")
    return text


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19 and int(text)):
        raise BadValue(f"not a whole number of 1 or more: {text!r}")
    return int(text)
