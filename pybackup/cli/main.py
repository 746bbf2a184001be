"""The entry: finds the verb, has it done, and turns every failure into an exit status."""

from __future__ import annotations

import argparse
import difflib
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from types import FrameType

from pybackup.errors import Exists, PybackupError, UsageError

from . import verbs
from .parser import family_parser, main_parser, verb_parser
from .statuses import Status, is_lack_of_threads, status_of
from .streams import abandon, deliver, say
from .text import printable, reason_of

_AGAIN_SECONDS = 0.01


def run() -> None:
    """Be the process: what the console script calls."""
    _clean_up_when_ended()
    try:
        status = main(sys.argv[1:])
    except MemoryError:
        # Not even for the last words, and Python's own would need more.
        os.write(2, b"pybackup: out of memory\n")
        os._exit(Status.ENVIRONMENT)
    for number in _heeded():
        signal.signal(number, signal.SIG_IGN)  # all is said and done
    sys.exit(status)


def main(argv: Sequence[str]) -> int:
    """Run the command line ``argv``, without the program's name, and return the exit status."""
    try:
        try:
            return _run(list(argv))
        except SystemExit as leave:  # --help and --version
            deliver(())
            return int(leave.code or Status.DONE)
    except BaseException as error:
        # What was not yet written stays so: flushing at exit could fail, or wait for a reader, once more.
        abandon(sys.stdout)
        status = status_of(error)
        if status is Status.BUG:
            say(traceback.format_exc().rstrip())
        say(f"pybackup: {_reason(error, status)}")
        return status


def _run(argv: list[str]) -> int:
    if not argv or argv[0].startswith("-"):
        main_parser().parse_args(argv)
        raise UsageError("no verb: what shall be done?\ntry: pybackup --help")
    words, rest = _split_verb(argv)
    options = verb_parser(words).parse_intermixed_args(_without_separator(rest))
    try:
        return verbs.load(words).perform(options)
    except Exists as error:
        raise Exists(f"{reason_of(error)}; {_way_past(options)}") from error


def _way_past(options: argparse.Namespace) -> str:
    """What to do about a name that is taken, by what the verb offers."""
    overwrite = getattr(options, "overwrite", None)
    if overwrite is None:
        return "choose another name"
    return "--overwrite replaces it" if isinstance(overwrite, bool) else "--overwrite always replaces it"


def _split_verb(argv: list[str]) -> tuple[str, list[str]]:
    """Return the verb and what follows it."""
    for length in (1, 2):
        words = " ".join(argv[:length])
        if words in verbs.SUMMARIES:
            return words, argv[length:]
    family = [words for words in verbs.SUMMARIES if words.startswith(argv[0] + " ")]
    if family:
        choices = " or ".join(f"'{words}'" for words in family)
        if {"-h", "--help"} & set(argv[1:]):
            family_parser(argv[0]).print_help()
            raise SystemExit(Status.DONE)
        raise UsageError(f"{argv[0]}: say {choices}\ntry: pybackup {argv[0]} --help")
    close = difflib.get_close_matches(argv[0], verbs.SUMMARIES, 1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    raise UsageError(f"no such verb: '{printable(argv[0])}'{hint}\ntry: pybackup --help")


def _without_separator(arguments: list[str]) -> list[str]:
    """Return arguments without ``--``, what looks like an option behind it made a path that does not.

    argparse forgets what ``--`` was for where options and other arguments may be mixed.
    """
    if "--" not in arguments:
        return arguments
    at = arguments.index("--")
    behind = (f"./{argument}" if argument.startswith("-") else argument for argument in arguments[at + 1 :])
    return [*arguments[:at], *behind]


def _reason(error: BaseException, status: Status) -> str:
    if status is Status.INTERRUPTED:
        return "interrupted"
    if isinstance(error, MemoryError):
        return "out of memory; fewer --workers need less"
    if is_lack_of_threads(error):
        return "the system lets no more threads or processes start (ulimit -u)"
    if isinstance(error, ImportError | SystemError):
        return (
            f"a library cannot be loaded: {printable(_innermost(error))}; is it missing, or memory limited (ulimit -v)?"
        )
    if isinstance(error, FileNotFoundError) and error.filename is None and not _has_working_directory():
        return "the working directory does not exist any more; change to another one"
    if isinstance(error, OSError):
        return printable(str(error.strerror or error)) + (f": {_named(error.filename)}" if error.filename else "")
    if status is Status.BUG:
        return "this is a bug in pybackup; please report it with the lines above"
    said = reason_of(error) if isinstance(error, PybackupError) else str(error)
    return "\n".join(map(printable, said.split("\n")))


def _has_working_directory() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def _innermost(error: BaseException) -> str:
    """What went wrong first; numpy wraps it in a page of advice."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return str(error)


def _named(filename: object) -> str:
    return printable(os.fsdecode(filename)) if isinstance(filename, str | bytes) else str(filename)


def _clean_up_when_ended() -> None:
    """Make the signals that end a process remove its temporary files first, as Ctrl-C does."""
    owner = os.getpid()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if os.getpid() != owner:
            os._exit(128 + number)  # a forked worker has nothing to clean up, and nothing to say
        if _imports(frame):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
            return
        raise KeyboardInterrupt

    def lost(unraisable: sys.UnraisableHookArgs) -> None:
        if not isinstance(unraisable.exc_value, KeyboardInterrupt):
            sys.__unraisablehook__(unraisable)
        elif os.getpid() == owner:
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)

    for number in _heeded():
        signal.signal(number, interrupt)
    sys.unraisablehook = lost  # in finalizers, and in what Python does around a fork


def _imports(frame: FrameType | None) -> bool:
    """Whether a module is being loaded: what is raised meanwhile may come out as another error, or end the process."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _heeded() -> Iterator[int]:
    """The signals that end the process; nohup: what is ignored stays ignored. The clock's is for one that must wait."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            yield number
