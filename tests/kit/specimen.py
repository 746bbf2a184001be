"""Small trees with every kind of entry, the archives made of them, and what an extraction must give."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pybackup.archive.open import open_archive
from pybackup.codes import rs255 as codeword
from pybackup.compress.methods import MIB
from pybackup.layout import bundle, index, names, ustar
from pybackup.layout.note import Note, Role
from pybackup.make.plan import CreateOptions, plan_create
from pybackup.make.run import perform_create
from pybackup.model.entry import Kind
from pybackup.model.member import Stored
from pybackup.model.source import Source
from pybackup.monitor import Monitor

from .snapshot import Snapshot, snapshot


@dataclass(frozen=True, slots=True)
class Place:
    """A structure of an archive: from ``start`` to before ``end``."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Specimen:
    """An archive, the tree it was made of, and where everything lies.

    Attributes
    ----------
    streams
        The packed streams of each file: what has to be whole for the file to come back.
    """

    data: bytes
    tree: Snapshot
    stored: Mapping[bytes, Stored]
    places: tuple[Place, ...] = ()
    streams: Mapping[bytes, tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def place(self, name: str, number: int = 0) -> Place:
        """The ``number``-th place of that name, negative from the last."""
        return [place for place in self.places if place.name == name][number]

    def touched(self, start: int, end: int) -> set[bytes]:
        """Paths of the files, and of the hard links to them, of whose streams bytes lie from start to before end."""
        hit = {
            path for path, streams in self.streams.items() if any(low < end and start < high for low, high in streams)
        }
        return hit | {path for path, stored in self.stored.items() if stored.entry.target in hit and _is_hard(stored)}


def _is_hard(stored: Stored) -> bool:
    return stored.entry.kind is Kind.HARDLINK


def make_archive(source: Path, output: Path) -> bytes:
    """The bytes of the archive of ``source``, made by one process."""
    options = CreateOptions(parity=None, segment_bytes=MIB, overwrite=True, workers=1)
    monitor = Monitor()
    sources = [Source(os.fsencode(source), os.fsencode(source.name))]
    plan = plan_create(sources, os.fsencode(output), judge=None, options=options, monitor=monitor)
    perform_create(plan, monitor=monitor)
    assert monitor.problems == []
    return output.read_bytes()


def make_specimen(source: Path, output: Path) -> Specimen:
    """The archive of ``source``, and all that the tests want to know of it."""
    data = make_archive(source, output)
    parent = os.fsencode(source.parent)
    tree = {path: fact for path, fact in snapshot(parent).items() if path.split(b"/")[0] == os.fsencode(source.name)}
    with open_archive(os.fsencode(output)) as archive:
        stored = {item.entry.path: item for item in archive.listing}
    assert stored.keys() == tree.keys()
    streams = {
        path: tuple((member.stream_offset, member.stream_offset + member.stream_bytes) for member in item.members)
        for path, item in stored.items()
    }
    return Specimen(data, tree, stored, tuple(find_places(data)), streams)


def find_places(data: bytes) -> Iterator[Place]:
    """Every structure of an intact archive, told by the headers one after the other; they overlap nowhere."""
    at = 0
    while at < len(data):
        block = data[at : at + ustar.BLOCK]
        if block == bytes(ustar.BLOCK):
            end = at + len(ustar.END)
            yield Place("end", at, end)
            at = end
            continue
        header = ustar.Header.unpack(block)
        body = at + ustar.BLOCK
        if header.typeflag == ustar.PAX:
            yield Place("pax", at, body + ustar.padded(header.size))
            at = body + ustar.padded(header.size)
            continue
        role = Note.unpack(block).role
        yield Place(_HEADERS[role], at, body)
        at = body
        if role is Role.CONTAINER:
            continue
        yield from _body_places(role, header, data, body)
        at = body + ustar.padded(header.size)
        if header.size % ustar.BLOCK:
            yield Place("padding", body + header.size, at)


_HEADERS = {
    Role.CONTENT: "content header",
    Role.CONTAINER: "container header",
    Role.INDEX: "index header",
    Role.LOCATOR: "locator",
    Role.OTHER: "other header",
    Role.BUNDLE: "bundle header",
}


def _blocks_of_notes(data: bytes, at: int) -> Iterator[tuple[int, bundle.Notes]]:
    while data.startswith(bundle.MAGIC, at):
        block = bundle.unpack_notes(data[at:])
        yield at, block
        at += block.n_bytes


def _body_places(role: Role, header: ustar.Header, data: bytes, body: int) -> Iterator[Place]:
    end = body + header.size
    if role is Role.CONTENT:
        note = Note.unpack(data[body - ustar.BLOCK : body])
        yield Place("7z head", body, body + 32)
        if note.stream_bytes:
            yield Place("stream", body + 32, body + 32 + note.stream_bytes)
        yield Place("7z tail", body + 32 + note.stream_bytes, end)
    elif role is Role.BUNDLE:
        yield Place("7z head", body, body + 32)
        notes = list(_blocks_of_notes(data, body + 32))
        yield Place("notes", body + 32, notes[0][0] + notes[0][1].ahead_bytes)
        for at, block in notes:
            for start, file in zip(block.starts, block.files, strict=True):
                if file.stream_bytes:
                    yield Place("stream", at + start, at + start + file.stream_bytes)
        yield Place("7z tail", at + start + file.stream_bytes, end)
    elif role is Role.INDEX:
        kind = "tree" if header.path == names.TREE_INDEX else "own"
        head = index.Head.unpack(data[body : body + index.HEAD.size])
        inner = body + index.HEAD.size
        parity = inner + head.body_bytes
        yield Place(f"{kind} index head", body, inner)
        yield Place(f"{kind} index body", inner, parity)
        yield Place(f"{kind} index parity", parity, parity + codeword.parity_size(head.body_bytes))
        yield Place(f"{kind} index foot", end - index.HEAD.size, end)
    else:
        yield Place({names.README: "readme", names.STRUCTURE: "structure"}.get(header.path, "links"), body, end)
