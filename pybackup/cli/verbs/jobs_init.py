"""pybackup jobs init."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from pybackup.errors import UsageError
from pybackup.options import values

from ..asking import ask, is_somebody_there
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..statuses import Status
from ..streams import deliver, deliver_lines, say
from ..text import display, printable

if TYPE_CHECKING:
    from pybackup.jobfiles.example import Answers

EPILOG = """\
At a terminal it asks what to back up, onto what, how often, and whom to tell of problems, and shows the file before
writing it; else it writes an example. The file has all other keys as comments.

examples:
  pybackup jobs init
  pybackup jobs init --dry-run
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=argument(values.path),
        help="the file to write (default: ~/.config/pybackup/config.toml)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a job file that exists already")
    parser.add_argument("--dry-run", action="store_true", help="only show it")
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Ask, show and write."""
    from pybackup.host.check_outputs import check_outputs
    from pybackup.jobfiles.example import Answers, example
    from pybackup.jobfiles.files import home_directory

    target = options.output or os.fsencode(os.path.join(home_directory(), "config.toml"))
    if not options.dry_run:
        check_outputs([target], replace=options.overwrite)
    with talk_of(options, target) as talk:
        is_asked = is_somebody_there(talk) and not options.json
        text = example(_asked() if is_asked else Answers())
        if options.dry_run or is_asked:
            deliver_lines(map(printable, text.splitlines()))
        if options.dry_run:
            return Status.DONE
        if is_asked and not _agrees(target):
            talk.note("nothing was written")
            return Status.DONE
        _write(target, text, replace=options.overwrite)
        if options.json:
            deliver([json_line({"file": target})])
        talk.summary(
            f"{display(target)}: written; next: pybackup jobs check, pybackup run --dry-run, pybackup jobs timers"
        )
    return Status.DONE


def _write(target: bytes, text: str, *, replace: bool) -> None:
    """Write the file so that no other user can read it: it may contain names of hosts and the like."""
    from pybackup.host.output import Output
    from pybackup.host.readers import Readers

    private = Readers()
    private.add(0, 0)
    with Output(target, replace=replace, readers=private) as output:
        output.write(text.encode("utf-8", "surrogateescape"))
        output.publish()


def _asked() -> Answers:
    from pybackup.jobfiles.example import Answers, check_mail, check_schedule

    sources = _answer("What is to be backed up? Paths", "~/docs", _check_sources)
    target = _answer("Onto what? A directory, or a medium: cd700, dvd, bd25, ...", "~/backups", _check_target)
    schedule = _answer("How often? hourly, daily, weekly, monthly, 02:30, 'sun 02:30'", "daily", check_schedule)
    mail = _answer("Who is to be told of problems? A mail address, or nobody", "nobody", _or("nobody", check_mail))
    return Answers(shlex.split(sources), target, schedule, "" if mail == "nobody" else mail)


def _answer(question: str, default: str, check: Callable[[str], None]) -> str:
    """Ask until an answer makes sense."""
    while True:
        given = ask(f"{question} (empty: {default}): ")
        if given is None:
            raise UsageError("there is no answer; nothing was written")
        answer = os.fsdecode(given) or default
        try:
            check(answer)
        except ValueError as error:
            say(f"pybackup: {printable(str(error))}")
        else:
            return answer


def _or(word: str, check: Callable[[str], None]) -> Callable[[str], None]:
    """Return a check that accepts one word, too."""
    return lambda answer: None if answer == word else check(answer)


def _check_sources(text: str) -> None:
    for path in shlex.split(text):
        full = os.path.expanduser(path)
        if not os.path.isabs(full):
            raise ValueError(f"{path}: a path begins with / or ~/")
        if not os.path.lexists(full):
            raise ValueError(f"{path}: is not there")


def _check_target(text: str) -> None:
    from pybackup.jobfiles.example import is_medium

    if not is_medium(text) and not os.path.isabs(os.path.expanduser(text)):
        raise ValueError(f"{text}: is neither a medium nor a path that begins with / or ~/")


def _agrees(target: bytes) -> bool:
    given = ask(f"Write that to {display(target)}? (empty: yes, else no): ")
    return given is not None and given.lower() in (b"", b"y", b"yes")
