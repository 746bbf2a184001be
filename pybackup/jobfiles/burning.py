"""Burning the images of a job, each onto a disc of its own, with hooks around each, which can have the disc changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pybackup.errors import PybackupError
from pybackup.monitor import Monitor
from pybackup.options.discs import DiscBurnRequest

from .job import Job
from .moments import around
from .recording import record_disc
from .report import Report

if TYPE_CHECKING:
    from pybackup.disc.burn import ReadBack

Fail = Callable[[BaseException], None]


def burn_images(job: Job, images: Sequence[str], monitor: Monitor, report: Report, fail: Fail) -> None:
    """Burn images; those that are not on a disc afterwards are in ``report.to_burn``.

    After a failure no further image is burnt, as there may be no disc, or no drive.

    Parameters
    ----------
    fail
        Called with the error if burning one fails.
    """
    settings = _settings(job)
    report.to_burn += images
    if not settings:
        return
    from pybackup.disc.on_medium import archive_ids_in

    kept = set[bytes]()
    for image in images:
        with around(job, report, "burn", {"file": image, "device": str(settings["device"])}) as step:
            if step.is_on:
                try:
                    found = _burn(image, settings, frozenset(kept), job, monitor)
                except (PybackupError, OSError) as error:
                    fail(error)
                    step.state = "fail"
                else:
                    kept |= archive_ids_in(os.fsencode(image))
                    step.state = _judge(image, found, report)
                    if step.state != "fail":
                        report.to_burn.remove(image)
        if step.state == "fail":
            return


def _settings(job: Job) -> dict[str, Any]:
    value = job.get("burn")
    return {"device": value} if isinstance(value, str) else dict(value or {})


def _burn(image: str, settings: dict[str, Any], kept: frozenset[bytes], job: Job, monitor: Monitor) -> ReadBack | None:
    from pybackup.disc.burn import perform_burn, plan_burn, read_back
    from pybackup.media.burner import eject

    asked = DiscBurnRequest(image, **{"verify": True, **settings})
    path, device = os.fsencode(image), os.fsencode(settings["device"])
    plan = plan_burn(path, device, asked.burning(kept), monitor=monitor)
    perform_burn(plan, monitor)
    found = read_back(plan, monitor) if asked.verify else None
    eject(device)
    record_disc(job, path, device, found, monitor)
    return found


def _judge(image: str, found: ReadBack | None, report: Report) -> str:
    """Return the state of the step in one word. A disc that does not read back as written is a failure of the run."""
    if found is None or found.state.value == "intact":
        return "ok"
    bad = f"{image}: {found.unreadable + found.different:,} of {found.sectors:,} sectors do not read back"
    if found.state.value == "beyond":
        report.take_failure(f"{bad}, more than parity makes up for: burn it again, on another disc")
        return "fail"
    report.take_failure(f"{bad}; parity makes up for them: burn another disc, and keep this one as a spare")
    return "problems"
