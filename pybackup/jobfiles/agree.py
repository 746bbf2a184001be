"""Which keys of a job contradict each other, once all files are merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .hooks import hooks_that_never_run
from .job import Job

# Tables, with the options that say the same: a job has one or the other.
_TWICE: Mapping[str, tuple[str, ...]] = {
    "known": ("skip_known", "known_copies", "known_unchecked"),
    "require": ("require_mounted", "require_files"),
}


def contradictions(job: Job) -> Iterator[tuple[str, str]]:
    """Yield keys of a job that contradict other keys of it, each with the reason."""
    for hook in hooks_that_never_run(job.hooks, job.mode, burns="burn" in job.settings):
        yield "hook", hook
    for table, keys in _TWICE.items():
        for key in keys:
            if table in job.settings and key in job.settings:
                yield key, f"stands beside {table}, which says the same: give one of them"
    if "burn" in job.settings and "images" not in job.settings:
        yield "burn", "there is nothing to burn without the key images, which says where images of discs are built"


def skips_known(job: Job) -> bool:
    """Whether a job leaves out files of which enough media have copies."""
    known = job.get("known", False)
    return bool(known.get("skip", True) if isinstance(known, dict) else known)
