"""Reading the content of a planned tree: files become pieces, everything else goes through bare.

A file is read to its end, whatever its status says of its size: files of /proc and of some network and user-space file
systems tell 0 bytes, or a page, and give what they have.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from pybackup.host.metadata import OwnerNames, kept_time_ns, read_xattrs
from pybackup.layout.sparse import SparseLayout
from pybackup.model.content import Bare, Former, Piece, Read, Restart, Whole
from pybackup.model.entry import Entry, Kind
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Planned
from pybackup.monitor import Monitor

from .holes import open_untouched, sparse_layout

NO_FORMERS: Mapping[bytes, Former] = MappingProxyType({})
_MAX_READ = 1 << 30
_STEP = 1 << 20
_MOST_UNTOLD_BYTES = 1 << 32  # beyond what its status says; a file that gives more has no end


class _Changed(Exception):
    """The file changed under the reader's hands."""


def read_contents(
    plan: Iterable[Planned], *, segment_bytes: int, formers: Mapping[bytes, Former] = NO_FORMERS, monitor: Monitor
) -> Iterator[Read]:
    """Yield the entries of ``plan`` in order, each file as its pieces of at most ``segment_bytes``.

    A file that cannot be read is a problem and yields nothing, or a `Restart` behind the pieces it has
    yielded already. One that changes meanwhile is read once more, then kept and marked. Where the first name of a
    file with several vanished, or is another file by now, the next name has the content.

    Parameters
    ----------
    formers
        By path: of these files only segments are yielded that earlier archives do not hold, unless they changed since.
    """
    reader = _Reader(segment_bytes, formers, monitor)
    for planned in plan:
        if planned.entry.kind is Kind.FILE:
            yield from reader.file(planned)
        elif planned.entry.kind is Kind.HARDLINK:
            yield from reader.link(planned)
        else:
            yield Bare(planned.entry)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file that is being read, as it was when it was opened."""

    fd: int
    entry: Entry
    status: os.stat_result
    last_try: bool

    def is_unchanged(self) -> bool:
        now = os.fstat(self.fd)
        then = self.status
        return (now.st_size, now.st_mtime_ns, now.st_ctime_ns) == (then.st_size, then.st_mtime_ns, then.st_ctime_ns)


class _Reader:
    def __init__(self, segment_bytes: int, formers: Mapping[bytes, Former], monitor: Monitor) -> None:
        self._segment_bytes = segment_bytes
        self._formers = formers
        self._monitor = monitor
        self._owners = OwnerNames()
        self._lost: set[bytes] = set()  # names under which the file that was planned is not in the archive
        self._instead: dict[bytes, bytes] = {}  # for these, where hard links lead: the name that has the content

    def link(self, planned: Planned) -> Iterator[Read]:
        """A hard link, or the file itself where no name before it has it."""
        entry = planned.entry
        if entry.target not in self._lost:
            yield Bare(entry)
        elif (instead := self._instead.get(entry.target)) is not None:
            yield Bare(replace(entry, target=instead))
        else:
            yield from self.file(replace(planned, entry=replace(entry, kind=Kind.FILE, target=b"")), promoted=True)
            if entry.path not in self._lost:
                self._instead[entry.target] = entry.path

    def file(self, planned: Planned, *, promoted: bool = False) -> Iterator[Read]:
        """The pieces of a file; `promoted` from a hard link, whose attributes were left to the file it led to."""
        for last_try in (False, True):
            begun = False
            try:
                fd = open_untouched(planned.path)
                try:
                    opened = self._look(planned, fd, last_try)
                    if promoted:
                        opened = replace(opened, entry=replace(opened.entry, xattrs=self._xattrs(opened)))
                    for piece in self._pieces(opened, planned):
                        begun = True
                        yield piece
                finally:
                    os.close(fd)
                return
            except _Changed:
                if begun:
                    yield Restart(planned.entry)
            except OSError as error:
                if begun:
                    yield Restart(planned.entry)
                self._fail(planned.entry, error)
                return

    def _fail(self, entry: Entry, error: OSError) -> None:
        gone = isinstance(error, FileNotFoundError)
        trouble = Trouble.VANISHED if gone else Trouble.UNREADABLE
        self._monitor.problem(Problem(entry.path, trouble, error.strerror or str(error)))
        self._lost.add(entry.path)

    def _look(self, planned: Planned, fd: int, last_try: bool) -> _Opened:
        """The file as it is now, which may be newer than the plan."""
        entry, status = planned.entry, os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "is no regular file any more")
        if (status.st_dev, status.st_ino) != (planned.dev, planned.ino):
            self._lost.add(entry.path)  # not for this name, but for those that were hard links to it
        mode = stat.S_IMODE(status.st_mode)
        mtime_ns = kept_time_ns(status.st_mtime_ns)
        if (status.st_size, mtime_ns, mode) != (entry.size, entry.mtime_ns, entry.mode):
            owner = self._owners.owner(status.st_uid, status.st_gid)
            entry = replace(entry, size=status.st_size, mtime_ns=mtime_ns, mode=mode, owner=owner)
        return _Opened(fd, entry, status, last_try)

    def _xattrs(self, opened: _Opened) -> Mapping[bytes, bytes]:
        path = opened.entry.path
        return read_xattrs(opened.fd, lost=lambda why: self._monitor.problem(Problem(path, Trouble.METADATA, why)))

    def _pieces(self, opened: _Opened, planned: Planned) -> Iterator[Piece]:
        size = opened.entry.size
        former = self._formers.get(opened.entry.path)
        if former and not opened.last_try:
            if opened.entry is not planned.entry:
                raise _Changed
            return self._on_former(opened, former)
        if opened.status.st_blocks * 512 < size:
            layout = sparse_layout(opened.fd, size)
            if layout:
                return self._sparse(opened, layout)
        if size <= self._segment_bytes:
            return self._small(opened)
        return self._large(opened)

    def _small(self, opened: _Opened) -> Iterator[Piece]:
        entry = opened.entry
        data = _read(opened.fd, entry.size)
        changed = not opened.is_unchanged()
        if changed:
            self._changed(opened)
        elif len(data) > entry.size:
            yield from self._large(opened)
            return
        elif len(data) < entry.size:
            self._short(entry, len(data), "these are archived")
        if len(data) != entry.size:
            data = data[: entry.size]
            entry = replace(entry, size=len(data))
        yield Piece(entry, data, whole=Whole(changed=changed))

    def _large(self, opened: _Opened) -> Iterator[Piece]:
        size = opened.entry.size
        length = _length(opened.fd, size)
        if length > size and opened.is_unchanged():
            opened, size = replace(opened, entry=replace(opened.entry, size=length)), length
        return self._cut(opened, self._data(opened, [(0, size)]), size, sparse=False)

    def _short(self, entry: Entry, n_bytes: int, rest: str) -> None:
        reason = f"tells of {entry.size:,} bytes and ends after {n_bytes:,}; {rest}"
        self._monitor.problem(Problem(entry.path, Trouble.CHANGED, reason))

    def _sparse(self, opened: _Opened, layout: SparseLayout) -> Iterator[Piece]:
        entry = opened.entry
        head = layout.head(entry.name, mode=entry.mode, mtime=entry.mtime_ns // 1_000_000_000)
        tail = layout.tail()

        def stream() -> Iterator[bytes]:
            yield head
            yield from self._data(opened, layout.extents)
            yield tail

        total = len(head) + layout.data_bytes + len(tail)
        return self._cut(opened, stream(), total, sparse=True)

    def _cut(self, opened: _Opened, stream: Iterator[bytes], total: int, *, sparse: bool) -> Iterator[Piece]:
        """Cut a stream into pieces of the segment size, and hash the whole of it."""
        size = self._segment_bytes
        segments = -(-total // size)
        digest = hashlib.sha256()
        buffer = bytearray()
        number = 0
        for data in stream:
            digest.update(data)
            buffer += data
            while len(buffer) >= size and number < segments - 1:
                yield Piece(opened.entry, bytes(buffer[:size]), number, segments, sparse)
                del buffer[:size]
                number += 1
        changed = not opened.is_unchanged()
        if changed:
            self._changed(opened)
        whole = Whole(digest.digest() if segments > 1 else b"", changed)
        yield Piece(opened.entry, bytes(buffer), number, segments, sparse, whole)

    def _on_former(self, opened: _Opened, former: Former) -> Iterator[Piece]:
        """What a file has that its former content has not, or deltas to that.

        It is as it was looked at, or it is read once more as any other.
        """
        entry, size, digest = opened.entry, self._segment_bytes, hashlib.sha256()
        waiting: Piece | None = None
        for number, known in enumerate(former.segments):
            data = b"".join(self._data(opened, [(number * size, min(size, entry.size - number * size))]))
            digest.update(data)
            if hashlib.sha256(data).digest() != known:
                raise _Changed
            if number in former.kept:
                continue
            if waiting is not None:
                yield waiting
            delta = former.delta(data)
            waiting = Piece(
                entry,
                data if delta is None else delta,
                number,
                len(former.segments),
                first=former.first,
                base_digest=former.digest,
                spent_bytes=former.spent_bytes,
                gives=None if delta is None else (len(data), known),
            )
        if not opened.is_unchanged():
            raise _Changed
        assert waiting is not None
        yield waiting._replace(whole=Whole(digest.digest() if len(former.segments) > 1 else b""))

    def _data(self, opened: _Opened, extents: Iterable[tuple[int, int]]) -> Iterator[bytes]:
        """The extents' bytes; what a file has no longer is a change, and zeros on the last try."""
        told = False
        for offset, length in extents:
            end = offset + length
            while offset < end:
                data = os.pread(opened.fd, min(_STEP, end - offset), offset)
                if not data:
                    if not opened.last_try:
                        raise _Changed
                    if not told and opened.is_unchanged():
                        self._short(opened.entry, offset, "the rest is archived as zeros")
                    told = True
                    data = bytes(min(_STEP, end - offset))
                offset += len(data)
                yield data

    def _changed(self, opened: _Opened) -> None:
        if not opened.last_try:
            raise _Changed
        reason = "changed while it was read, twice; its content may mix two states"
        self._monitor.problem(Problem(opened.entry.path, Trouble.CHANGED, reason))


def _read(fd: int, count: int) -> bytes:
    """The bytes from the file's position to its end, or ``count`` and some more: then there are more."""
    parts = [os.read(fd, min(count + 1, _MAX_READ))]
    got = len(parts[0])
    while parts[-1] and got <= count:
        parts.append(os.read(fd, min(count + 1 - got, _MAX_READ)))
        got += len(parts[-1])
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _length(fd: int, told: int) -> int:
    """How many bytes there are from the start to the end, where at least so many as told are.

    Raises
    ------
    OSError
        No end is found.
    """
    length = told
    while data := os.pread(fd, _STEP, length):
        length += len(data)
        if length - told > _MOST_UNTOLD_BYTES:
            raise OSError(errno.EFBIG, f"gives more than {_MOST_UNTOLD_BYTES:,} bytes beyond the {told:,} it tells of")
    return length
