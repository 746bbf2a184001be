"""Recording in the catalogue, where there is one, what a verb made or found; a failure to do so undoes nothing."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from pybackup.errors import PybackupError
from pybackup.host.second_process import FirstProcess, Message, SecondProcess, is_worth_it, second_process
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor, Noted

from .monitor import Talk
from .text import display

if TYPE_CHECKING:
    from pybackup.catalogue.connect import Catalogue
    from pybackup.check.verdict import ArchiveVerdict
    from pybackup.disc.burn import ReadBack
    from pybackup.mend.repaired import Repaired
    from pybackup.model.catalogued import MediumCheck


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


_Record: TypeAlias = "Callable[[Catalogue, Monitor], None]"


@dataclass(frozen=True, slots=True)
class _Wanted(Message):
    """To the second process: write this down."""

    record: _Record


@dataclass(frozen=True, slots=True)
class _Done(Message):
    """From the second process: what there is to say of it, and why it could not be done."""

    notes: Sequence[str]
    problems: Sequence[Problem]
    failure: str = ""


@contextmanager
def recording(options: argparse.Namespace) -> Iterator[None]:
    """Have all that is recorded in the block written down by a second process, which gets ready for it meanwhile.

    Loading a database takes a quarter of a second, which is much beside a small disc; in a thread it would take as much
    from the work, since only one of them runs Python at a time. Other processes and threads are begun inside of the
    block, and what both processes need is loaded before.
    """
    from pybackup.catalogue.default import configured

    address = None
    with suppress(PybackupError, ModuleNotFoundError):  # told when something is to be written down
        address = configured(options.catalogue)
    if address is None or not is_worth_it():
        yield
        return
    with second_process(partial(_serve, address), "writes in the catalogue") as process:
        options.recorder = process
        yield


def _serve(address: str, first: FirstProcess) -> None:
    """In the second process: write down what the first one asks for."""
    with suppress(PybackupError, ImportError):  # told when it is used
        import pybackup.jobs.catalogue_record  # noqa: F401 - for all that it needs
        from pybackup.catalogue.connect import existing

        # The driver of the database. It is not connected to yet: who knows how long the work takes.
        existing(address).close()
    for wanted in first.messages():
        assert isinstance(wanted, _Wanted)
        heard = Noted()
        failure = _written(address, wanted.record, heard)
        first.send(_Done(heard.notes, heard.problems, failure))


def record_archives(options: argparse.Namespace, paths: Sequence[bytes], talk: Talk) -> None:
    """Write down archives that were made."""
    _record(options, partial(_archives, list(paths)), talk)


def _archives(paths: Sequence[bytes], catalogue: Catalogue, monitor: Monitor) -> None:
    from pybackup.jobs.catalogue_record import record_archives

    record_archives(catalogue, paths, monitor)


def record_for_discs(options: argparse.Namespace, paths: Sequence[bytes], talk: Talk) -> None:
    """Write down what was made to be burnt."""
    _record(options, partial(_for_discs, list(paths)), talk)


def _for_discs(paths: Sequence[bytes], catalogue: Catalogue, monitor: Monitor) -> None:
    from pybackup.jobs.catalogue_record import record_for_discs

    record_for_discs(catalogue, paths, monitor)


def record_burnt(options: argparse.Namespace, image: bytes, device: bytes, found: ReadBack | None, talk: Talk) -> None:
    """Write down that an image was burnt, and what came of reading it back."""
    _record(options, partial(_burnt, image, device, found), talk)


def _burnt(image: bytes, device: bytes, found: ReadBack | None, catalogue: Catalogue, monitor: Monitor) -> None:
    from pybackup.jobs.catalogue_record import health_read_back, record_burnt

    health = None if found is None else health_read_back(found, device)
    for known in record_burnt(catalogue, image, device, health, monitor):
        monitor.note(f"{display(device)}: in the catalogue as {known.label}")


def record_check(options: argparse.Namespace, verb: str, path: bytes, verdict: ArchiveVerdict, talk: Talk) -> None:
    """Write down what a check found."""
    must = bool(options.catalogue or options.medium or verdict.state.value == "beyond")
    found = _checked(f"{verb} {display(path)}", verdict)
    _record(options, partial(_check, path, found, options.medium, must), talk)


def _check(path: bytes, found: MediumCheck, label: str, must: bool, catalogue: Catalogue, monitor: Monitor) -> None:
    from pybackup.jobs.catalogue_record import record_check

    if not record_check(catalogue, path, found, monitor, label=label) and must:
        monitor.note(f"{display(path)}: nothing says which medium of the catalogue it is; --medium does")


def record_repair(options: argparse.Namespace, done: Repaired, talk: Talk) -> None:
    """Write down how the first copy was found, and that it is whole where it was mended in place."""
    _record(options, partial(_repair, options.copies[0], done, options.medium), talk)


def _repair(copy: bytes, done: Repaired, label: str, catalogue: Catalogue, monitor: Monitor) -> None:
    from pybackup.jobs.catalogue_record import record_repair

    if not record_repair(catalogue, copy, done, monitor, label=label) and label:
        monitor.note(f"{display(copy)}: nothing in it tells which medium it is")


def _checked(means: str, verdict: ArchiveVerdict) -> MediumCheck:
    from pybackup.model.catalogued import MediumCheck

    health = verdict.health
    if health is None:
        return MediumCheck(time.time_ns(), verdict.state.value, means=means)
    margin = health.margin if health.geometry.groups else None
    bad, sectors = int(health.bad.sum()), health.geometry.sectors
    return MediumCheck(time.time_ns(), verdict.state.value, bad, sectors, margin, means)


def _record(options: argparse.Namespace, record: _Record, talk: Talk) -> None:
    """Have something written down by the second process, or do so where there is none."""
    try:
        done = _asked(getattr(options, "recorder", None), record) or _Done((), (), _recorded(options, record, talk))
    except PybackupError as error:
        done = _Done((), (), str(error))
    for note in done.notes:
        talk.note(note)
    for problem in done.problems:
        talk.problem(problem)
    if done.failure:
        talk.problem(Problem(b"", Trouble.UNRECORDED, done.failure))


def _asked(process: SecondProcess | None, record: _Record) -> _Done | None:
    if process is None:
        return None
    process.send(_Wanted(record))
    done = process.receive()
    assert isinstance(done, _Done)
    return done


def _recorded(options: argparse.Namespace, record: _Record, monitor: Monitor) -> str:
    from pybackup.catalogue.default import configured

    try:
        address = configured(options.catalogue)
    except (PybackupError, ModuleNotFoundError) as error:
        return str(error)
    return "" if address is None else _written(address, record, monitor)


def _written(address: str, record: _Record, monitor: Monitor) -> str:
    """Write down in the catalogue; return why that failed, or an empty text."""
    try:
        from pybackup.catalogue.connect import open_catalogue

        with open_catalogue(address) as catalogue:
            record(catalogue, monitor)
    except (PybackupError, ModuleNotFoundError) as error:
        return str(error)
    return ""
