"""Which keys of a job contradict each other, once all files are merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .hooks import hooks_that_never_run
from .job import Job
from .levels import needs_chain

# Keys that say of one table what others say alone.
_TWICE: Mapping[str, tuple[str, ...]] = {
    "known": ("since_catalogue", "known_copies", "known_unchecked"),
    "require": ("require_mounted", "require_files"),
}


def contradictions(job: Job) -> Iterator[tuple[str, str]]:
    """Yield keys of a job that make no sense beside others, and why."""
    for hook in hooks_that_never_run(job.hooks, job.mode, burns="burn" in job.settings):
        yield "hook", hook
    for table, keys in _TWICE.items():
        for key in keys:
            if table in job.settings and key in job.settings:
                yield key, f"stands beside {table}, which says that too"
    if skips_known(job) and (job.get("chain") or job.get("since_archive") or needs_chain(job.get("level"))):
        yield "known", "goes with no chain and no earlier archive: what is left out then is told by no archive"
    if "burn" in job.settings and "images" not in job.settings:
        yield "burn", "there is nothing to burn without the key images, which says where images of discs are built"


def skips_known(job: Job) -> bool:
    """Whether a job leaves out the files that enough media hold."""
    known = job.get("known", False)
    return bool(known.get("skip", True) if isinstance(known, dict) else known)
