"""pybackup verify."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pybackup.model.problem import Trouble

from ..monitor import Talk
from ..options import add_archive, add_talk, add_workers, talk_of
from ..results import conclude, json_problems
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes, json_line, json_name, printable
from ..values import argument, directory

if TYPE_CHECKING:
    from pybackup.jobs.compare import Difference
    from pybackup.jobs.verify import Verdict

EPILOG = """\
Prints one line for an archive that is intact, none with --quiet, and else what is damaged or different.

examples:
  pybackup verify docs.xtar
  pybackup verify --deep docs.xtar
  pybackup verify docs.xtar --against ~/docs
"""

_STATUSES = {"intact": Status.DONE, "repairable": Status.REPAIRABLE, "beyond": Status.BEYOND}
_WORDS = {"intact": "intact", "repairable": "damaged, but no content is lost", "beyond": "damaged beyond repair"}


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_archive(parser)
    group = parser.add_argument_group("how much is checked")
    group.add_argument("--deep", action="store_true", help="also decompress every file and check its content's hash")
    group.add_argument(
        "--against",
        metavar="DIR",
        type=argument(directory),
        help="also compare with what was archived, or extracted: content, size, mode, owner, time, type",
    )
    add_workers(group)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Check the archive, and compare it with a directory if there is one."""
    from pybackup.jobs.compare import compare
    from pybackup.jobs.verify import verify

    with talk_of(options, options.archive, {Trouble.DIFFERENT}) as talk:
        verdict = verify(options.archive, deep=options.deep, workers=options.workers, monitor=talk)
        differences: Sequence[Difference] = ()
        if options.against is not None:
            differences = compare(options.archive, options.against, monitor=talk).differences
        talk.end()
        if options.json:
            deliver([_json(options, verdict, differences, talk)])
        else:
            deliver_lines(_lines(options, verdict, differences))
        problems = conclude(talk)
        return _STATUSES[verdict.state] or problems


def _lines(options: argparse.Namespace, verdict: Verdict, differences: Sequence[Difference]) -> Iterator[str]:
    name = display(options.archive)
    content = f"{count(verdict.files, 'file')}, {humane_bytes(verdict.n_bytes)}"
    if verdict.state != "intact" or not options.quiet:
        yield f"{name}: {_WORDS[verdict.state]}: {content}"
    for damage in verdict.damage:
        yield f"  damaged: {printable(damage)}"
    if verdict.missing is None:
        yield "  lost: nothing is left that says how many entries there were; some may be missing"
    elif verdict.missing:
        yield f"  lost: {count(verdict.missing, 'entry', 'entries')}, not even known by name"
    yield from (f"  lost: {display(path)}" for path in verdict.files_damaged)
    for different in differences:
        yield f"{display(different.path)}: {', '.join(different.kinds)}: {printable(different.detail)}"
    if options.against is not None and not options.quiet:
        yield f"{name}: {count(len(differences), 'difference')} to {display(options.against)}"


def _json(options: argparse.Namespace, verdict: Verdict, differences: Sequence[Difference], talk: Talk) -> bytes:
    fields = {
        "archive": json_name(options.archive),
        "state": str(verdict.state),
        "deep": options.deep,
        "files": verdict.files,
        "content_bytes": verdict.n_bytes,
        "found_by": str(verdict.way),
        "damage": list(verdict.damage),
        "missing": verdict.missing,
        "files_damaged": [json_name(path) for path in verdict.files_damaged],
        "problems": json_problems(talk),
    }
    if options.against is not None:
        fields["against"] = json_name(options.against)
        fields["differences"] = [
            {"path": json_name(found.path), "kinds": list(found.kinds), "detail": found.detail} for found in differences
        ]
    return json_line(fields)
