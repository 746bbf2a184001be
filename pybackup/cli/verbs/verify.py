"""pybackup verify."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from pybackup.errors import EnvironmentFailed, FormatError, UsageError
from pybackup.model.problem import Problem, Trouble

from ..monitor import Talk
from ..options import add_archive, add_overwrite, add_talk, add_workers, talk_of
from ..pages import check_report, page_path, write_page
from ..recording import add_recording, record_check
from ..results import conclude, json_problems
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes, json_line, json_name, local_time, percentage, printable, spare
from ..values import argument, directory, path
from ..verdicts import condition, harms, losses, remedy

if TYPE_CHECKING:
    from pybackup.archive.volume_set import SetAtHand
    from pybackup.check.compare import Difference
    from pybackup.check.set_totals import SetTotal
    from pybackup.check.verify import Verdict
    from pybackup.mend.health import Health

EPILOG = """\
Prints one line for an archive that is intact, none with --quiet. Else the first line says whether anything is lost, and
what to do; then comes what is damaged or different, each thing once. Of several archives, volumes of a set or not, the
worst gives the exit status; of a directory all archives in it are meant.
What is said of a volume is of that volume; a last line counts each file of the set once.

examples:
  pybackup verify docs.xtar
  pybackup verify --deep docs.xtar
  pybackup verify docs.xtar --against ~/docs
  pybackup verify docs.xtar --html docs-health.html
  pybackup verify discs/ /dev/sr0
