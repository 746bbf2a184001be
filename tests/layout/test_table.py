"""The columns of an index as a table: rows in, the same rows out, and what no tree can be is refused."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings

from pybackup.errors import Damaged, FormatError, Refused
from pybackup.layout import columns as columns_module
from pybackup.layout.columns import Reader, pack_column, pack_texts
from pybackup.layout.table import Table
from pybackup.layout.table_builder import TableBuilder
from pybackup.layout.table_form import DEVICES
from pybackup.model.entry import Entry, Kind, Owner
from pybackup.model.listing import Brief
from pybackup.model.member import Container, Member, Method, Stored

from .values import Row, build, changed, put, rows

ENTRY_COLUMNS = ("kind", "flags", "up", "mode", "owner", "mtime_s", "mtime_ns", "excess", "members")
MEMBER_COLUMNS = ("gap", "packed", "tail", "raw", "method", "dictionary")
TEXTS = ("names", "targets", "extras")
U32 = 2**32 - 1


def packed(rows: list[Row], **options: int) -> tuple[bytes, bytes]:
    builder = build(rows, **options)
    return builder.pack(place=b"p", region=bytes(32), settings=b"{}"), bytes(builder.digests)


def table(plain: bytes, digests: bytes, entries: int, *, digest_bytes: int = 32, base: int = 0) -> Table:
    return Table(plain, digests, entries=entries, digest_bytes=digest_bytes, base=base)


def read_rows(found: Table) -> list[Row]:
    return [(found.stored(row, path), found.parent(row)) for row, path in enumerate(found.paths())]


ANN, BOB = Owner(1000, 100, b"ann", b"users"), Owner(U32, 0, b"", b"")
TIME = -1_000_000_001
DIGEST = bytes(range(32))


def small() -> list[Row]:
    """A directory with a file of two segments and a link in it, and a device beside it."""
    members = (
        Member(512, 100, 60, 1000, Method.LZMA2, 4096, DIGEST),
        Member(1536, 90, 50, 200, Method.COPY, 0, DIGEST[::-1]),
    )
    content = Entry(b"d/f", Kind.FILE, 0o640, ANN, TIME, 1300, xattrs={b"user.a": b"1", b"user.b": b""})
    return [
        (Stored(Entry(b"d", Kind.DIRECTORY, 0o755, BOB, 5)), None),
        (Stored(content, members, 32 * b"w", sparse=True), 0),
        (Stored(Entry(b"d/l", Kind.SYMLINK, 0o777, ANN, 0, target=b"../x")), 0),
        (Stored(Entry(b"z", Kind.CHARACTER, 0o600, BOB, 0, device=(1, 3))), None),
    ]


GOLDEN = (
    "01" "0100000000000000" "01000205"  # kinds 2 1 3 6 above 1
    "01" "0000000000000000" "00010000"  # flags
    "01" "0000000000000000" "00010200"  # up
    "02" "8001000000000000" "6d20" "7f00" "0000" "0100"
)  # fmt: skip


def test_table_starts_as_the_golden_one() -> None:
    plain, digests = packed(small())
    assert plain[:39].hex() == GOLDEN[: 2 * 39]
    assert digests == DIGEST + DIGEST[::-1]
    assert plain.endswith(pack_texts([b"p"]) + pack_texts([bytes(32)]) + pack_texts([b"{}"]))
    extras = "01090000000600" + b"user.a1".hex() + "01080000000600" + b"user.b".hex()
    extras += "0320000000" + 32 * "77"
    assert bytes.fromhex(extras + "02080000000100000003000000") in plain


def test_table_comes_back_as_it_was() -> None:
    found = table(*packed(small()), 4)
    assert read_rows(found) == small()
    assert (found.place, found.region, found.settings) == (b"p", bytes(32), b"{}")


@given(rows())
@settings(deadline=None)
def test_any_table_comes_back_and_packs_to_the_same_bytes(expected: list[Row]) -> None:
    plain, digests = packed(expected)
    found = table(plain, digests, len(expected))
    assert read_rows(found) == expected
    assert packed(read_rows(found)) == (plain, digests)


@given(rows())
@settings(deadline=None)
def test_totals_are_those_of_the_entries_one_by_one(expected: list[Row]) -> None:
    files = [stored for stored, _ in expected if stored.entry.kind is Kind.FILE]
    sizes = [
        sum(member.raw_bytes for member in stored.members) if stored.numbers else stored.entry.size for stored in files
    ]
    has_defect = any(stored.defect for stored in files)
    assert table(*packed(expected), len(expected)).totals() == (None if has_defect else (len(files), sum(sizes)))


@given(rows())
@settings(deadline=None, max_examples=50)
def test_the_least_of_an_entry_is_what_the_whole_of_it_says(expected: list[Row]) -> None:
    found = table(*packed(expected), len(expected))
    for (stored, _), brief in zip(expected, found.briefs(range(len(found))), strict=True):
        entry = stored.entry
        if entry.target or entry.xattrs or entry.kind in DEVICES or len(stored.members) > 1 or stored.numbers:
            assert brief is None
        else:
            assert brief == Brief.of(stored)
    backwards = range(len(found) - 1, -1, -1)
    assert [*found.briefs(backwards)] == [*found.briefs(range(len(found)))][::-1]


@given(rows())
@settings(deadline=None, max_examples=30)
def test_own_index_keeps_four_bytes_of_a_digest(expected: list[Row]) -> None:
    plain, digests = packed(expected, digest_bytes=4)
    found = table(plain, digests, len(expected), digest_bytes=4)
    for (stored, _), (other, _) in zip(read_rows(found), expected, strict=True):
        assert [member.digest for member in stored.members] == [member.digest[:4] for member in other.members]


@given(rows())
@settings(deadline=None, max_examples=30)
def test_offsets_are_counted_from_the_base(expected: list[Row]) -> None:
    base = 1 << 40
    moved = [
        (stored._replace(members=tuple(m._replace(offset=m.offset + base) for m in stored.members)), parent)
        for stored, parent in expected
    ]
    plain, digests = packed(moved, base=base)
    assert read_rows(table(plain, digests, len(moved), base=base)) == moved
    assert plain == packed(expected)[0]


def test_containers_come_back() -> None:
    builder = TableBuilder(base=0, digest_bytes=32)
    above = builder.add(Stored(Entry(b"d", Kind.DIRECTORY)), None)
    builder.add_container(above, Container(512, 0, 1))
    below = builder.add(Stored(Entry(b"d/e", Kind.DIRECTORY)), above)
    builder.add_container(below, Container(1024, 0, 2))
    builder.add(Stored(Entry(b"d/e/x", Kind.FILE, size=3), (Member(1536, 40, 5, 3, Method.COPY, 0, DIGEST),)), below)
    builder.close_container(below, 4096)
    builder.close_container(above, 8192)
    plain = builder.pack(place=b"", region=b"", settings=b"")
    found = table(plain, bytes(builder.digests), 3)
    assert list(found.containers()) == [(0, Container(512, 8192, 1)), (1, Container(1024, 4096, 2))]
    assert found.container(2) is None
    assert found.stored(2, b"d/e/x").members[0].offset == 1536


def test_damage_to_the_columns_is_refused_or_says_something_that_packs_to_it() -> None:
    # The digest of the body covers these bytes; without it no damage may give two forms of one tree.
    plain, digests = packed(small())
    for _, damaged in changed(plain):
        try:
            found = table(damaged, digests, 4)
            read = read_rows(found)
        except FormatError:
            continue
        builder = build(read)
        again = builder.pack(place=found.place, region=found.region, settings=found.settings)
        assert (again, bytes(builder.digests)) == (damaged, digests)


# Columns that are well formed, and no tree


class Parts:
    """The columns of a table one by one, to be changed and packed again."""

    def __init__(self, source: list[Row]) -> None:
        self.entries = len(source)
        plain, self.digests = packed(source)
        reader = Reader(plain)
        self.columns: dict[str, list[int]] = {name: reader.column(self.entries).tolist() for name in ENTRY_COLUMNS}
        self.texts = {name: list(reader.texts(self.entries)) for name in TEXTS}
        total = sum(self.columns["members"])
        self.columns |= {name: reader.column(total).tolist() for name in MEMBER_COLUMNS}
        self.owners = int.from_bytes(reader.take(4), "little")
        self.uids, self.gids = (reader.column(self.owners).tolist() for _ in range(2))
        self.users, self.groups = (list(reader.texts(self.owners)) for _ in range(2))
        self.last = [list(reader.texts(1)) for _ in range(3)]
        reader.finish()

    def pack(self) -> bytes:
        return b"".join(
            (
                *(pack_column(self.columns[name]) for name in ENTRY_COLUMNS),
                *(pack_texts(self.texts[name]) for name in TEXTS),
                *(pack_column(self.columns[name]) for name in MEMBER_COLUMNS),
                struct.pack("<I", self.owners),
                *(pack_column(numbers) for numbers in (self.uids, self.gids)),
                *(pack_texts(texts) for texts in (self.users, self.groups, *self.last)),
            )
        )

    def set(self, name: str, row: int, value: int) -> None:
        self.columns[name][row] = value

    def text(self, name: str, row: int, value: bytes) -> None:
        self.texts[name][row] = value


def extra(tag: int, value: bytes) -> bytes:
    return struct.pack("<BI", tag, len(value)) + value


def xattr(name: bytes, value: bytes) -> bytes:
    return extra(1, struct.pack("<H", len(name)) + name + value)


WHOLE = extra(3, 32 * b"w")
DEVICE = extra(2, bytes(8))


def number(name: str, row: int, value: int) -> Callable[[Parts], None]:
    return lambda parts: parts.set(name, row, value)


def text(name: str, row: int, value: bytes) -> Callable[[Parts], None]:
    return lambda parts: parts.text(name, row, value)


def owners(uids: Sequence[int], gids: Sequence[int], count: int | None = None) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        parts.owners = len(uids) if count is None else count
        parts.uids, parts.gids = list(uids), list(gids)
        parts.users = parts.groups = [b""] * len(uids)

    return change


def both(*changes: Callable[[Parts], None]) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        for one in changes:
            one(parts)

    return change


def digests(count: int) -> Callable[[Parts], None]:
    return lambda parts: setattr(parts, "digests", bytes(count))


ROWS = {
    "kind 0": (number("kind", 3, 0), "impossible kind|one too"),
    "kind 8": (number("kind", 0, 8), "impossible kind"),
    "kind 255": (number("kind", 2, 255), "impossible kind"),
    "flag 4": (number("flags", 1, 4), "impossible flags"),
    "flags -1": (number("flags", 1, -1), "impossible flags"),
    "flags of a directory": (number("flags", 0, 1), "flags to an entry that is no file"),
    "mode of five digits": (number("mode", 0, 0o10000), "impossible mode"),
    "negative mode": (number("mode", 0, -1), "impossible mode"),
    "owner beyond the last": (number("owner", 3, 2), "impossible owner"),
    "negative owner": (number("owner", 0, -1), "impossible owner"),
    "owners in another order": (
        both(number("owner", 0, 1), number("owner", 1, 0)),
        "order of their entries",
    ),
    "owner of nothing": (owners([1, 2, 3], [0, 0, 0]), "order of their entries"),
    "owner twice": (owners([1, 1], [0, 0]), "names an owner twice"),
    "uid of 33 bits": (owners([1, U32 + 1], [0, 0]), "impossible owner"),
    "gid of 33 bits": (owners([1, 2], [0, U32 + 1]), "impossible owner"),
    "negative uid": (owners([1, -2], [0, 0]), "negative size"),
    "more owners than entries": (owners(range(5), range(5)), "impossible number of owners"),
    "2^32 - 1 owners": (owners([1, 2], [0, 0], U32), "impossible number of owners"),
    "nanoseconds of a second": (number("mtime_ns", 0, 10**9), "impossible mtime_ns"),
    "negative nanoseconds": (number("mtime_ns", 0, -1), "impossible mtime_ns"),
    "time after all clocks": (number("mtime_s", 0, 2**62 + 1), "impossible mtime_s"),
    "time before all clocks": (number("mtime_s", 0, -(2**63)), "impossible mtime_s"),
    "directory before the first row": (number("up", 1, 2), "in none of the entries"),
    "directory far before": (number("up", 3, 2**40), "in none of the entries"),
    "negative up": (number("up", 1, -1), "in none of the entries"),
    "inside of a link": (number("up", 3, 1), "something that is no directory"),
    "inside of a file": (number("up", 2, 1), "something that is no directory"),
    "empty name": (text("names", 0, b""), "name that is none"),
    "name with a slash": (text("names", 0, b"a/b"), "name that is none"),
    "absolute name": (text("names", 0, b"/"), "name that is none"),
    "name with a NUL": (text("names", 0, b"a\0"), "name that is none"),
    "name of this directory": (text("names", 3, b"."), "name that is none"),
    "name of the directory above": (text("names", 3, b".."), "name that is none"),
    "target of a directory": (text("targets", 0, b"x"), "target to an entry that is no link"),
    "target of a file": (text("targets", 1, b"x"), "target to an entry that is no link"),
    "half an extra": (text("extras", 0, xattr(b"a", b"b")[:4]), "half an extra"),
    "extra without its end": (text("extras", 0, xattr(b"a", b"b")[:-1]), "half an extra"),
    "extra of 2^32 - 1 bytes": (text("extras", 0, struct.pack("<BI", 1, U32)), "half an extra"),
    "unknown extra": (text("extras", 0, extra(4, b"")), "unknown kind"),
    "extra 0": (text("extras", 0, extra(0, b"")), "unknown kind"),
    "attribute without a name's length": (text("extras", 0, extra(1, b"a")), "unknown kind"),
    "attribute shorter than its name": (text("extras", 0, extra(1, b"\4\0abc")), "unknown kind"),
    "attribute twice": (text("extras", 0, xattr(b"a", b"1") + xattr(b"a", b"2")), "out of order"),
    "attributes out of order": (text("extras", 0, xattr(b"b", b"1") + xattr(b"a", b"2")), "out of order"),
    "attribute behind the device": (text("extras", 3, DEVICE + xattr(b"a", b"")), "out of order"),
    "device twice": (text("extras", 3, DEVICE + DEVICE), "out of order"),
    "half a device": (text("extras", 3, extra(2, bytes(4))), "unknown kind"),
    "no device for a device": (text("extras", 3, b""), "too many or too few"),
    "device of a file": (text("extras", 1, DEVICE + WHOLE), "too many or too few"),
    "device of a link": (text("extras", 2, DEVICE), "too many or too few"),
    "no digest for two segments": (text("extras", 1, b""), "too many or too few"),
    "digest of no segments": (text("extras", 2, WHOLE), "too many or too few"),
    "digest of 31 bytes": (text("extras", 1, extra(3, bytes(31))), "unknown kind"),
    "size of a directory": (number("excess", 0, 1), "size to an entry that is no file"),
    "size of a link": (number("excess", 2, -1), "size to an entry that is no file"),
    "file smaller than nothing": (number("excess", 1, -1201), "file of negative size"),
    "file larger than all disks": (number("excess", 1, 2**62 + 2**60), "impossible size"),
    "sizes that wrap to something small": (number("raw", 0, 2**63 - 1), "impossible size"),
    "members of a link": (
        both(number("members", 2, 1), number("members", 1, 1)),
        "entry that has no content",
    ),
    "two containers of a directory": (number("members", 0, 2), "no content|number of members"),
    "negative count of members": (number("members", 1, -1), "impossible number of members"),
    "2^32 - 1 members": (number("members", 1, U32), "impossible number of members"),
    "2^62 members": (number("members", 1, 2**62), "impossible number of members"),
    "one member fewer": (number("members", 1, 1), "another number of digests"),
    "one digest more": (digests(96), "another number of digests"),
    "one digest fewer": (digests(32), "impossible number of members"),
    "no digests": (digests(0), "impossible number of members"),
    "half a digest": (digests(80), "another number of digests"),
    "members that overlap": (number("gap", 1, -1), "negative size of a member"),
    "negative length of a member": (number("packed", 0, -1), "negative size of a member"),
    "negative tail": (number("tail", 0, -1), "negative size of a member"),
    "negative raw size": (number("raw", 0, -1), "negative size of a member|files of impossible"),
    "negative method": (number("method", 0, -1), "negative size of a member"),
    "a delta to nothing": (number("method", 0, 8), "delta to nothing"),
    "method 16": (number("method", 0, 16), "unknown method"),
    "dictionary of 2^41": (number("dictionary", 0, 41), "unknown method"),
    "member beyond all disks": (number("gap", 0, 2**62 + 2**60), "beyond the end"),
    "offsets that wrap": (both(number("gap", 0, 2**62), number("gap", 1, 2**62)), "beyond the end"),
    "tail longer than the member": (number("tail", 0, 69), "shorter than its parts"),
    "member without room for a 7z header": (number("packed", 0, 31), "shorter than its parts"),
}


@pytest.mark.parametrize(("change", "reason"), ROWS.values(), ids=ROWS)
def test_what_no_tree_can_be_is_refused_for_it(change: Callable[[Parts], None], reason: str) -> None:
    parts = Parts(small())
    change(parts)
    with pytest.raises(Damaged, match=reason):
        table(parts.pack(), parts.digests, parts.entries)


def test_parts_that_are_not_changed_are_accepted() -> None:
    parts = Parts(small())
    assert parts.pack() == packed(small())[0]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("tail", 1, "container that is packed"),
        ("method", 1, "container that is packed"),
        ("dictionary", 12, "container that is packed"),
        ("raw", U32 + 1, "number of a container"),
    ],
)
def test_container_has_only_a_place_a_length_and_a_number(name: str, value: int, reason: str) -> None:
    builder = build([(Stored(Entry(b"d", Kind.DIRECTORY)), None)])
    builder.add_container(0, Container(512, 100, 1))
    builder._members[MEMBER_COLUMNS.index(name)] = value
    with pytest.raises(Damaged, match=reason):
        table(builder.pack(place=b"", region=b"", settings=b""), b"", 1)


def test_bytes_behind_the_last_column_are_refused() -> None:
    plain, digests = packed(small())
    with pytest.raises(Damaged, match="behind its last column"):
        table(plain + b"\0", digests, 4)


@pytest.mark.parametrize("length", [0, 3, 50, -1])
def test_columns_that_end_too_early_are_refused(length: int) -> None:
    plain, digests = packed(small())
    with pytest.raises(Damaged, match=r"ends in the middle|fewer bytes"):
        table(plain[:length], digests, 4)


@pytest.mark.parametrize("entries", [3, 5, U32])
def test_another_number_of_entries_is_refused(entries: int) -> None:
    plain, digests = packed(small())
    with pytest.raises(Damaged):
        table(plain, digests, entries)


def test_column_of_255_planes_is_refused() -> None:
    plain, digests = packed(small())
    with pytest.raises(Damaged, match="more than 8 planes"):
        table(put(plain, 0, b"\xff"), digests, 4)
    assert columns_module.HEAD.size == 9


def test_directories_nested_without_end_are_refused_before_their_paths_fill_the_memory() -> None:
    count = 40_000
    builder = build((Stored(Entry(b"directory", Kind.DIRECTORY)), row - 1 if row else None) for row in range(count))
    found = table(builder.pack(place=b"", region=b"", settings=b""), b"", count)
    with pytest.raises(Refused, match="grow beyond measure"):
        found.paths()
