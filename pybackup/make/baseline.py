"""Leaving out what earlier archives hold already, by their indexes."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from pybackup.archive.open import OpenArchive, open_archive
from pybackup.archive.same_content import same_content
from pybackup.errors import FormatError, UsageError
from pybackup.host.metadata import kept_time_ns
from pybackup.model.display import display
from pybackup.model.entry import Kind
from pybackup.model.member import Stored
from pybackup.model.source import Candidate, Judge
from pybackup.monitor import Monitor
from pybackup.selection.times import same_time

_WHOLE_DIGEST_BYTES = 32


class EarlierArchives:
    """The files that earlier archives hold; use it in a ``with``.

    A file is unchanged if the archive named last of those that have an entry of its path has it with the same size and
    modification time (or that time as a file system with coarser steps keeps it: FAT cuts to 2 s; that is noted once),
    or, with ``checksum``, with the same size and content. What an archive holds in part only, or read while it changed,
    counts as not in it, and so does what is lost of a damaged index.

    Parameters
    ----------
    output
        The archive to be made, which must be none of these: it would replace what it leaves out.
    monitor
        Told of archives of which not all is known (notes).

    Raises
    ------
    UsageError
        There is no such archive, or it is the output.
    FormatError
        It is none.
    """

    def __init__(self, archives: Sequence[bytes], *, output: bytes, checksum: bool, monitor: Monitor) -> None:
        self._checksum = checksum
        self._monitor = monitor
        self._told = False
        with ExitStack() as stack:
            opened = [stack.enter_context(_open(archive, output, monitor)) for archive in archives]
            self._stack = stack.pop_all()
        self._latest_first = [_Earlier(archive) for archive in reversed(opened)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def after(self, judge: Judge) -> Judge:
        """Return the judge who asks another one first."""

        def judged(candidate: Candidate) -> str | None:
            return judge(candidate) or self.judge(candidate)

        return judged

    def judge(self, candidate: Candidate) -> str | None:
        """Return the reason to leave a candidate out, None to keep it."""
        if not stat.S_ISREG(candidate.status.st_mode):
            return None
        for earlier in self._latest_first:
            if (row := earlier.rows.get(candidate.path)) is not None:
                return earlier.reason if self._is_unchanged(earlier, row, candidate) else None
        return None

    def _is_time_of(self, mtime_ns: int, candidate: Candidate) -> bool:
        """Whether a file has a time still, or as a file system with coarser steps keeps it."""
        now_ns = kept_time_ns(candidate.status.st_mtime_ns)
        if mtime_ns == now_ns:
            return True
        if not same_time(mtime_ns, now_ns):
            return False
        if not self._told:
            self._told = True
            said = "its time differs as file systems cut times (FAT to 2 s); such files count as unchanged"
            self._monitor.note(f"{display(candidate.path)}: {said}")
        return True

    def _is_unchanged(self, earlier: _Earlier, row: int, candidate: Candidate) -> bool:
        stored = earlier.file(row)
        status = candidate.status
        if stored is None or stored.entry.size != status.st_size:
            return False
        if not self._checksum:
            return self._is_time_of(stored.entry.mtime_ns, candidate)
        if not stored.sparse and any(len(member.digest) < _WHOLE_DIGEST_BYTES for member in stored.members):
            return False  # four bytes of a hash tell damage from none, but not one file from another
        try:
            fd = candidate.open_file()
            try:
                return same_content(earlier.archive.file, stored, fd)
            finally:
                os.close(fd)
        except (OSError, FormatError):
            return False  # to be archived: there it is told why it cannot be read


class _Earlier:
    """An open archive, its rows by their paths, and the reason it gives."""

    def __init__(self, archive: OpenArchive) -> None:
        self.archive = archive
        self.rows = {path: row for row, path in enumerate(archive.listing.paths)}
        self.reason = f"unchanged since {display(os.path.basename(archive.path))}"

    def file(self, row: int) -> Stored | None:
        """The regular file of a row, a hard link's too; None if it is none, or not whole."""
        listing = self.archive.listing
        stored = listing.stored(row)
        if stored.entry.kind is Kind.HARDLINK and stored.entry.target in self.rows:
            stored = listing.stored(self.rows[stored.entry.target])
        if stored.entry.kind is not Kind.FILE or stored.changed or stored.missing or stored.fault:
            return None
        return stored


def _open(path: bytes, output: bytes, monitor: Monitor) -> OpenArchive:
    if os.path.exists(path) and os.path.exists(output) and os.path.samefile(path, output):
        raise UsageError(f"{display(output)}: would be replaced by what is new since itself; choose another name")
    archive = open_archive(path)
    if not archive.listing.complete:
        monitor.note(f"{display(path)}: not all its entries are known any more; what is lost counts as new")
    return archive
