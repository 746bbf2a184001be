"""Recording in the catalogue, where there is one, what a verb made or found; a failure to do so undoes nothing."""

from __future__ import annotations

import argparse
import atexit
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from pybackup.errors import PybackupError
from pybackup.model.problem import Problem, Trouble
from pybackup.threads import InThread

from .monitor import Talk
from .text import display

if TYPE_CHECKING:
    from pybackup.catalogue.connect import Catalogue
    from pybackup.check.verdict import ArchiveVerdict
    from pybackup.disc.burn import ReadBack
    from pybackup.mend.repaired import Repaired
    from pybackup.model.catalogued import Medium, MediumCheck


def add_recording(parser: argparse.ArgumentParser | argparse._ArgumentGroup, *, checks: bool = False) -> None:
    """Add where it is written down."""
    what = "what is found" if checks else "what is made"
    parser.add_argument(
        "--catalogue",
        metavar="URL",
        help=f"where {what} is written down; none: nowhere (default: $PYBACKUP_CATALOGUE, the configuration's, "
        "else your own if there)",
    )
    if checks:
        parser.add_argument(
            "--medium",
            metavar="LABEL",
            default="",
            help="which medium of the catalogue it is (default: by its content)",
        )


_loading: InThread[None] | None = None


def load_meanwhile(options: argparse.Namespace) -> None:
    """Load what recording needs in a thread, while the work whose outcome is recorded waits for a disk.

    A database takes a quarter of a second to load, which is much beside a small disc. Who forks at once gains nothing,
    and need not call it: a fork waits until all is loaded, since a child would wait for ever for what is half loaded.
    """
    global _loading
    from pybackup.catalogue.default import configured

    # That it cannot be known, or that no more threads may be started, is told or does no harm later.
    with suppress(PybackupError, ModuleNotFoundError, RuntimeError):
        if _loading is None and configured(options.catalogue) is not None:
            _loading = InThread(_load)
            os.register_at_fork(before=_loading.join)
            atexit.register(_loading.join)


def _load() -> None:
    with suppress(ImportError):  # told when it is used
        import pybackup.jobs.catalogue_record  # noqa: F401 - for all that it needs


def record_archives(options: argparse.Namespace, paths: Sequence[bytes], talk: Talk) -> None:
    """Write down archives that were made."""

    def record(catalogue: Catalogue) -> None:
        from pybackup.jobs.catalogue_record import record_archives

        record_archives(catalogue, paths, talk)

    _record(options, record, talk)


def record_for_discs(options: argparse.Namespace, paths: Sequence[bytes], talk: Talk) -> None:
    """Write down what was made to be burnt."""

    def record(catalogue: Catalogue) -> None:
        from pybackup.jobs.catalogue_record import record_for_discs

        record_for_discs(catalogue, paths, talk)

    _record(options, record, talk)


def record_burnt(options: argparse.Namespace, image: bytes, device: bytes, found: ReadBack | None, talk: Talk) -> None:
    """Write down that an image was burnt, and what came of reading it back."""

    def record(catalogue: Catalogue) -> None:
        from pybackup.jobs.catalogue_record import health_read_back, record_burnt

        health = None if found is None else health_read_back(found, device)
        _tell(record_burnt(catalogue, image, device, health, talk), device, talk)

    _record(options, record, talk)


def record_check(options: argparse.Namespace, verb: str, path: bytes, verdict: ArchiveVerdict, talk: Talk) -> None:
    """Write down what a check found."""

    def record(catalogue: Catalogue) -> None:
        from pybackup.jobs.catalogue_record import record_check

        found = record_check(catalogue, path, _checked(f"{verb} {display(path)}", verdict), talk, label=options.medium)
        if not found and (options.catalogue or options.medium or verdict.state.value == "beyond"):
            talk.note(f"{display(path)}: nothing says which medium of the catalogue it is; --medium does")

    _record(options, record, talk)


def record_repair(options: argparse.Namespace, done: Repaired, talk: Talk) -> None:
    """Write down how the first copy was found, and that it is whole where it was mended in place."""

    def record(catalogue: Catalogue) -> None:
        from pybackup.jobs.catalogue_record import record_repair

        if not record_repair(catalogue, options.copies[0], done, talk, label=options.medium) and options.medium:
            talk.note(f"{display(options.copies[0])}: nothing in it tells which medium it is")

    _record(options, record, talk)


def _checked(means: str, verdict: ArchiveVerdict) -> MediumCheck:
    from pybackup.model.catalogued import MediumCheck

    health = verdict.health
    if health is None:
        return MediumCheck(time.time_ns(), verdict.state.value, means=means)
    margin = health.margin if health.geometry.groups else None
    bad, sectors = int(health.bad.sum()), health.geometry.sectors
    return MediumCheck(time.time_ns(), verdict.state.value, bad, sectors, margin, means)


def _tell(media: Sequence[Medium], device: bytes, talk: Talk) -> None:
    for known in media:
        talk.note(f"{display(device)}: in the catalogue as {known.label}")


def _record(options: argparse.Namespace, record: Callable[[Catalogue], None], talk: Talk) -> None:
    from pybackup.catalogue.default import configured

    try:
        address = configured(options.catalogue)
        if address is None:
            return
        from pybackup.catalogue.connect import open_catalogue

        with open_catalogue(address) as catalogue:
            record(catalogue)
    except (PybackupError, ModuleNotFoundError) as error:
        talk.problem(Problem(b"", Trouble.UNRECORDED, str(error)))
