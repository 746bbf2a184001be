"""Parts of several files at addresses of their own: what is read where, and what is not at hand."""

from __future__ import annotations

import errno
import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.errors import UsageError
from pybackup.host.joined import JoinedFile, Part, open_place, part_of
from pybackup.host.storage import ArchiveFile


@pytest.fixture
def files(tmp_path: Path) -> list[bytes]:
    paths = [tmp_path / "one", tmp_path / "two"]
    paths[0].write_bytes(b"abcdefghij")
    paths[1].write_bytes(b"0123456789")
    os.utime(paths[0], (1000, 1000))
    os.utime(paths[1], (2000, 3000))
    return [os.fsencode(path) for path in paths]


def test_a_read_ends_with_its_part_and_nothing_is_between(files: list[bytes]) -> None:
    parts = [Part(100, 4, files[0], 2), Part(104, 3, files[1]), Part(200, 5, files[0], 8)]
    with JoinedFile(parts) as file:
        assert file.size == 205
        assert file.path == files[0]
        assert file.read_at(100, 50) == b"cdef"
        assert file.read_at(102, 50) == b"ef"
        assert file.read_at(104, 2) == b"01"
        assert [file.read_at(offset, 9) for offset in (0, 99, 107, 199, 205, 10**18, -1)] == [b""] * 7
        # A file that is shorter than it should be ends early.
        assert file.read_at(200, 50) == b"ij"
        assert file.read_at(202, 50) == b""
        assert file.stretches == [(100, 104), (104, 107), (200, 205)]
        assert (file.written, file.is_drive) == (3000.0, False)


def test_files_are_opened_when_they_are_read(files: list[bytes]) -> None:
    parts = [Part(0, 10, files[0]), Part(10, 10, files[0] + b"missing")]
    with JoinedFile(parts) as file:
        assert file.read_at(0, 3) == b"abc"
        with pytest.raises(UsageError, match="onemissing: no such file"):
            file.read_at(10, 1)
    before = set(os.listdir("/proc/self/fd"))
    with JoinedFile(parts) as file:
        file.read_at(0, 1)
        file.read_at(5, 1)
        assert len(os.listdir("/proc/self/fd")) == len(before) + 1
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_part_that_is_not_at_hand_is_named_only_where_it_is_read(files: list[bytes]) -> None:
    with JoinedFile([Part(0, 10, b"", label="volume 1 of docs"), Part(10, 10, files[1])]) as file:
        assert file.path == files[1]
        assert file.stretches == [(10, 20)]
        assert file.read_at(13, 2) == b"34"
        with pytest.raises(OSError, match="it is on volume 1 of docs, which is not here") as caught:
            file.read_at(9, 1)
        assert caught.value.errno == errno.ENOMEDIUM


def test_a_spare_part_is_read_and_not_looked_through(files: list[bytes]) -> None:
    with JoinedFile([Part(0, 10, files[0]), Part(50, 10, files[1], is_spare=True)]) as file:
        assert file.read_at(50, 3) == b"012"
        assert file.stretches == [(0, 10)]


def test_no_parts_are_an_empty_file() -> None:
    with JoinedFile([]) as file:
        assert (file.size, file.read_at(0, 10), file.stretches, file.written, file.is_drive) == (0, b"", [], 0.0, False)


@pytest.mark.parametrize(
    ("offset", "address", "expected"),
    [
        (0, 0, Part(0, 10, b"f")),
        (5, 7, Part(7, 10, b"f", 5)),
        (-4, 7, Part(11, 6, b"f", 0)),
        (-10, 0, Part(10, 0, b"f")),
    ],
)
def test_a_stretch_that_begins_before_its_file_lacks_its_start(offset: int, address: int, expected: Part) -> None:
    assert part_of(b"f", offset, 10, address=address) == expected


def test_a_place_is_a_path_or_parts_and_travels_between_processes(files: list[bytes]) -> None:
    for place, size in ((files[0], 10), ((Part(0, 4, files[0]), Part(4, 3, files[1], 7)), 7)):
        with open_place(pickle.loads(pickle.dumps(place))) as file:
            assert file.size == size
            assert file.read_at(size - 1, 5) in (b"j", b"9")
    with open_place(files[0]) as plain:
        assert type(plain) is ArchiveFile


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 12)), max_size=6), st.data())
def test_each_byte_is_that_of_its_part(
    tmp_path_factory: pytest.TempPathFactory, shapes: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    path = os.fsencode(tmp_path_factory.getbasetemp() / "joined content")
    content = b"abcdefghijklmnopqrst"
    if not os.path.exists(path):
        with open(path, "wb") as written:
            written.write(content)
    parts, address = [], 0
    expected: dict[int, int] = {}
    for gap, n_bytes, offset in shapes:
        address += gap
        parts.append(Part(address, n_bytes, path, offset))
        expected |= {address + number: content[offset + number] for number in range(n_bytes)}
        address += n_bytes
    with JoinedFile(parts) as file:
        offset, count = data.draw(st.integers(0, address + 3)), data.draw(st.integers(1, 20))
        read = file.read_at(offset, count)
        assert bool(read) == (offset in expected)
        for number, byte in enumerate(read):
            assert expected[offset + number] == byte
