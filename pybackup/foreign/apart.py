"""Looking into archives of other programs in a separate process, whose memory and time are limited."""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pybackup.errors import EnvironmentFailed
from pybackup.host.second_process import FirstProcess, Message, SecondProcess, second_process
from pybackup.model.filed import Filed
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .budget import Budget, limits_of
from .form import HEAD_BYTES, ForeignForm, form_by_head
from .look import Look, Reader

# Added to what the process has already; dictionaries of xz and 7z take up to half of it.
_MEMORY_BYTES = 1 << 30
_GRACE_SECONDS = 10
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class _Wanted(Message):
    """To the second process: look into this archive."""

    file: bytes
    form: ForeignForm
    path: bytes
    prefix: bytes
    nested: int


@dataclass(frozen=True, slots=True)
class _Files(Message):
    """From the second process: some of the files that are in the archive."""

    files: list[Filed]


@dataclass(frozen=True, slots=True)
class _Done(Message):
    """From the second process: there are no more files, and this was wrong with the archive."""

    problems: list[Problem]
    notes: list[str]


class Looker:
    """Looks into archives, one after the other; use it in a ``with``.

    Parameters
    ----------
    readers
        A reader for each form.
    hashed, depth
        See `Look`.
    """

    def __init__(self, readers: Mapping[ForeignForm, Reader], *, hashed: bool, depth: int, monitor: Monitor) -> None:
        self._readers = readers
        self._hashed = hashed
        self._depth = depth
        self._monitor = monitor
        self._stack = ExitStack()
        self._process: SecondProcess | None = None

    def inside(self, file: bytes, form: ForeignForm, path: bytes, *, medium: bool = False) -> Iterator[Filed]:
        """Yield the files in an archive; what is wrong with it is reported to the monitor.

        Parameters
        ----------
        file
            The path of the archive here.
        path
            Its path on its medium, with which the paths of its files begin.
        medium
            Whether it is an image of the medium itself, so that its files are not in any archive.
        """
        process = self._process or self._start()
        if process is None:
            reason = "cannot be looked into: no process can be started for it"
            self._monitor.problem(Problem(path, Trouble.UNREADABLE, reason))
            return
        prefix, nested = (b"", 0) if medium else (path + b"/", 1)
        try:
            process.send(_Wanted(file, form, path, prefix, nested))
            while not isinstance(said := process.receive(), _Done):
                assert isinstance(said, _Files)
                yield from said.files
        except EnvironmentFailed:
            self._stop()
            reason = "not looked into to its end: it takes more memory or time than it may"
            self._monitor.problem(Problem(path, Trouble.REFUSED, reason))
            return
        for problem in said.problems:
            self._monitor.problem(problem)
        for note in said.notes:
            self._monitor.note(note)

    def _start(self) -> SecondProcess | None:
        self._process = self._stack.enter_context(second_process(self._serve, "looks into archives"))
        return self._process

    def _stop(self) -> None:
        self._process = None
        self._stack.close()

    def _serve(self, first: FirstProcess) -> None:
        """In the second process: look into the archives that the first one asks for."""
        _limit_memory()
        for wanted in first.messages():
            assert isinstance(wanted, _Wanted)
            first.send(self._look(wanted, first))

    def _look(self, wanted: _Wanted, first: FirstProcess) -> _Done:
        some: list[Filed] = []

        def emit(filed: Filed) -> None:
            some.append(filed)
            if len(some) == _BATCH:
                first.send(_Files(some))
                some.clear()

        try:
            with open(wanted.file, "rb") as file:
                limits = limits_of(file.seek(0, os.SEEK_END), wanted.form)
                file.seek(0)
                _limit_time(limits.seconds + _GRACE_SECONDS)
                look = Look(self._readers, Budget(limits), hashed=self._hashed, depth=self._depth, emit=emit)
                look.into(file, wanted.form, wanted.path, wanted.prefix, wanted.nested)
        except OSError as error:
            return _Done([Problem(wanted.path, Trouble.UNREADABLE, error.strerror or str(error))], [])
        first.send(_Files(some))
        return _Done(look.problems, look.notes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()


def form_of_file(path: bytes) -> ForeignForm | None:
    """Return the form of an archive by its first bytes; None for anything else.

    Raises
    ------
    OSError
        It cannot be read.
    """
    with open(path, "rb") as file:
        return form_by_head(file.read(HEAD_BYTES))


def _limit_memory() -> None:
    """Limit the memory of this process to what it has now and a fixed amount, if the system says what it has."""
    with contextlib.suppress(OSError, ValueError), open("/proc/self/statm", "rb") as told:
        most = int(told.read().split()[0]) * resource.getpagesize() + _MEMORY_BYTES
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _limit_time(seconds: float) -> None:
    """Have the system kill this process after so many more seconds of processor time, whatever it does."""
    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        most = int(time.process_time() + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
