"""The root directory of an ISO 9660 image, written by pycdlib and by hand to do harm."""

from __future__ import annotations

import io
import struct

import pycdlib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.layout.iso9660 import root_files

SECTOR = 2048


class _Image:
    """Bytes that are read as a file is; some sectors cannot be read."""

    def __init__(self, data: bytes, bad: tuple[int, ...] = ()) -> None:
        self.data = data
        self.bad = bad
        self.read_bytes = 0

    def read_at(self, offset: int, count: int) -> bytes:
        if any(offset < (sector + 1) * SECTOR and sector * SECTOR < offset + count for sector in self.bad):
            raise OSError("medium error")
        self.read_bytes += count
        return self.data[offset : offset + count]


def _pycdlib(files: dict[str, bytes]) -> bytes:
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3)
    iso.add_directory("/DIR")
    iso.add_fp(io.BytesIO(b"below"), 5, "/DIR/BELOW.;1")
    for name, content in files.items():
        iso.add_fp(io.BytesIO(content), len(content), f"/{name}.;1")
    output = io.BytesIO()
    iso.write_fp(output)
    iso.close()
    return output.getvalue()


def test_the_files_at_the_root_and_no_others() -> None:
    files = {f"F{number:03}": b"%d " % number * (number * 70) for number in range(1, 120)}
    image = _Image(_pycdlib(files))
    found = [image.data[offset : offset + n_bytes] for offset, n_bytes in root_files(image)]
    assert sorted(found) == sorted(files.values())
    assert image.read_bytes < len(image.data)


def _record(sector: int, n_bytes: int, name: bytes, *, flags: int = 0, length: int | None = None) -> bytes:
    """ECMA-119, 9.1."""
    body = struct.pack("<B", 0) + struct.pack("<I", sector) + struct.pack(">I", sector)
    body += struct.pack("<I", n_bytes) + struct.pack(">I", n_bytes) + bytes(7) + bytes([flags, 0, 0])
    body += struct.pack("<H", 1) + struct.pack(">H", 1) + bytes([len(name)]) + name
    body += bytes((len(body) + 1) % 2)
    return bytes([len(body) + 1 if length is None else length]) + body


def _image(directory: bytes, *, size: int | None = None, before: bytes = b"") -> bytes:
    """Descriptors, then the root directory in sector 20."""
    root = _record(20, len(directory) if size is None else size, b"\0", flags=2)
    primary = (b"\1CD001\1" + bytes(149) + root).ljust(SECTOR, b"\0")
    descriptors = before + primary + b"\xffCD001\1".ljust(SECTOR, b"\0")
    return (bytes(16 * SECTOR) + descriptors).ljust(20 * SECTOR, b"\0") + directory


def test_extents_of_one_file_that_follow_each_other_are_one() -> None:
    most = 0xFFFFF800
    directory = _record(30, most, b"A.;1", flags=128) + _record(30 + most // SECTOR, 77, b"A.;1")
    directory += _record(22, 5, b"B.;1")
    assert list(root_files(_Image(_image(directory)))) == [(30 * SECTOR, most + 77), (22 * SECTOR, 5)]


def test_records_do_not_cross_sectors() -> None:
    one = _record(22, 5, b"A" * 30)
    directory = (one * 3).ljust(SECTOR, b"\0") + one
    assert len(list(root_files(_Image(_image(directory))))) == 4


def test_directories_are_none_and_other_descriptors_may_stand_before() -> None:
    boot = b"\0CD001\1".ljust(SECTOR, b"\0")
    directory = _record(20, SECTOR, b"\0", flags=2) + _record(20, SECTOR, b"\1", flags=2) + _record(25, 9, b"A.;1")
    assert list(root_files(_Image(_image(directory, before=boot * 2)))) == [(25 * SECTOR, 9)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(100_000),
        b"\1CD001\1" * 20_000,
        bytes(16 * SECTOR) + b"\xffCD001\1".ljust(SECTOR, b"\0") + _image(b"")[16 * SECTOR :],
        bytes(16 * SECTOR) + b"\0CD001\1".ljust(SECTOR, b"\0") * 1000,
    ],
    ids=["nothing", "zeros", "no sectors", "ended before", "descriptors without end"],
)
def test_what_is_no_image_has_no_files(data: bytes) -> None:
    image = _Image(data)
    assert list(root_files(image)) == []
    assert image.read_bytes <= 33 * SECTOR + (1 << 20)


def test_a_directory_of_four_gigabytes_is_read_in_part() -> None:
    image = _Image(_image(_record(22, 5, b"A.;1"), size=0xFFFFFFFF))
    assert list(root_files(image)) == [(22 * SECTOR, 5)]
    assert image.read_bytes <= 3 << 20


@pytest.mark.parametrize("bad", [16, 20])
def test_sectors_that_cannot_be_read_end_it_quietly(bad: int) -> None:
    assert list(root_files(_Image(_image(_record(22, 5, b"A.;1")), bad=(bad,)))) == []


@given(st.binary(max_size=3 * SECTOR))
def test_any_directory_ends(directory: bytes) -> None:
    for offset, n_bytes in root_files(_Image(_image(directory))):
        assert offset % SECTOR == 0
        assert n_bytes >= 0


@given(st.lists(st.binary(min_size=33, max_size=60), max_size=40))
def test_hostile_records_end(records: list[bytes]) -> None:
    directory = b"".join(bytes([len(record)]) + record[1:] for record in records)
    assert len(list(root_files(_Image(_image(directory))))) <= len(directory) // 33
