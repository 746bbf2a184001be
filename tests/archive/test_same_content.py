"""Whether a file has the content of an archived one: every byte counts, and holes equal zeros."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.archives import archive
from kit.planting import write_sparse

from pybackup.archive.open import OpenArchive, open_archive
from pybackup.archive.same_content import same_content
from pybackup.errors import FormatError
from pybackup.host.joined import open_place
from pybackup.model.member import Stored

MIB = 1 << 20
HOLES = {MIB: b"after a hole" * 100, 3 * MIB: b"x", 5 * MIB - 10: b"ends here."}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("same")
    top = base / "tree"
    top.mkdir()
    (top / "empty").touch()
    (top / "text").write_bytes(b"text\n" * 999)
    (top / "long").write_bytes(random.Random(1).randbytes(2 * MIB + 5))
    write_sparse(top / "holes", 5 * MIB, HOLES)
    write_sparse(top / "hole", 2 * MIB, {})
    archive([top], base / "a.xtar", segment_bytes=MIB)
    return base


@pytest.fixture
def opened(made: Path) -> Iterator[OpenArchive]:
    with open_archive(os.fsencode(made / "a.xtar")) as found:
        yield found


def _stored(opened: OpenArchive, name: str) -> Stored:
    return next(stored for stored in opened.listing if stored.entry.name == name.encode())


def _same(opened: OpenArchive, stored: Stored, path: Path) -> bool:
    fd = os.open(path, os.O_RDONLY)
    try:
        with open_place(opened.place) as file:
            return same_content(file, stored, fd)
    finally:
        os.close(fd)


ALL = ["empty", "text", "long", "holes", "hole"]


@pytest.mark.parametrize("name", ALL)
def test_the_file_itself_and_a_copy_without_holes(opened: OpenArchive, made: Path, tmp_path: Path, name: str) -> None:
    assert _same(opened, _stored(opened, name), made / "tree" / name)
    (tmp_path / "copy").write_bytes((made / "tree" / name).read_bytes())
    assert _same(opened, _stored(opened, name), tmp_path / "copy")


@pytest.mark.parametrize(
    ("name", "at"),
    [("text", 0), ("text", 4994), ("long", 0), ("long", MIB - 1), ("long", MIB), ("long", 2 * MIB + 4)]
    + [("holes", at) for at in (0, MIB - 1, MIB, 2 * MIB, 3 * MIB, 3 * MIB + 1, 5 * MIB - 1)]
    + [("hole", 0), ("hole", 2 * MIB - 1)],
)
def test_a_byte_that_differs(opened: OpenArchive, made: Path, tmp_path: Path, name: str, at: int) -> None:
    data = bytearray((made / "tree" / name).read_bytes())
    data[at] ^= 1
    (tmp_path / "copy").write_bytes(data)
    assert not _same(opened, _stored(opened, name), tmp_path / "copy")


@pytest.mark.parametrize("name", ["text", "long"])
def test_a_file_that_has_become_shorter(opened: OpenArchive, made: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "copy").write_bytes((made / "tree" / name).read_bytes()[:-1])
    assert not _same(opened, _stored(opened, name), tmp_path / "copy")


def test_a_digest_of_which_only_the_beginning_is_known(opened: OpenArchive, made: Path) -> None:
    stored = _stored(opened, "text")
    (member,) = stored.members
    for digest, expected in ((member.digest[:4], True), (b"", False), (b"\0" * 4, False)):
        short = stored._replace(members=(member._replace(digest=digest),))
        assert _same(opened, short, made / "tree/text") == expected


def test_what_cannot_be_told_is_an_error(opened: OpenArchive, made: Path) -> None:
    stored = _stored(opened, "long")
    with pytest.raises(FormatError, match="its size is not that of its segments"):
        _same(opened, stored._replace(members=stored.members[:-1]), made / "tree/long")
    sparse = _stored(opened, "holes")
    moved = sparse._replace(members=tuple(member.moved(7) for member in sparse.members))
    with pytest.raises(FormatError):
        _same(opened, moved, made / "tree/holes")
