"""The compressing stage: pieces in, packed pieces out, in order, many at a time, memory bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

from pybackup.model.content import Packed, PackedPiece, Piece, Read, Ready
from pybackup.model.entry import Entry
from pybackup.model.member import Method

from .bundling import goes_into_bundle
from .methods import Compression, Profile, is_stored, method_for
from .pack import PackJob, pack_batch

_BATCH_BYTES = 1 << 20
_BATCH_PIECES = 64
_BATCH_ITEMS = 512


@dataclass(slots=True)
class _Batch:
    """Neighbours in the stream that travel together; all but pieces just wait."""

    items: list[Read] = field(default_factory=list)
    jobs: list[PackJob] = field(default_factory=list)
    n_bytes: int = 0
    result: Future[list[Packed]] | None = None

    def is_full(self) -> bool:
        return self.n_bytes >= _BATCH_BYTES or len(self.jobs) >= _BATCH_PIECES or len(self.items) >= _BATCH_ITEMS


def compress(
    items: Iterable[Read], *, profile: Profile, executor: Executor, window_bytes: int
) -> Generator[Ready, None, None]:
    """Yield ``items`` in their order, each piece packed.

    Parameters
    ----------
    executor
        Where the packing is done; anything of `concurrent.futures`.
    window_bytes
        How many raw bytes may be under way; one batch is, whatever its size.
    """
    waiting: deque[_Batch] = deque()
    under_way = 0
    try:
        for batch in _batches(items, _Chooser(profile)):
            if batch.jobs:
                batch.result = executor.submit(pack_batch, batch.jobs)
                batch.jobs = []
            waiting.append(batch)
            under_way += batch.n_bytes
            while waiting and (under_way > window_bytes or _is_done(waiting[0])):
                first = waiting.popleft()
                under_way -= first.n_bytes
                yield from _ready(first)
        while waiting:
            yield from _ready(waiting.popleft())
    finally:
        # Closed early: what has not begun need not, since nobody will ask for it.
        for batch in waiting:
            if batch.result:
                batch.result.cancel()


def most_batches(files: int, n_bytes: int, segment_bytes: int) -> int:
    """Return how many tasks so many files of so many bytes can become."""
    pieces = files + n_bytes // segment_bytes
    return 1 + pieces // _BATCH_PIECES + n_bytes // _BATCH_BYTES


class _Chooser:
    """Chooses the method of each file at its first piece, and keeps to it."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._method = Method.COPY

    def job(self, piece: Piece) -> PackJob:
        entry: Entry = piece.entry
        if piece.is_first:
            stored = is_stored(entry.name, self._profile)
            self._method = Method.COPY if stored else method_for(piece.data[:4096])
        bundled = goes_into_bundle(piece, self._profile.bundle_bytes)
        method, name = self._method, entry.name
        if piece.gives:
            is_stored_all = self._profile.compression is Compression.STORE
            method, name = Method.COPY if is_stored_all else Method.LZMA2, entry.name + b".delta"
        return PackJob(
            piece.data, name, entry.mode, entry.mtime_ns, method, self._profile.compression, bundled, piece.gives
        )


def _batches(items: Iterable[Read], chooser: _Chooser) -> Iterator[_Batch]:
    batch = _Batch()
    for item in items:
        if isinstance(item, Piece):
            batch.jobs.append(chooser.job(item))
            batch.n_bytes += len(item.data)
            # The raw bytes travel with the job; here they would be held twice.
            item = item._replace(data=b"")
        batch.items.append(item)
        if batch.is_full():
            yield batch
            batch = _Batch()
    yield batch


def _is_done(batch: _Batch) -> bool:
    return batch.result is None or batch.result.done()


def _ready(batch: _Batch) -> Iterator[Ready]:
    packed = iter(batch.result.result() if batch.result else ())
    for item in batch.items:
        yield PackedPiece(item, next(packed)) if isinstance(item, Piece) else item
