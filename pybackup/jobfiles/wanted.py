"""What the catalogue advises after a run: which files of the job have too few copies, which media are to be checked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pybackup.options import values

from .history import runs
from .job import Job
from .report import Report

if TYPE_CHECKING:
    from pybackup.catalogue.connect import Catalogue

_CHECK_EVERY = "1y"
_TIMES = {1: "once", 2: "twice"}


def burning_advice(job: Job, report: Report) -> Iterator[str]:
    """Yield which discs have to be burnt, how many of each, and for how many places."""
    copies = job.get("copies", {})
    want, places = copies.get("want", 1), copies.get("places", 1)
    often = f" {_TIMES.get(want, f'{want} times')}" if want > 1 else ""
    apart = f", and keep the discs in {places} places" if places > 1 else ""
    verb = "burn" if job.get("images") or job.mode == "stage" else "build an image of, and burn,"
    yield from (f"{verb} {path}{often}{apart}" for path in report.to_burn)


def catalogue_advice(catalogue: Catalogue, job: Job, report: Report) -> Iterator[str]:
    """Yield which copies that the job wants are missing, and which of its media are due for a check."""
    copies = job.get("copies", {})
    mine = _identities(job, report)
    limit_ns = time.time_ns() - values.age(copies.get("max_age_of_check", _CHECK_EVERY))
    if copies:
        yield from _too_few(catalogue, mine, copies, limit_ns if "max_age_of_check" in copies else None)
    yield from _due(catalogue, mine, limit_ns)


def _too_few(catalogue: Catalogue, mine: set[bytes], copies: dict[str, Any], since_ns: int | None) -> Iterator[str]:
    from pybackup.catalogue.risk import exposed

    want, places = copies["want"], copies.get("places", 1)
    for found in exposed(catalogue, want, places=places, checked_since_ns=since_ns):
        # Discs that are not burnt yet are in `burning_advice`.
        on = [known for known in found.media if known.seen_ns is not None]
        if found.volume.identity in mine and on:
            labels = ", ".join(f"{known.label} ({known.place or 'place not known'})" for known in on)
            wanted = f"fewer than {want} sound copies" + (f" in {places} places" if places > 1 else "")
            yield f"make one more copy of {labels}: {found.files:,} files on it have {wanted}"


def _due(catalogue: Catalogue, mine: set[bytes], limit_ns: int) -> Iterator[str]:
    from pybackup.catalogue.health import due

    for known, reason in due(catalogue, limit_ns):
        last_ns = known.checked_ns or known.seen_ns
        # What this run has made was read back just now.
        if known.volume.identity in mine and last_ns is not None and (reason or last_ns < limit_ns):
            day = time.strftime("%Y-%m-%d", time.localtime(last_ns / 10**9))
            yield f"check {known.label} ({known.place or 'place not known'}): {reason or f'not read since {day}'}"


def _identities(job: Job, report: Report) -> set[bytes]:
    """Return the ids in the catalogue of everything that the job has ever made, by the history and this run."""
    told = {made.identity for made in report.made}
    for run in runs(job.name):
        told |= {str(made.get("identity", "")) for made in run.get("made", ()) if isinstance(made, dict)}
    return {bytes.fromhex(each) for each in told if len(each) % 2 == 0 and set(each) <= set("0123456789abcdef")} - {b""}
