"""Members decoded only to see whether they are whole: any wrong byte of content is a fault, in words."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from pybackup.compress.check import check_batch, first_fault
from pybackup.compress.methods import Compression
from pybackup.compress.pack import PackJob, pack
from pybackup.host.joined import Part
from pybackup.host.storage import ArchiveFile
from pybackup.model.member import Member, Method

CHANCE = random.Random(4)
CONTENTS = {
    "empty": (b"", Method.LZMA2),
    "text": (b"All that is written here must come back.\n" * 300, Method.LZMA2),
    "noise": (CHANCE.randbytes(3000), Method.COPY),
    "program": (bytes(range(256)) * 40, Method.X86_LZMA2),
}


@pytest.fixture
def members(tmp_path: Path) -> dict[str, Member]:
    """One of each method, one behind the other in a file with something before them."""
    data, found = b"before " * 100, {}
    for name, (content, method) in CONTENTS.items():
        packed = pack(PackJob(content, name.encode(), 0o644, 0, method, Compression.DEFAULT))
        found[name] = Member(
            len(data),
            len(packed.data),
            packed.stream_bytes,
            len(content),
            packed.method,
            packed.dictionary_bytes,
            packed.digest,
        )
        data += packed.data + bytes(-len(packed.data) % 512)
    (tmp_path / "a").write_bytes(data)
    return found


def test_whole_members_have_no_fault(tmp_path: Path, members: dict[str, Member]) -> None:
    with ArchiveFile(os.fsencode(tmp_path / "a")) as file:
        assert first_fault(file, list(members.values())) == ""
        assert first_fault(file, []) == ""


@pytest.mark.parametrize("name", ["text", "noise", "program"])
def test_a_wrong_byte_is_a_fault_of_its_file_alone(tmp_path: Path, members: dict[str, Member], name: str) -> None:
    data = bytearray((tmp_path / "a").read_bytes())
    data[members[name].stream_offset + members[name].stream_bytes // 2] ^= 0x10
    (tmp_path / "a").write_bytes(data)
    said = check_batch(os.fsencode(tmp_path / "a"), [[member] for member in members.values()])
    assert [bool(words) for words in said] == [each == name for each in members]
    # The first of several is told.
    together = check_batch(os.fsencode(tmp_path / "a"), [list(members.values())])
    assert together == [said[list(members).index(name)]]


def test_a_digest_of_which_the_beginning_is_known_is_compared_as_far(
    tmp_path: Path, members: dict[str, Member]
) -> None:
    with ArchiveFile(os.fsencode(tmp_path / "a")) as file:
        short = members["text"]._replace(digest=members["text"].digest[:4])
        assert first_fault(file, [short]) == ""
        assert first_fault(file, [short._replace(digest=b"\0\1\2\3")])
        assert first_fault(file, [members["noise"]._replace(raw_bytes=2999)])


def test_a_file_that_ends_too_early_or_a_place_of_parts(tmp_path: Path, members: dict[str, Member]) -> None:
    data = (tmp_path / "a").read_bytes()
    last = members["program"]
    place = (Part(0, len(data), os.fsencode(tmp_path / "a")),)
    assert check_batch(place, [[last]]) == [""]
    (tmp_path / "a").write_bytes(data[: last.offset + 40])
    (said,) = check_batch(place, [[last]])
    assert said
