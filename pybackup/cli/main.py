"""The entry point: finds the verb, performs it, and turns every failure into an exit status."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from pyactivity.ending import ignore
from pybackup.catalogue.default import look_in
from pybackup.errors import Exists, UsageError

from . import verbs
from .parser import family_parser, main_parser, verb_parser
from .reasons import words_of_end
from .statuses import Status, status_of
from .streams import abandon, deliver, say
from .text import printable, reason_of


def run() -> None:
    """Run the program as a process with signal handling: what the console script calls."""
    try:
        status = main(sys.argv[1:])
    except MemoryError:
        # There is no memory even for the usual message, and Python's own traceback would need more.
        os.write(2, b"pybackup: out of memory\n")
        os._exit(Status.ENVIRONMENT)
    ignore()
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
        # Output not yet written is dropped: flushing it at exit could fail, or wait for a reader, a second time.
        abandon(sys.stdout)
        status = status_of(error)
        if status is Status.BUG:
            import traceback

            say(traceback.format_exc().rstrip())
        say(f"pybackup: {words_of_end(error, status)}")
        return status


def _run(argv: list[str]) -> int:
    if not argv or argv[0].startswith("-"):
        main_parser().parse_args(argv)
        raise UsageError("no verb given\ntry: pybackup --help")
    words, rest = _split_verb(argv)
    options = verb_parser(words).parse_intermixed_args(_without_separator(rest))
    look_in(_catalogue_of_configuration)
    try:
        return verbs.load(words).perform(options)
    except Exists as error:
        raise Exists(f"{reason_of(error)}; {_way_past(options)}") from error


def _catalogue_of_configuration() -> str | None:
    from pybackup.jobfiles.default_catalogue import default_catalogue

    return default_catalogue()


def _way_past(options: argparse.Namespace) -> str:
    """Return what to do about a name that is taken, depending on the options of the verb."""
    overwrite = getattr(options, "overwrite", None)
    if overwrite is None:
        return "choose another name"
    return "--overwrite replaces it" if isinstance(overwrite, bool) else "--overwrite always replaces it"


def _split_verb(argv: list[str]) -> tuple[str, list[str]]:
    """Return the verb and the arguments that follow it."""
    for length in (1, 2):
        words = " ".join(argv[:length])
        words = verbs.ALIASES.get(words, words)
        if words in verbs.SUMMARIES:
            return words, argv[length:]
    if argv[0] == "catalogue" and argv[1:2] and argv[1].partition("=")[0] == "--html":
        return "catalogue list", argv[1:]
    family = [words for words in verbs.SUMMARIES if words.startswith(argv[0] + " ")]
    if family:
        choices = " or ".join(f"'{words}'" for words in family)
        if {"-h", "--help"} & set(argv[1:]):
            family_parser(argv[0]).print_help()
            raise SystemExit(Status.DONE)
        raise UsageError(f"{argv[0]}: one of {choices} must follow\ntry: pybackup {argv[0]} --help")
    import difflib

    close = difflib.get_close_matches(argv[0], verbs.SUMMARIES, 1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    raise UsageError(f"no such verb: '{printable(argv[0])}'{hint}\ntry: pybackup --help")


def _without_separator(arguments: list[str]) -> list[str]:
    """Return arguments without ``--``; those after it that look like options get ``./`` in front.

    argparse does not heed ``--`` where options and other arguments may be mixed.
    """
    if "--" not in arguments:
        return arguments
    at = arguments.index("--")
    behind = (f"./{argument}" if argument.startswith("-") else argument for argument in arguments[at + 1 :])
    return [*arguments[:at], *behind]
