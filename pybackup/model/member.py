"""What a container holds for an entry's content: members, and how each is packed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from .entry import Entry


class Method(IntEnum):
    """The filter chain of a member. The numbers are those of the index (FORMAT.md, Index)."""

    COPY = 0
    LZMA2 = 1
    X86_LZMA2 = 2
    ARM_LZMA2 = 3
    ARMT_LZMA2 = 4
    PPC_LZMA2 = 5
    SPARC_LZMA2 = 6
    DEFLATE = 7


BCJ_METHODS: Final[Mapping[Method, bytes]] = {
    Method.X86_LZMA2: b"\x03\x03\x01\x03",
    Method.PPC_LZMA2: b"\x03\x03\x02\x05",
    Method.ARM_LZMA2: b"\x03\x03\x05\x01",
    Method.ARMT_LZMA2: b"\x03\x03\x07\x01",
    Method.SPARC_LZMA2: b"\x03\x03\x08\x05",
}
"""The filter of 7z, by its id, that those have behind LZMA2 that have one."""

STREAM_OFFSET: Final = 32
"""Where in a ``.7z`` the packed streams begin, in bytes: the length of its start header."""

MAX_DEPTH: Final = 3
"""The most contents, each the base of the one before, that a content may be built on (FORMAT.md, Files with a base)."""


class Member(NamedTuple):
    """A file's content in a container, or one segment of it: a ``.7z``, or a packed stream in a bundle.

    Attributes
    ----------
    offset
        Of the first byte of the ``.7z``, from the start of the archive; in a bundle, of the packed stream.
    packed_bytes
        Length of the whole ``.7z``, or in a bundle of the packed stream.
    stream_bytes
        Length of the packed stream.
    raw_bytes
        Length of what the stream decodes to.
    dictionary_bytes
        Dictionary the LZMA2 decoder needs, 0 for Copy.
    digest
        SHA-256 of the decoded bytes, or its first bytes where only these are known; empty if unknown.
    others
        Where the same ``.7z`` may lie too: what follows lost or inserted bytes, or another image of the same volume.
    bundled
        It is a stream among those of other files, in one ``.7z`` (FORMAT.md, Bundles).
    is_delta
        What is packed is a delta in rdiff's form (FORMAT.md, Files with a base); length and digest are of what that
        gives.
    base
        The segments of the content that the delta is to; none where nobody knows them.
    """

    offset: int
    packed_bytes: int
    stream_bytes: int
    raw_bytes: int
    method: Method
    dictionary_bytes: int
    digest: bytes
    others: tuple[int, ...] = ()
    bundled: bool = False
    is_delta: bool = False
    base: tuple[Member, ...] = ()

    @classmethod
    def by_hash(cls, raw_bytes: int, digest: bytes) -> Member:
        """Return a content that an archive is known to hold, and not where in it (FORMAT.md, Earlier archives)."""
        return cls(0, STREAM_OFFSET, 0, raw_bytes, Method.COPY, 0, digest)

    @property
    def is_by_hash(self) -> bool:
        """Whether only the hash of its content is known: no stream is empty that gives anything."""
        return not self.stream_bytes and self.raw_bytes > 0

    @property
    def places(self) -> Iterator[Member]:
        """The member at each place where it may lie, the likely one first."""
        yield self._replace(others=()) if self.others else self
        for offset in self.others:
            yield self._replace(offset=offset, others=())

    def moved(self, by_bytes: int) -> Member:
        """Return the member that much further on, wherever it may lie."""
        others = tuple(offset + by_bytes for offset in self.others)
        return self._replace(offset=self.offset + by_bytes, others=others)

    def part(self, start: int, end: int, raw_bytes: int) -> Member:
        """Return bytes ``start`` to ``end`` of the packed stream as a member that decodes to ``raw_bytes``.

        It has the digest of the whole.
        """
        before = self.stream_offset - self.offset
        length = end - start
        return self._replace(
            offset=self.offset + start,
            packed_bytes=before + length,
            stream_bytes=length,
            raw_bytes=raw_bytes,
        )

    @property
    def stream_offset(self) -> int:
        """Where the packed stream starts, in bytes of the archive."""
        return self.offset if self.bundled else self.offset + STREAM_OFFSET


@dataclass(frozen=True, slots=True)
class Container:
    """Where a directory's container lies: content offset, length and number."""

    offset: int
    n_bytes: int
    number: int


