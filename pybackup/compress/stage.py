"""The compressing stage: pieces in, packed pieces out, in order, many at a time, memory bounded."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

from pybackup.model.content import Packed, PackedPiece, Piece, Read, Ready
from pybackup.model.member import Method

from .bundling import goes_into_bundle
from .methods import Compression, Profile, is_stored, method_for
from .pack import PackJob, pack
from .small_files import PackedSmallFiles, SmallFiles

_BATCH_BYTES = 1 << 20
_BATCH_PIECES = 64
# Handing on a task takes a fixed time: of tiny files there are more in it.
_FEW_BYTES = 1 << 17
_MOST_PIECES = 256
_BATCH_ITEMS = 512
_LONGEST_SUFFIX, _MOST_SUFFIXES = 16, 4096
_Results = tuple[list[Packed], PackedSmallFiles]


@dataclass(slots=True)
class _Batch:
    """Neighbours in the stream that travel together; all but pieces just wait.

    ``jobs`` and ``small`` are what is packed by itself and for bundles, ``is_small`` which of the pieces are which.
    """

    compression: Compression
    items: list[Read] = field(default_factory=list)
    jobs: list[PackJob] = field(default_factory=list)
    small: list[bytes] = field(default_factory=list)
    methods: bytearray = field(default_factory=bytearray)
    is_small: list[bool] = field(default_factory=list)
    n_bytes: int = 0
    result: Future[_Results] | None = None

    def is_full(self) -> bool:
        pieces = len(self.is_small)
        return (
            self.n_bytes >= _BATCH_BYTES
            or (pieces >= _BATCH_PIECES and (self.n_bytes >= _FEW_BYTES or pieces >= _MOST_PIECES))
            or len(self.items) >= _BATCH_ITEMS
        )

    def submit(self, executor: Executor) -> None:
        """Have the pieces packed, if there are any."""
        if self.is_small:
            sizes = array("I", map(len, self.small))
            small = SmallFiles(b"".join(self.small), sizes, bytes(self.methods), self.compression)
            self.result = executor.submit(pack_batch, self.jobs, small)
            self.jobs, self.small = [], []

    def ready(self) -> Iterator[Ready]:
        """Yield the items, each piece packed; waits for that."""
        if self.result is None:
            yield from self.items  # type: ignore[misc]  # no pieces
            return
        alone, small = self.result.result()
        packed, bundled, is_small = iter(alone), small.each(), iter(self.is_small)
        for item in self.items:
            if isinstance(item, Piece):
                yield PackedPiece(item, next(bundled if next(is_small) else packed))
            else:
                yield item

    @property
    def is_done(self) -> bool:
        return self.result is None or self.result.done()


def pack_batch(jobs: Sequence[PackJob], small: SmallFiles) -> _Results:
    """Pack several pieces; this is what workers run."""
    return [pack(job) for job in jobs], small.pack()


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
        for batch in _batches(items, profile):
            batch.submit(executor)
            waiting.append(batch)
            under_way += batch.n_bytes
            while waiting and (under_way > window_bytes or waiting[0].is_done):
                first = waiting.popleft()
                under_way -= first.n_bytes
                yield from first.ready()
        while waiting:
            yield from waiting.popleft().ready()
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
        self._stored: dict[bytes, bool] = {}  # by suffix

    def put(self, piece: Piece, batch: _Batch) -> None:
        """Add a piece to a batch, and what is to be done with it."""
        entry, data, profile = piece.entry, piece.data, self._profile
        if piece.is_first:
            self._method = Method.COPY if self._is_stored(entry.name) else method_for(data[:4096])
        batch.n_bytes += len(data)
        # The raw bytes travel with the job; here they would be held twice.
        if goes_into_bundle(piece, profile.bundle_bytes):
            batch.items.append(Piece(entry, b"", whole=piece.whole))
            batch.is_small.append(True)
            batch.small.append(data)
            batch.methods.append(self._method)
            return
        batch.items.append(piece._replace(data=b""))
        batch.is_small.append(False)
        method, name = self._method, entry.name
        if piece.gives:
            is_stored_all = profile.compression is Compression.STORE
            method, name = Method.COPY if is_stored_all else Method.LZMA2, entry.name + b".delta"
        job = PackJob(data, name, entry.mode, entry.mtime_ns, method, profile.compression, gives=piece.gives)
        batch.jobs.append(job)

    def _is_stored(self, name: bytes) -> bool:
        suffix = name.rpartition(b".")[2]
        found = self._stored.get(suffix)
        if found is None:
            found = is_stored(suffix, self._profile)
            if len(suffix) <= _LONGEST_SUFFIX and len(self._stored) < _MOST_SUFFIXES:
                self._stored[suffix] = found
        return found


def _batches(items: Iterable[Read], profile: Profile) -> Iterator[_Batch]:
    chooser, batch = _Chooser(profile), _Batch(profile.compression)
    for item in items:
        if isinstance(item, Piece):
            chooser.put(item, batch)
        else:
            batch.items.append(item)
        if batch.is_full():
            yield batch
            batch = _Batch(profile.compression)
    yield batch