"""

_STATUSES = {"intact": Status.DONE, "repairable": Status.REPAIRABLE, "beyond": Status.BEYOND}


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_archive(parser)
    parser.add_argument("more", metavar="MORE", nargs="*", type=argument(path), help="more archives or volumes")
    parser.set_defaults(compared=False)
    group = parser.add_argument_group("how much is checked")
    group.add_argument("--deep", action="store_true", help="also decompress every file and check its content's hash")
    group.add_argument(
        "--against",
        metavar="DIR",
        type=argument(directory),
        help="also compare with what was archived, or extracted: content, size, mode, owner, time, type",
    )
    add_workers(group)
    add_recording(parser, checks=True)
    add_talk(parser)
    add_overwrite(parser, "a page")
    parser.add_argument(
        "--html",
        metavar="FILE",
        type=argument(page_path),
        help="also write FILE.html for a browser: a map of the volume, and which files are touched",
    )


def perform(options: argparse.Namespace) -> int:
    """Check each archive, and compare with a directory if there is one; the worst of the statuses is the status."""
    from pybackup.archive.find import files_of
    from pybackup.archive.volume_set import sets_among, tell_of_missing

    archives = files_of([options.archive, *options.more])
    if options.html is not None and len(archives) > 1:
        raise UsageError("verify: --html is for one archive")
    # A program that reads JSON is not who reads what is said besides.
    results = {Trouble.DIFFERENT} if options.json else {Trouble.DIFFERENT, Trouble.DAMAGED}
    with talk_of(options, options.archive, results) as talk:
        verdicts: list[Verdict] = []
        # Looked up when they are needed first, which may be at the end, and no more than once.
        sets = cache(lambda: sets_among(archives)) if len(archives) > 1 else None
        state = max(_verify(options, archive, sets, verdicts, talk) for archive in archives)
        if sets:
            _tell_totals(options, sets(), verdicts)
            tell_of_missing(sets(), archives, talk, is_problem=True)
        problems = conclude(talk)
        return state or problems


def _verify(
    options: argparse.Namespace,
    archive: bytes,
    sets: Callable[[], Sequence[SetAtHand]] | None,
    verdicts: list[Verdict],
    talk: Talk,
) -> Status:
    from pybackup.check.compare import compare
    from pybackup.check.spared import with_spared
    from pybackup.check.verify import verify
    from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX

    check_report(options.html, (archive, archive + SIDECAR_SUFFIX), replace=options.overwrite)
    before = len(talk.problems)
    try:
        verdict = verify(archive, deep=options.deep, workers=options.workers, monitor=talk)
    except (FormatError, EnvironmentFailed) as error:
        if sets is None:
            raise
        # The others are to be checked all the same.
        return _tell_failure(options, archive, error, talk)
    if sets and verdict.files_damaged:
        verdict = with_spared(verdict, sets())
    verdicts.append(verdict)
    record_check(options, "verify", archive, verdict, talk)
    differences: Sequence[Difference] = ()
    if options.against is not None and not options.compared:
        # All volumes at once: each alone lacks what the others have.
        options.compared = True
        differences = compare(options.archive, options.against, *options.more, monitor=talk).differences
    talk.end()
    if options.json:
        deliver([_json(options, archive, verdict, differences, talk)])
    else:
        damaged = (problem for problem in talk.problems[before:] if problem.trouble is Trouble.DAMAGED)
        reasons = {problem.path: problem.reason for problem in damaged}
        deliver_lines(_lines(options, archive, verdict, reasons, differences))
    if options.html is not None:
        _write_page(options, verdict, differences, talk)
    return _STATUSES[verdict.state]


def _tell_failure(
    options: argparse.Namespace, archive: bytes, error: FormatError | EnvironmentFailed, talk: Talk
) -> Status:
    """Say of one archive among several that nothing can be said of its content, and why."""
    talk.end()
    reason = error.without(archive)
    if isinstance(error, EnvironmentFailed):
        talk.problem(Problem(archive, Trouble.UNREADABLE, reason))
        return Status.ENVIRONMENT
    talk.problem(Problem(archive, Trouble.DAMAGED, reason))
    if options.json:
        deliver([json_line({"archive": json_name(archive), "state": "beyond", "failure": reason})])
    else:
        deliver_lines([f"{display(archive)}: damaged beyond repair: {printable(reason)}"])
    return Status.BEYOND


def _tell_totals(options: argparse.Namespace, sets: Sequence[SetAtHand], verdicts: Sequence[Verdict]) -> None:
    """Say what the volumes of a set hold together."""
    from pybackup.check.set_totals import totals

    found = totals(sets, verdicts)
    if options.json:
        deliver(map(_total_json, found))
    elif not options.quiet:
        deliver_lines(map(_total_line, found))


def _total_line(total: SetTotal) -> str:
    lost = f"; {count(len(total.lost), 'file')} lost" if total.lost else ""
    elsewhere = f"; {count(total.elsewhere, 'more file')} not here, or not all of it" if total.elsewhere else ""
    what = f"{count(total.files, 'file')}, {humane_bytes(total.n_bytes)}, each counted once"
    return f"{printable(total.name)}: {len(total.labels)} volumes: {what}{lost}{elsewhere}"


def _total_json(total: SetTotal) -> bytes:
    return json_line(
        {
            "set": total.name,
            "volumes": list(total.labels),
            "files": total.files,
            "content_bytes": total.n_bytes,
            "files_elsewhere": total.elsewhere,
            "files_lost": [json_name(path) for path in total.lost],
        }
    )


def _write_page(options: argparse.Namespace, verdict: Verdict, differences: Sequence[Difference], talk: Talk) -> None:
    from ..pages.verify_page import render_verify

    remarks = []
    if options.against is not None:
        remarks.append(f"{count(len(differences), 'difference')} to {display(options.against)}")
    reasons = {problem.path: problem.reason for problem in talk.problems}
    checked = f"checked {local_time(time.time())}"
    pieces = render_verify(options.archive, verdict, reasons=reasons, remarks=remarks, checked=checked)
    write_page(options.html, pieces, (options.archive,), replace=options.overwrite)


def _lines(
    options: argparse.Namespace,
    archive: bytes,
    verdict: Verdict,
    reasons: Mapping[bytes, str],
    differences: Sequence[Difference],
) -> Iterator[str]:
    name = display(archive)
    health = verdict.health
    if verdict.state == "intact":
        if not options.quiet:
            yield f"{name}: intact: {_content(verdict)}"
    else:
        yield f"{name}: {condition(verdict)}: {remedy(verdict)} ({_content(verdict)})"
    if health is not None and (health.state != "intact" or not options.quiet):
        yield f"  {_parity(health)}"
        yield from (
            f"  bad: {zone.bad:,} of {count(zone.sectors, 'sector')} of {zone.name}"
            for zone in health.zones
            if zone.bad
        )
        if health.appended_bytes:
            yield f"  appended: {health.appended_bytes:,} bytes that were not protected"
    yield from (f"  {said}" for part in (losses, harms) for said in part(verdict, reasons))
    for different in differences:
        yield f"{display(different.path)}: {', '.join(different.kinds)}: {printable(different.detail)}"
    if options.against is not None and not options.quiet:
        yield f"{name}: {count(len(differences), 'difference')} to {display(options.against)}"


def _content(verdict: Verdict) -> str:
    if verdict.way is None:
        return "no archive, checked by its checksums"
    from pybackup.check.set_totals import volume_of

    where = " on this volume" if volume_of(verdict) else ""
    return f"{count(verdict.files, 'file')}, {humane_bytes(verdict.n_bytes)}{where}"


def _parity(health: Health) -> str:
    shape = health.geometry
    if not shape.groups:
        return "parity: none, checksums only"
    bought = f"parity: {percentage(shape.parity_sectors, shape.data_sectors)}"
    if health.state == "intact":
        return f"{bought}, intact"
    if health.beyond:
        where = f" in {health.beyond:,} of {count(shape.groups, 'group')} of sectors" if shape.groups > 1 else ""
        return f"{bought}, and more than that is damaged{where}: beyond repair"
    return f"{bought}, {spare(health.margin)} of it left to spare"


def _health(health: Health) -> dict[str, Any]:
    shape = health.geometry
    return {
        "state": str(health.state),
        "data_sectors": shape.data_sectors,
        "parity_sectors": shape.parity_sectors,
        "groups": shape.groups,
        "groups_beyond": health.beyond,
        "margin": round(health.margin, 4),
        "bad_sectors": {zone.name: zone.bad for zone in health.zones},
        "bad_extents": [list(extent) for extent in health.extents],
    }


def _json(
    options: argparse.Namespace, archive: bytes, verdict: Verdict, differences: Sequence[Difference], talk: Talk
) -> bytes:
    from pybackup.check.set_totals import volume_of

    volume = volume_of(verdict)
    fields = {
        "archive": json_name(archive),
        "volume": volume.label if volume else None,
        "state": str(verdict.state),
        "deep": options.deep,
        "files": verdict.files,
        "content_bytes": verdict.n_bytes,
        "found_by": None if verdict.way is None else str(verdict.way),
        "parity": None if verdict.health is None else _health(verdict.health),
        "damage": list(verdict.damage),
        "missing": verdict.missing,
        "files_damaged": [json_name(path) for path in verdict.files_damaged],
        "files_lost": [json_name(path) for path in verdict.lost],
        "whole_on_another_volume": [json_name(path) for path in verdict.spared],
        "problems": json_problems(talk),
    }
    if options.against is not None:
        fields["against"] = json_name(options.against)
        fields["differences"] = [
            {"path": json_name(found.path), "kinds": list(found.kinds), "detail": found.detail} for found in differences
        ]
    return json_line(fields)
