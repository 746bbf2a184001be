"""pybackup verify."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.model.problem import Trouble
from pybackup.options.checking import CompareRequest, VerifyRequest, VerifySetRequest

from ..json_form import fields_of, json_line
from ..monitor import Talk
from ..options import add_option, add_options, add_talk, argument, talk_of
from ..pages import check_report, page_path, write_page
from ..recording import add_recording, record_check, recording
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes, local_time, percentage, printable, spare
from ..verdicts import condition, harms, losses, remedy

if TYPE_CHECKING:
    from pybackup.check.compare import Difference
    from pybackup.check.set_totals import SetTotal
    from pybackup.check.verdict import ArchiveVerdict
    from pybackup.jobs.verify import Verified
    from pybackup.mend.health import Health

EPILOG = """\
Prints one line for an intact archive, none with --quiet. For a damaged one the first line says whether anything is lost
and what to do; then all damage and differences follow, each once. A directory stands for all archives in it; the exit
status of several archives is that of the worst.
The lines of a volume are about that volume alone; a last line counts each file of the set once.

examples:
  pybackup verify docs.xtar
  pybackup verify --deep docs.xtar
  pybackup verify docs.xtar --against ~/docs
  pybackup verify docs.xtar --html docs-health.html
  pybackup verify discs/ /dev/sr0
"""

_STATUSES = {"intact": Status.DONE, "repairable": Status.REPAIRABLE, "beyond": Status.BEYOND}


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, VerifyRequest, CompareRequest)
    add_option(parser, VerifySetRequest, "archives", "more")
    parser.set_defaults(compared=False)
    add_recording(parser, checks=True)
    add_talk(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace an existing page")
    parser.add_argument(
        "--html",
        metavar="FILE",
        type=argument(page_path),
        help="also write a page for a browser: a map of the volume, and the damaged files",
    )


def perform(options: argparse.Namespace) -> int:
    """Check each archive, and compare it with a directory if one is given; return the worst exit status."""
    from pybackup.jobs.verify import Verification

    # With JSON on standard output, damage is also printed for people on standard error.
    results = {Trouble.DIFFERENT} if options.json else {Trouble.DIFFERENT, Trouble.DAMAGED}
    with talk_of(options, options.archive, results) as talk, recording(options):
        given = [options.archive, *options.more]
        verification = Verification(given, deep=options.deep, workers=options.workers, monitor=talk)
        if options.html is not None:
            _check_page(options, verification.archives)
        state = max(_tell(options, found, talk) for found in verification.each())
        talk.finish()
        _tell_totals(options, verification.totals())
        problems = conclude(talk)
        return state or problems


def _check_page(options: argparse.Namespace, archives: Sequence[bytes]) -> None:
    from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX

    if len(archives) > 1:
        raise UsageError("verify: --html is for one archive")
    read = [name for archive in archives for name in (archive, archive + SIDECAR_SUFFIX)]
    check_report(options.html, read, replace=options.overwrite)


def _tell(options: argparse.Namespace, found: Verified, talk: Talk) -> Status:
    """Print the verdict on an archive, with the first also the differences from a directory; return its status."""
    from pybackup.check.compare import compare

    verdict = found.verdict
    if verdict is None:
        return _tell_failure(options, found, talk)
    record_check(options, "verify", found.archive, verdict, talk)
    differences: Sequence[Difference] = ()
    if options.against is not None and not options.compared:
        # All volumes are compared at once: each alone lacks the files of the others.
        options.compared = True
        differences = compare(options.archive, options.against, *options.more, monitor=talk).differences
    with talk.aside():
        if options.json:
            deliver([_json(options, found.archive, verdict, differences, talk)])
        else:
            deliver_lines(_lines(options, found.archive, verdict, differences))
    if options.html is not None:
        _write_page(options, verdict, differences)
    return _STATUSES[verdict.state]


def _tell_failure(options: argparse.Namespace, found: Verified, talk: Talk) -> Status:
    """Print why one of several archives could not be checked, and return its status."""
    assert found.failure is not None
    if isinstance(found.failure, EnvironmentFailed):
        return Status.ENVIRONMENT
    reason = found.failure.without(found.archive)
    with talk.aside():
        if options.json:
            deliver([json_line({"archive": found.archive, "state": "beyond", "failure": reason})])
        else:
            deliver_lines([f"{display(found.archive)}: damaged beyond repair: {printable(reason)}"])
    return Status.BEYOND


def _tell_totals(options: argparse.Namespace, found: Sequence[SetTotal]) -> None:
    """Print what the volumes of a set hold together."""
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
    fields = fields_of(total, set="name", volumes="labels")
    fields |= fields_of(total, "files", content_bytes="n_bytes", files_elsewhere="elsewhere", files_lost="lost")
    return json_line(fields)


def _write_page(options: argparse.Namespace, verdict: ArchiveVerdict, differences: Sequence[Difference]) -> None:
    from ..pages.verify_page import render_verify

    remarks = []
    if options.against is not None:
        remarks.append(f"{count(len(differences), 'difference')} to {display(options.against)}")
    checked = f"checked {local_time(time.time())}"
    pieces = render_verify(options.archive, verdict, remarks=remarks, checked=checked)
    write_page(options.html, pieces, (options.archive,), replace=options.overwrite)


def _lines(
    options: argparse.Namespace,
    archive: bytes,
    verdict: ArchiveVerdict,
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
    yield from (f"  {said}" for part in (losses, harms) for said in part(verdict))
    for different in differences:
        yield f"{display(different.path)}: {', '.join(different.kinds)}: {printable(different.detail)}"
    if options.against is not None and not options.quiet:
        yield f"{name}: {count(len(differences), 'difference')} to {display(options.against)}"


def _content(verdict: ArchiveVerdict) -> str:
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
    return {
        "state": health.state,
        **fields_of(health.geometry, "data_sectors", "parity_sectors", "groups"),
        "groups_beyond": health.beyond,
        "margin": round(health.margin, 4),
        "bad_sectors": {zone.name: zone.bad for zone in health.zones},
        "bad_extents": health.extents,
    }


def _json(
    options: argparse.Namespace, archive: bytes, verdict: ArchiveVerdict, differences: Sequence[Difference], talk: Talk
) -> bytes:
    from pybackup.check.set_totals import volume_of

    volume = volume_of(verdict)
    fields = {
        "archive": archive,
        "volume": volume.label if volume else None,
        "state": verdict.state,
        "deep": options.deep,
        "files": verdict.files,
        "content_bytes": verdict.n_bytes,
        "found_by": verdict.way,
        "parity": None if verdict.health is None else _health(verdict.health),
        "damage": verdict.damage,
        "missing": verdict.missing,
        "files_damaged": verdict.files_damaged,
        "files_lost": verdict.lost,
        "whole_on_another_volume": verdict.spared,
        "problems": talk.problems,
    }
    if options.against is not None:
        fields["against"] = options.against
        fields["differences"] = differences
    return json_line(fields)
