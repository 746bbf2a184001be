"""Making deltas to a content that earlier archives hold: by its signature, and tried or proved before they count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from pybackup.archive.holders import volume_of
from pybackup.compress.patch import apply_delta
from pybackup.compress.unpack import decode
from pybackup.container.signed import signature_in
from pybackup.delta import engine
from pybackup.delta.signature import Signature, SignatureMaker
from pybackup.errors import FormatError
from pybackup.host.joined import open_place
from pybackup.host.storage import ArchiveFile
from pybackup.model.member import MAX_DEPTH, Member, Stored

from .earlier_archive import EarlierArchive
from .kept_signatures import KeptSignatures


class Deltas:
    """Makes deltas to one content.

    Its signature is the one that is kept, else that in the archive which holds the content, else it is made of the
    content. A delta counts when it was applied to the content and gives what it should. Where the content, or a part
    of it, is not at hand, the strong sums of the blocks that the delta copies must be those of what it should give.

    Parameters
    ----------
    base
        The content.
    kept
        Where signatures are kept; None for nowhere.
    """

    def __init__(
        self, earlier: EarlierArchive, base: Stored, min_saving: Fraction, kept: KeptSignatures | None
    ) -> None:
        self._earlier, self._base, self._min_saving, self._kept = earlier, base, min_saving, kept
        self._place = earlier.place
        self._signature: Signature | None = None
        self.fault = ""

    def saved(self, data: bytes) -> int:
        """Return how many bytes a delta saves; 0 if there is none, and then `fault` may say why none can be made."""
        if self.fault:
            return 0
        try:
            delta = self.make(data)
        except (OSError, FormatError, engine.NoEngine) as error:
            self.fault = str(error)
            return 0
        return 0 if delta is None else len(data) - len(delta)

    def make(self, data: bytes) -> bytes | None:
        """Return a delta from the base to ``data``; None if it saves too little."""
        if self._signature is None:
            self._signature = self._known() or self._anew()
        delta = engine.delta_to(self._signature.data, data)
        return delta if len(delta) <= (1 - self._min_saving) * len(data) else None

    def tried(self, data: bytes) -> bytes | None:
        """Return a delta as `make` does, or None if it does not give ``data``."""
        try:
            delta = None if self.fault else self.make(data)
            if delta is None:
                return None
            if self._earlier.is_away(self._base):
                return delta if self._signature is not None and self._signature.proves(delta, data) else None
            with open_place(self._place) as file:
                made = apply_delta(delta, len(data), self._base.members, _decoder(file))
        except (OSError, FormatError, engine.NoEngine):
            return None
        return delta if made == data else None

    def _known(self) -> Signature | None:
        """Return the signature that was made when the content was stored; None if there is none any more."""
        digest, n_bytes = self._base.digest, self._base.entry.size
        found = self._kept.get(digest) if self._kept is not None else None
        signature = _of(found, n_bytes)
        if signature is None:
            signature = _of(self._in_archive(digest), n_bytes)
            if signature is not None and self._kept is not None:
                self._kept.keep(digest, signature.data)
        return signature

    def _in_archive(self, digest: bytes) -> bytes | None:
        """Return what the archive, or volume, in which the content ends has as its signature."""
        volume = self._earlier.find_volume(volume_of(self._earlier.archive, self._base.members[-1].offset))
        if volume is None:
            return None
        try:
            with volume.open() as file:
                return signature_in(file, volume.listing, digest)
        except (OSError, FormatError):
            return None

    def _anew(self) -> Signature:
        maker = SignatureMaker(self._base.entry.size)
        with open_place(self._place) as file:
            for member in self._base.members:
                for part in decode(file, member):
                    maker.update(part)
        signature = Signature.unpack(maker.finish() or b"", self._base.entry.size)
        if self._kept is not None:
            self._kept.keep(self._base.digest, signature.data)
        return signature


def _of(data: bytes | None, n_bytes: int) -> Signature | None:
    """Return a signature that was found; None for what is none of a content of that length."""
    try:
        return None if data is None else Signature.unpack(data, n_bytes)
    except FormatError:
        return None


def _decoder(file: ArchiveFile) -> Callable[[Member], Iterator[bytes]]:
    return lambda member: decode(file, member, depth=MAX_DEPTH - 1)
