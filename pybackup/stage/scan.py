"""A scan of the watched directory: each file is compared with the state, and new and changed ones are taken in.

An unchanged file costs that comparison and no more. `intake` does what is to be done about the others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from pybackup.errors import UsageError
from pybackup.host.environment import environment
from pybackup.model.display import display
from pybackup.model.entry import directories_above
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Judge
from pybackup.monitor import Monitor

from .intake import CloseDisc, Intake, ScanCounts
from .look import Seen
from .marks import MarkedLook
from .state import StageState
from .values import ChangeKind, Comparison, KnownFile, OnFull, StageChange


class Scan:
    """One scan; the caller holds the lock of the staging directory.

    Parameters
    ----------
    judge
        Gives the reason to leave something out; None to keep all.
    close
        Closes a disc that is full.
    now_ns
        The time of the scan, in ns since the epoch.
    """

    def __init__(
        self, state: StageState, *, judge: Judge | None, close: CloseDisc, now_ns: int, monitor: Monitor
    ) -> None:
        self._state, self._settings = state, state.settings
        self._judge, self._now, self._monitor = judge, now_ns, monitor
        self._failed: set[bytes] = set()
        self.counts = ScanCounts()
        self._intake = Intake(state, self.counts, close, now_ns, monitor)

    def run(self) -> Iterator[StageChange]:
        """Scan, and yield each change as it is found and dealt with.

        Raises
        ------
        UsageError
            The watched directory has no files any more.
        EnvironmentFailed
            The staging directory cannot be written. What closing a disc raises is raised too.
        """
        intake = self._intake
        disc = intake.disc
        try:
            disc.open()
            intake.scan = self._state.begin_scan(self._now)
            yield from self._compare_all()
            yield from intake.put_onto_next_discs()
            if self._settings.on_full is not OnFull.ASK and disc.is_full:
                yield from intake.close_disc()
            self._state.end_scan(intake.scan, self._now, self.counts.files)
            if disc.is_marked:
                self._state.mark_clean(clean=True)
            intake.keep()
        finally:
            disc.leave()
        self.counts.waiting = len(self._state.waiting())

    def _compare_all(self) -> Iterator[StageChange]:
        watched, met, compare = self._settings.watched, False, self._settings.compare
        marks = {} if compare is Comparison.CHECKSUM else self._state.marks()
        visited: set[bytes] = set()
        emptied: list[bytes] = []  # nothing counts as deleted before a file is met: a tree without any is refused
        self._monitor.begin("scan", self._state.last_count(), 0)
        with environment(watched):
            for directory, files, mark, found in MarkedLook(watched, self._judge, marks, compare.value).all(self._fail):
                visited.add(directory)
                self.counts.files += files
                met = met or bool(files)
                self._monitor.advance(files, 0)
                if found is None:
                    continue
                known = self._state.files_in(directory)
                if self._are_as_they_were(known, found):
                    self._state.set_mark(directory, mark)
                    continue
                prefix = directory + b"/" if directory else b""
                for name, *status in found:
                    row = known.pop(os.fsencode(name), None)
                    if row is None or not self._is_as_it_was(row, *status):
                        yield from self._intake.consider(prefix + os.fsencode(name), row)
                if known and not met:
                    emptied.append(directory)
                elif known:
                    yield from self._gone(directory, known)
        self._monitor.end()
        if not met and self._state.has_files():
            files, _ = self._state.count_files()
            raise UsageError(
                f"{display(watched)}: has no file any more, where {files:,} were: is it mounted? If they are "
                "meant to be gone, leave one there"
            )
        emptied += list(self._state.watched_directories(but=visited))
        for directory in emptied:
            yield from self._gone(directory, self._state.files_in(directory))

    def _are_as_they_were(self, known: dict[bytes, KnownFile], found: Seen) -> bool:
        """Return whether a directory has exactly the known files, and none of them changed."""
        if len(known) != len(found):
            return False
        rows = [known.get(os.fsencode(name)) for name, *_ in found]
        return all(
            row is not None and self._is_as_it_was(row, *status) for row, (_, *status) in zip(rows, found, strict=True)
        )

    def _is_as_it_was(self, row: KnownFile, size: int, mtime_ns: int, ctime_ns: int) -> bool:
        if row.disc in self._intake.lost:
            return False
        if self._settings.compare is Comparison.CHECKSUM:
            return False
        if row.mtime_ns != mtime_ns or row.size != size:
            return False
        return row.ctime_ns == ctime_ns or self._settings.compare is Comparison.TIMES

    def _gone(self, directory: bytes, known: dict[bytes, KnownFile]) -> Iterator[StageChange]:
        """Note files as deleted that are not there any more, unless they could not be looked at."""
        above = [*directories_above(directory + b"/x"), b""] if directory else [b""]
        if self._failed and any(each in self._failed for each in above):
            return
        prefix = directory + b"/" if directory else b""
        for name, row in known.items():
            path = prefix + name
            if path in self._failed:
                continue
            self._state.forget_file(path)
            if path in self._intake.former:
                continue
            self._state.tell(self._now, path, ChangeKind.DELETED.value, b"", row.sha256)
            self.counts.deleted += 1
            yield StageChange(path, ChangeKind.DELETED, row.size, row.disc)

    def _fail(self, path: bytes, error: OSError) -> None:
        self._failed.add(path)
        if not isinstance(error, FileNotFoundError):
            self._monitor.problem(Problem(path, Trouble.UNREADABLE, error.strerror or str(error)))
