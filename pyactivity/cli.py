"""The command line: the only module that reads argv, or decides how the process ends."""

import os
import sys
from collections.abc import Sequence

from pyactivity.against import archived as find_archived
from pyactivity.against import take_inventory
from pyactivity.errors import BadValue, EnvironmentFailed
from pyactivity.model import Problem
from pyactivity.options import parse, survey_of
from pyactivity.present import check_presentable
from pyactivity.reporting import report
from pyactivity.selecting import select
from pyactivity.streams import abandon, check_free, deliver, say
from pyactivity.words import display

OK, PROBLEMS = 0, 1
_STATUS: dict[type[BaseException], int] = {
    BadValue: 2,
    EnvironmentFailed: 5,
    MemoryError: 5,
    KeyboardInterrupt: 130,
}


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
        select(found, archived, options)
    else:
        report(found, archived, options)
    return _conclude((*found.scan.problems, *(inventory.problems if inventory else ())))


def _conclude(problems: Sequence[Problem]) -> int:
    for problem in problems:
        say(f"{display(problem.path)}: {problem.reason}")
    return PROBLEMS if problems else OK


def _reason(failure: BaseException) -> str:
    if isinstance(failure, KeyboardInterrupt):
        return "interrupted"
    return "out of memory" if isinstance(failure, MemoryError) else str(failure)
