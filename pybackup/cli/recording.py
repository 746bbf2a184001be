"""Recording in the catalogue, if there is one, what a verb made or found; if that fails, the verb's work is kept."""

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
    """Add the option for the catalogue that records the outcome; with ``checks``, also one that names the medium."""
    what = "what is found" if checks else "what is made"
    parser.add_argument(
        "--catalogue",
        metavar="URL",
        help=f"the catalogue that records {what}; none: no catalogue (default: $PYBACKUP_CATALOGUE, the "
        "configuration's, else your own if it exists)",
    )
    if checks:
        parser.add_argument(
            "--medium",
            metavar="LABEL",
            default="",
            help="the label in the catalogue of the medium checked (default: recognised by its content)",
        )


_Record: TypeAlias = "Callable[[Catalogue, Monitor], None]"


@dataclass(frozen=True, slots=True)
class _Wanted(Message):
    """Message to the second process: what to record in the catalogue."""

    record: _Record


@dataclass(frozen=True, slots=True)
class _Done(Message):
    """Message from the second process: the notes and problems of recording, and why it failed."""

    notes: Sequence[str]
    problems: Sequence[Problem]
    failure: str = ""


@contextmanager
def recording(options: argparse.Namespace) -> Iterator[None]:
    """Record everything that is recorded within the ``with`` by a second process, which starts up meanwhile.

    Loading the database library takes a quarter of a second, which is long compared with checking a small disc; a
    thread would slow the work down as much, since only one thread runs Python at a time. Other processes and threads
    have to be started within the ``with``. Modules that both processes need are loaded before the second one is forked.
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
    with suppress(PybackupError, ImportError):  # reported when the module is used
        import pybackup.jobs.catalogue_record  # noqa: F401 - loads everything that recording needs
        from pybackup.catalogue.connect import existing

        # The driver of the database. It is not connected to yet: who knows how long the work takes.
        existing(address).close()
    for wanted in first.messages():
        assert isinstance(wanted, _Wanted)
        heard = Noted()
        failure = _written(address, wanted.record, heard)
        first.send(_Done(heard.notes, heard.problems, failure))


def record_archives(options: argparse.Namespace, paths: Sequence[bytes], talk: Talk) -> None:
    """Record archives that were made."""
    _record(options, partial(_archives, list(paths)), talk)


def _archives(paths: Sequence[bytes], catalogue: Catalogue, monitor: Monitor) -> None:
    from pybackup.jobs.catalogue_record import record_archives

    record_archives(catalogue, paths, monitor)


def record_for_discs(options: argparse.Namespace, paths: Sequence[bytes], talk: Talk) -> None:
    """Record images that were made to be burnt, as discs that nobody has seen yet."""
    _record(options, partial(_for_discs, list(paths)), talk)


def _for_discs(paths: Sequence[bytes], catalogue: Catalogue, monitor: Monitor) -> None:
    from pybackup.jobs.catalogue_record import record_for_discs

    record_for_discs(catalogue, paths, monitor)


def record_burnt(options: argparse.Namespace, image: bytes, device: bytes, found: ReadBack | None, talk: Talk) -> None:
    """Record that an image was burnt, and the result of reading it back."""
    _record(options, partial(_burnt, image, device, found), talk)


def _burnt(image: bytes, device: bytes, found: ReadBack | None, catalogue: Catalogue, monitor: Monitor) -> None:
    from pybackup.jobs.catalogue_record import health_read_back, record_burnt

    health = None if found is None else health_read_back(found, device)
    for known in record_burnt(catalogue, image, device, health, monitor):
        monitor.note(f"{display(device)}: in the catalogue as {known.label}")


def record_check(options: argparse.Namespace, verb: str, path: bytes, verdict: ArchiveVerdict, talk: Talk) -> None:
    """Record the result of a check."""
    must = bool(options.catalogue or options.medium or verdict.state.value == "beyond")
    found = _checked(f"{verb} {display(path)}", verdict)
    _record(options, partial(_check, path, found, options.medium, must), talk)


def _check(path: bytes, found: MediumCheck, label: str, must: bool, catalogue: Catalogue, monitor: Monitor) -> None:
    from pybackup.jobs.catalogue_record import record_check

    if not record_check(catalogue, path, found, monitor, label=label) and must:
        monitor.note(f"{display(path)}: its medium in the catalogue was not recognised; name it with --medium")


def record_repair(options: argparse.Namespace, done: Repaired, talk: Talk) -> None:
    """Record the damage found in the first copy, and that it is intact if it was repaired in place."""
    _record(options, partial(_repair, options.copies[0], done, options.medium), talk)


def _repair(copy: bytes, done: Repaired, label: str, catalogue: Catalogue, monitor: Monitor) -> None:
    from pybackup.jobs.catalogue_record import record_repair

    if not record_repair(catalogue, copy, done, monitor, label=label) and label:
        monitor.note(f"{display(copy)}: its medium in the catalogue was not recognised")


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
