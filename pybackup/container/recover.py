"""Putting a listing together from what is left: container indexes, then the structure, then headers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from pybackup.errors import Damaged, FormatError, NotAnArchive, Refused
from pybackup.host.storage import ArchiveFile
from pybackup.layout import index, names, note, ustar
from pybackup.layout.foreign import HEAD_BYTES, kind_of
from pybackup.layout.note import Role
from pybackup.layout.table import Table, path_bytes_for
from pybackup.model.entry import NOBODY, Entry, Kind
from pybackup.model.listing import FoundRows, Listing, Way
from pybackup.model.member import Container, Member, Stored
from pybackup.model.problem import Problem, Trouble

from .found_headers import entry_of, file_name, file_of, owner_of, true_name
from .found_indexes import found_indexes
from .scan import Findings, FoundHeader
from .structure import read_structure
from .tables import load_table

_LOST = b"lost+found/container-%d"
_MAX_STRUCTURE_BYTES = 1 << 30
# Paths are made of what stands before them: those of containers in each other, or below one with a name as long
# as the file, would take the square of its size. An average header has no longer one than a system call takes.
_PATH_BYTES = 4096


def what_it_is(file: ArchiveFile) -> str:
    """Return what a file is in which nothing of an archive was found."""
    kind = kind_of(file.read_what_is_left(0, HEAD_BYTES))
    return f"{kind}, and no archive of pybackup" if kind else "no archive, or nothing of one is left"


def recover(
    file: ArchiveFile, findings: Findings, expected: int | None, damage: Sequence[str], *, archive_id: bytes | None
) -> Listing:
    """Return what a scan of the whole archive gives.

    Raises
    ------
    NotAnArchive
        It gives nothing: no id.
    """
    if archive_id is None:
        raise NotAnArchive(f"{file.path.decode(errors='replace')}: {what_it_is(file)}")
    recovery = _Recovery(file, findings, archive_id, list(damage))
    found = recovery.entries()
    if expected is None:
        heads = (head for _, head in findings.indexes if head.archive_id == archive_id)
        expected = next((head.entries for head in heads if head.scope == index.TREE), None)
    ordered = sorted(found.values(), key=lambda stored: stored.entry.path.split(b"/"))
    way = Way.HEADERS if recovery.used_headers or not recovery.tables else Way.CONTAINERS
    return Listing(
        [stored.entry.path for stored in ordered],
        FoundRows(ordered),
        way,
        archive_id,
        expected,
        tuple(recovery.damage),
        containers=tuple(recovery.containers()),
        doubts=tuple(recovery.doubts),
    )


class _Recovery:
    """What is known while the pieces are put together."""

    def __init__(self, file: ArchiveFile, findings: Findings, archive_id: bytes, damage: list[str]) -> None:
        self._file = file
        self._headers = [found for found in findings.headers if found.note.archive_id == archive_id]
        self._noted = partial(findings.files_of, archive_id)
        # Honest structures overlap nowhere; hostile ones might have every byte read a million times.
        self._left = 2 * file.size
        self._bodies: dict[int, int] = {}
        self.damage = damage
        self.doubts: list[Problem] = []
        self.used_headers = False
        self.tables = dict(self._load(findings, archive_id))
        self._path_bytes_left = path_bytes_for(sum(self._bodies.values())) + _PATH_BYTES * len(self._headers)
        self._path_bytes_left += _PATH_BYTES * len(findings.notes)
        self._paths: dict[int, bytes] = {0: b""}
        self._adrift: set[int] = set()

    def entries(self) -> dict[bytes, Stored]:
        """All entries by path, each from the best that tells of it."""
        found = self._from_tables()
        self._place_containers()
        for entry in self._structures():
            found.setdefault(entry.path, Stored(entry))
        for stored, doubt in self._from_headers():
            if found.setdefault(stored.entry.path, stored) is stored:
                self.used_headers = True
                if doubt:
                    self.doubts.append(Problem(stored.entry.path, Trouble.METADATA, doubt))
        return found

    def containers(self) -> Iterator[tuple[int, Container]]:
        """The containers that the indexes name; the rows are those of their own tables."""
        for table in self.tables.values():
            yield from table.containers()

    def _load(self, findings: Findings, archive_id: bytes) -> Iterator[tuple[int, Table]]:
        for head, blob in found_indexes(self._file, findings, scope=index.CONTAINER, archive_id=archive_id):
            try:
                if not isinstance(blob, index.Blob):
                    raise blob
                table = load_table(blob)
            except (FormatError, OSError) as error:
                self.damage.append(f"the index of container {head.container}: {error}")
                continue
            if blob.corrected_bytes:
                self.damage.append(f"{blob.corrected_bytes} bytes of an index, repaired by its parity")
            self._bodies[head.container] = head.body_bytes
            yield head.container, table

    def _read(self, offset: int, count: int) -> bytes:
        self._left -= min(count, self._file.size)
        if self._left < 0:
            raise Damaged("structures that lie upon each other")
        return self._file.read_what_is_left(offset, count)

    def _from_tables(self) -> dict[bytes, Stored]:
        found: dict[bytes, Stored] = {}
        for number, table in self.tables.items():
            self._paths[number] = table.place
        for number, table in self.tables.items():
            try:
                for row, path in enumerate(table.paths(self._bodies[number])):
                    full = self._below(self._paths[number], path)
                    found[full] = table.stored(row, full)
                    container = table.container(row)
                    if container:
                        self._paths.setdefault(container.number, full)
            except Refused as error:
                self.damage.append(f"the index of container {number}: {error}")
        return found

    def _below(self, directory: bytes, name: bytes) -> bytes:
        """The path of an entry.

        Raises
        ------
        Refused
            All paths together would be longer than any tree's.
        """
        if self._path_bytes_left < len(directory) + len(name):
            raise Refused("paths that would grow beyond measure")
        self._path_bytes_left -= len(directory) + len(name)
        return join(directory, name)

    def _within(self, number: int, name: bytes) -> bytes:
        """The path of what a header tells of; below lost+found where all paths would grow beyond measure."""
        try:
            return self._below(self._path(number), name)
        except Refused:
            self._adrift.add(number)
            return join(_LOST % number, name)

    def _place_containers(self) -> None:
        """Paths of containers that no index names, from the headers of nested containers."""
        nested = {found.note.raw_bytes: found for found in self._headers if found.note.role is Role.CONTAINER}
        for number in sorted(nested):
            # A container's number is above that of the container it lies in, so that one is known by now.
            found = nested[number]
            if number in self._paths:
                continue
            self._paths[number] = self._within(found.note.container, true_name(found, b"/" + names.CONTAINER))
            if found.note.container in self._adrift or found.records is None:
                self._adrift.add(number)

    def _path(self, number: int) -> bytes:
        """Path of the directory of a container; made up where it is lost, and remembered as such."""
        if number not in self._paths:
            self._paths[number] = _LOST % number
            self._adrift.add(number)
        return self._paths[number]

    def _from_headers(self) -> Iterator[tuple[Stored, str]]:
        """Files in containers whose own index is lost, the directories of such containers, and what is in doubt."""
        files: dict[tuple[int, bytes], dict[int, FoundHeader]] = {}
        for found in self._headers:
            number = found.note.container
            if number in self.tables:
                continue
            if found.note.role is Role.CONTENT:
                files.setdefault((number, file_name(found)), {})[found.note.segment] = found
            elif found.note.role is Role.CONTAINER:
                path = self._within(number, true_name(found, b"/" + names.CONTAINER))
                entry = replace(entry_of(found, path, Kind.DIRECTORY), mode=found.note.segment & 0o7777)
                lost = "its extended attributes are lost" if found.note.flags & note.ATTRIBUTES else ""
                yield Stored(entry), self._doubt(found) or lost
        for (number, name), segments in files.items():
            first = segments[min(segments)]
            yield file_of(self._within(number, name), segments), self._doubt(first)
        yield from self._from_bundles()

    def _from_bundles(self) -> Iterator[tuple[Stored, str]]:
        """Files in bundles, whose notes tell all but their owner: that is the bundle's."""
        bundles = [found for found in self._headers if found.note.role is Role.BUNDLE]
        starts = [found.offset for found in bundles]
        for found in self._noted():
            said, container = found.note, found.container
            if container in self.tables:
                continue
            around = bundles[at - 1] if (at := bisect_right(starts, found.noted_at)) else None
            has_owner = around is not None and around.note.container == container
            owner = owner_of(around) if around is not None and has_owner else NOBODY
            path = self._within(container, said.name)
            entry = Entry(path, Kind.FILE, said.mode, owner, said.mtime_ns, said.raw_bytes)
            dictionary = 1 << said.dictionary if said.dictionary else 0
            member = Member(
                found.stream_offset, said.stream_bytes, said.stream_bytes, said.raw_bytes, said.method, dictionary,
                said.digest, bundled=True,
            )  # fmt: skip
            doubt = "the name of its directory is lost" if container in self._adrift else ""
            yield (
                Stored(entry, (member,), said.digest, changed=said.changed),
                doubt or "its owner is lost" * (not has_owner),
            )

    def _doubt(self, found: FoundHeader) -> str:
        if found.note.container in self._adrift:
            return "the name of its directory is lost"
        return "a long name or attributes may be lost" if found.records is None else ""

    def _structures(self) -> Iterator[Entry]:
        """Entries without content."""
        for found in self._headers:
            if found.note.role is Role.OTHER and found.header.size <= _MAX_STRUCTURE_BYTES:
                try:
                    data = self._read(found.offset + ustar.BLOCK, found.header.size)
                except (FormatError, OSError):
                    continue
                yield from read_structure(data, strict=True)


def join(directory: bytes, name: bytes) -> bytes:
    """The two with a slash between, or ``name`` alone at the top."""
    return directory + b"/" + name if directory else name