class Stored(NamedTuple):
    """An entry and where the archive keeps its content.

    Attributes
    ----------
    members
        The segments in order, empty for an entry without content.
    digest
        SHA-256 of the whole content; empty where unknown or without content.
    sparse
        The content is a sparse stream (FORMAT.md, Sparse files).
    changed
        The file changed while it was read: the content may mix two states.
    segments
        How many segments the file has where these are not all of them; 0 where they are.
    numbers
        Which of them the members are, ascending, where the index says so: the others lie in other volumes of the set.
    spares
        Of a file of one segment: what holds the same content on other volumes of the set, in its place where the
        member is damaged.
    base_digest
        SHA-256 of the content that segments are deltas to, and which has, at the same place, those that are not stored
        again; empty where there is none.
    base_spent
        Packed bytes of all that was stored on that content so far for the file, in later archives than its own.
    base
        That content, where it is known: then the members are all, of both.
    """

    entry: Entry
    members: tuple[Member, ...] = ()
    digest: bytes = b""
    sparse: bool = False
    changed: bool = False
    segments: int = 0
    numbers: tuple[int, ...] = ()
    spares: tuple[Member, ...] = ()
    base_digest: bytes = b""
    base_spent: int = 0
    base: Stored | None = None

    @property
    def places(self) -> Iterator[Stored]:
        """The entry as each of the places has it that all its content can be read from, the best first."""
        yield self
        for spare in self.spares:
            yield self._replace(members=(spare,), spares=())

    @property
    def own(self) -> tuple[tuple[int, Member], ...]:
        """The members that are not those of the base, by the numbers of their segments."""
        numbers = self.numbers or range(len(self.members))
        kept = self.base.members if self.base else ()
        return tuple(
            (number, member)
            for number, member in zip(numbers, self.members, strict=True)
            if number >= len(kept) or (member.offset, member.digest) != (kept[number].offset, kept[number].digest)
        )

    @property
    def sources(self) -> tuple[Member, ...]:
        """All members that something of it comes from, those of its base, too."""
        if self.base is None or not any(member.is_delta for member in self.members):
            return self.members
        own = tuple(member for _, member in self.own)
        return (*own, *self.base.sources)

    @property
    def depth(self) -> int:
        """On how many contents, each on the next, it is built."""
        return 1 + self.base.depth if self.base else int(bool(self.base_digest))

    @property
    def is_by_hash(self) -> bool:
        """Whether its content is known by its hash alone."""
        return len(self.members) == 1 and self.members[0].is_by_hash

    @property
    def bundled(self) -> bool:
        """Whether its content lies in a bundle."""
        return len(self.members) == 1 and self.members[0].bundled

    @property
    def missing(self) -> int:
        """Segments known to exist of which there is no member."""
        return self.segments - len(self.members) if self.segments else 0

    @property
    def defect(self) -> str:
        """What is wrong with what this archive has of it: what lies in other volumes is no defect."""
        return "" if self.numbers or (self.base_digest and self.base is None) else self.fault

    @property
    def fault(self) -> str:
        """Why the content is lost whatever its members hold; empty if it is not."""
        if self.base_digest and self.base is None:
            return "what it is built on lies in earlier archives, and these were not named or do not tell of it"
        if self.missing:
            return f"{self.missing} of its segments {'is' if self.missing == 1 else 'are'} gone"
        if not self.sparse and self.entry.size != sum(member.raw_bytes for member in self.members):
            return "its size is not that of its segments"
        return ""
