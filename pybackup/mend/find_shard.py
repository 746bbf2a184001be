"""Finding the shard in a recovery volume: by its header or the copy of that, wherever these are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout.recovery import HEAD, MAGIC, RecoveryHeader, size_of

from .bodies import SurveyedVolume

_STEP_BYTES = 4 << 20
# The header of a set with the most volumes has 1.5 MB, and bytes that look like a header may be at every 48th byte.
_MOST_HEADER_BYTES = 64 << 20
# The memory for a shard is proportional to its length, which a hostile header may exaggerate. So a volume of which less
# than this is left is not used.
_LEAST_PART = 16


@dataclass(frozen=True, slots=True)
class FoundShard:
    """The shard of a recovery volume; ``offset`` is in bytes from the start of the archive."""

    volume: SurveyedVolume
    header: RecoveryHeader
    offset: int


def find_shard(volume: SurveyedVolume, set_id: bytes) -> FoundShard | None:
    """Return the shard of a set in a volume; None if there is none, or too little of it."""
    for at, header in _headers(volume.file, volume.start):
        if header.set_id == set_id and header.shard_bytes <= _LEAST_PART * volume.file.size:
            offset = at - volume.start
            offset += -header.shard_bytes if header.is_copy else header.header_bytes
            return FoundShard(volume, replace(header, is_copy=False), offset)
    return None


def header_of_archives(volume: SurveyedVolume) -> RecoveryHeader | None:
    """Return the header of a recovery volume of archives that are no set, whatever else is lost of it; else None."""
    return next((header for _, header in _headers(volume.file, volume.start) if header.is_of_archives), None)


def _headers(file: ArchiveFile, start: int) -> Iterator[tuple[int, RecoveryHeader]]:
    left = _MOST_HEADER_BYTES
    for step in range(start, file.size, _STEP_BYTES):
        data = file.read_what_is_left(step, _STEP_BYTES + len(MAGIC) - 1)
        place = data.find(MAGIC)
        while 0 <= place < _STEP_BYTES:
            at = step + place
            try:
                size = size_of(file.read_what_is_left(at, HEAD.size))
                left -= size
                if left < 0:
                    return
                yield at, RecoveryHeader.unpack(file.read_what_is_left(at, size))
            except FormatError:
                pass
            place = data.find(MAGIC, place + 1)
