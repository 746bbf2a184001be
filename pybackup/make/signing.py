"""Making the signatures of large files while these are read, so that later archives can store deltas to them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self

from pybackup.container.own import OwnMember, own_member_bytes, signature_member
from pybackup.delta.signature import SignatureMaker
from pybackup.model.content import PackedPiece, Piece, Read, Ready, Restart
from pybackup.model.run import RunLevel

from .kept_signatures import KeptSignatures
from .plan import CreateOptions

_STEP = 1 << 20


class Signing:
    """The signatures of the files of an archive, or of the volume that is being written; a context manager.

    A file gets one if it is long enough and stored whole, is not sparse, and did not change while it was read. Those of
    files that are written wait in a temporary file, as they are written behind the tree.
    """

    def __init__(self, options: CreateOptions) -> None:
        self._least_bytes = options.signed_from_bytes
        self._kept = KeptSignatures(options.signatures) if options.signatures is not None else None
        self._is_full = options.run is not None and options.run.level is RunLevel.FULL
        self._where = options.work_dir
        self._makers: dict[bytes, SignatureMaker] = {}  # of the files that are being read, by path
        self._made: dict[bytes, bytes] = {}  # of those that are not written yet
        self._spool: IO[bytes] | None = None
        self._waiting: dict[bytes, tuple[int, int]] = {}  # by digest of the file: where in the spool, and how long
        self._all: set[bytes] = set()
        self.waiting_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._spool is not None:
            self._spool.close()
        if kind is None and self._is_full and self._kept is not None:
            self._kept.keep_only(self._all)  # no later run builds on anything before a full one

    def watch(self, content: Iterable[Read]) -> Iterator[Read]:
        """Yield the content unchanged, and make signatures of what goes by."""
        for item in content:
            if self._least_bytes is not None:
                if isinstance(item, Piece):
                    self._take(item)
                elif isinstance(item, Restart):
                    self._forget(item.entry.path)
            yield item

    def _take(self, piece: Piece) -> None:
        entry = piece.entry
        assert self._least_bytes is not None
        if entry.size < max(self._least_bytes, 1) or piece.sparse or piece.base_digest:
            return
        if piece.segment == 0:
            self._forget(entry.path)
            self._makers[entry.path] = SignatureMaker(entry.size)
        maker = self._makers.get(entry.path)
        if maker is None:
            return
        maker.update(piece.data)
        if piece.whole is not None:
            del self._makers[entry.path]
            made = maker.finish()
            if made is not None and not piece.whole.changed:
                self._made[entry.path] = made

    def _forget(self, path: bytes) -> None:
        self._makers.pop(path, None)
        self._made.pop(path, None)

    def bytes_for(self, item: Ready) -> int:
        """Return how many bytes the signature of a file adds to an archive, if this is the last piece of one."""
        if isinstance(item, PackedPiece) and item.piece.whole is not None:
            return own_member_bytes(len(self._made.get(item.piece.entry.path, b"")))
        return 0

    def drop(self, item: Ready) -> bool:
        """Forget the signature of a file; return whether there was one."""
        if not self.bytes_for(item) or not isinstance(item, PackedPiece):
            return False
        self._forget(item.piece.entry.path)
        return True

    def written(self, item: Ready) -> None:
        """Take note that a piece was written: behind the last one of a file its signature is to follow."""
        if not isinstance(item, PackedPiece) or item.piece.whole is None:
            return
        made = self._made.pop(item.piece.entry.path, None)
        digest = item.piece.whole.digest or item.packed.digest
        if made is None or digest in self._waiting:
            return
        if self._spool is None:
            where = None if self._where is None else os.fsdecode(self._where)
            self._spool = TemporaryFile(dir=where)  # noqa: SIM115 - closed by __exit__
        self._waiting[digest] = self._spool.seek(0, os.SEEK_END), len(made)
        self._spool.write(made)
        self.waiting_bytes += own_member_bytes(len(made))

    def members(self) -> Iterator[OwnMember]:
        """Yield the members with the signatures of the files that were written, for `ArchiveWriter.close`."""
        for digest, (at, n_bytes) in self._waiting.items():
            yield signature_member(digest, self._parts(at, n_bytes))

    def _parts(self, at: int, n_bytes: int) -> Iterator[bytes]:
        assert self._spool is not None
        self._spool.seek(at)
        for start in range(0, n_bytes, _STEP):
            yield self._spool.read(min(_STEP, n_bytes - start))

    def sealed(self) -> None:
        """Keep the signatures of a volume that was published, and begin anew for the next one."""
        if self._kept is not None:
            for digest, (at, n_bytes) in self._waiting.items():
                self._kept.keep(digest, b"".join(self._parts(at, n_bytes)))
        self._all |= self._waiting.keys()
        self._waiting.clear()
        self.waiting_bytes = 0
        if self._spool is not None:
            self._spool.seek(0)
            self._spool.truncate()
