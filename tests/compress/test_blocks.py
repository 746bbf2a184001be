"""Blocks within a segment: one stream for every reader, of which a bad spot costs one block."""

from __future__ import annotations

import hashlib
import lzma
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pybackup.compress import blocks as blocks_module
from pybackup.compress.blocks import BLOCK_BYTES, Block, blocks
from pybackup.compress.methods import Compression, raw_filters
from pybackup.compress.pack import PackJob, pack
from pybackup.compress.partial import left_of
from pybackup.host.storage import ArchiveFile
from pybackup.layout.sevenzip import STREAM_OFFSET
from pybackup.model.extents import Extents
from pybackup.model.member import Member, Method
from pybackup.model.soundness import Soundness, unproved
from pybackup.sector import SECTOR
from pybackup.standalone import rescue

SEED = 5
BLOCKS = 5


def text(n_bytes: int) -> bytes:
    numbers = random.Random(SEED)
    words = [numbers.randbytes(4).hex() for _ in range(3000)]
    lines = bytearray()
    while len(lines) < n_bytes:
        lines += " ".join(numbers.choices(words, k=9)).encode() + b"\n"
    return bytes(lines[:n_bytes])


CONTENT = text((BLOCKS - 1) * BLOCK_BYTES + 1000)
PACKED = pack(PackJob(CONTENT, b"a.txt", 0o644, 0, Method.LZMA2, Compression.DEFAULT))
STREAM = PACKED.data[STREAM_OFFSET : STREAM_OFFSET + PACKED.stream_bytes]


def looking(*lost: tuple[int, int]) -> Callable[[int, int], bytes]:
    gone = Extents.of(lost)
    return lambda start, end: b"" if gone.within(start, min(end, len(STREAM))) else STREAM[start:end]


WHOLE = blocks(looking(), len(STREAM), len(CONTENT))


def test_a_stream_of_blocks_is_one_stream() -> None:
    assert PACKED.method is Method.LZMA2
    assert PACKED.dictionary_bytes == BLOCK_BYTES
    assert lzma.decompress(STREAM, lzma.FORMAT_RAW, filters=raw_filters(Method.LZMA2, BLOCK_BYTES)) == CONTENT


def test_every_block_is_found_and_decodes_by_itself() -> None:
    assert [block.raw_start for block in WHOLE] == [number * BLOCK_BYTES for number in range(BLOCKS)]
    for start, end, raw_start, raw_end in WHOLE:
        alone = STREAM[start:end].removesuffix(b"\0") + b"\0" if end == len(STREAM) else STREAM[start:end] + b"\0"
        content = lzma.decompress(alone, lzma.FORMAT_RAW, filters=raw_filters(Method.LZMA2, BLOCK_BYTES))
        assert content == CONTENT[raw_start:raw_end]


@pytest.mark.parametrize("number", range(BLOCKS - 1))
def test_a_lost_header_costs_its_block_alone(number: int) -> None:
    start = WHOLE[number].start
    found = blocks(looking((start, start + 6)), len(STREAM), len(CONTENT))
    # What begins at the lost header is not known; of the first block it always is.
    assert [block.start for block in found] == [block.start for block in WHOLE if block.start != start or not start]


def test_a_header_that_lies_is_none_of_a_block() -> None:
    """Bytes like the head of a chunk that lead to a true one by chance: they do not decode."""
    target = WHOLE[3].start
    inside = target - 60_000
    packed = target - inside - 6
    raw = BLOCK_BYTES
    head = bytes((0xE0 | raw - 1 >> 16,)) + (raw - 1 & 0xFFFF).to_bytes(2, "big") + (packed - 1).to_bytes(2, "big")
    forged = STREAM[:inside] + head + b"\x5d\0" + STREAM[inside + 7 :]

    def look(start: int, end: int) -> bytes:
        return b"" if start <= WHOLE[2].start < end else forged[start:end]

    assert WHOLE[2].start < inside
    found = blocks(look, len(STREAM), len(CONTENT))
    assert Block(*WHOLE[3]) in found
    assert all(block.start != inside for block in found)


AT = 700
"""Where the member begins."""


def member_of(stream: bytes, content: bytes, *, bundled: bool = False) -> Member:
    digest = hashlib.sha256(content).digest()
    size = len(stream) if bundled else STREAM_OFFSET + len(stream)
    return Member(AT, size, len(stream), len(content), Method.LZMA2, BLOCK_BYTES, digest, bundled=bundled)


def test_a_part_of_a_stream_is_a_member_that_ends_where_the_part_does() -> None:
    block = WHOLE[2]
    for bundled in (False, True):
        whole = member_of(STREAM, CONTENT, bundled=bundled)
        part = whole.part(block.start, block.end, block.raw_end - block.raw_start)
        assert part.stream_offset == whole.stream_offset + block.start
        assert (
            part.offset + part.packed_bytes == part.stream_offset + part.stream_bytes == whole.stream_offset + block.end
        )
        assert part.raw_bytes == block.raw_end - block.raw_start
        assert part.bundled == bundled


@pytest.mark.parametrize("bundled", [False, True])
@pytest.mark.parametrize("is_proved", [True, False])
def test_a_bad_sector_in_each_place_costs_one_block(is_proved: bool, bundled: bool, tmp_path: Path) -> None:
    path = tmp_path / "member"
    member = member_of(STREAM, CONTENT, bundled=bundled)
    begin = member.stream_offset
    for at in range(0, len(STREAM), 30_011):
        damaged = bytearray(bytes(begin) + STREAM)
        bad = (at + begin, min(at + begin + 2048, len(damaged)))
        damaged[bad[0] : bad[1]] = bytes(bad[1] - bad[0])
        path.write_bytes(damaged)
        known = Soundness(Extents.of([bad])) if is_proved else unproved(Extents.of([bad]))
        with ArchiveFile(os.fsencode(path)) as file:
            pieces = list(left_of(file, member, known))
        end = 0
        for offset, data, proved in pieces:
            assert offset >= end
            end = offset + len(data)
            assert data == CONTENT[offset:end]
            assert proved or not is_proved
        there = Extents.of((offset, offset + len(data)) for offset, data, _ in pieces)
        hit = [block for block in WHOLE if block.start < at + 2048 and block.end > at]
        for block in WHOLE:
            if block not in hit:
                assert not there.gaps(block.raw_start, block.raw_end), (at, block)


@pytest.mark.parametrize("parity", ["2K", "none"])
def test_rescue_brings_back_the_same(parity: str, tmp_path: Path) -> None:
    """Two bad sectors, one of them over the head of a block, with and without checksums."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.txt").write_bytes(CONTENT)
    archive, own = tmp_path / "a.xtar", [sys.executable, "-m", "pybackup"]
    subprocess.run([*own, "create", "tree", "-o", archive, "--parity", parity, "--quiet"], cwd=tmp_path, check=True)
    data = bytearray(archive.read_bytes())
    start = data.index(STREAM)
    for spot in (WHOLE[1].start + 9000, WHOLE[3].start - 50):
        first = (start + spot) // SECTOR * SECTOR
        data[first : first + SECTOR] = bytes(SECTOR)
    archive.write_bytes(data)
    script = Path(rescue.__file__)
    for to, command in (("own", own), ("alone", [sys.executable, str(script)])):
        where = ["--to", str(tmp_path / to)]
        done = subprocess.run([*command, "salvage", str(archive), *where], capture_output=True, check=False)
        assert done.returncode == 1, done.stderr
    (ours,) = (tmp_path / "own").rglob("a.txt.partial")
    (theirs,) = (tmp_path / "alone").rglob("a.txt.partial")
    assert ours.read_bytes() == theirs.read_bytes()
    left = ours.read_bytes()
    # The block that was hit last, and what is behind the first spot in its own: both are zeros now.
    for block in (WHOLE[0], WHOLE[4]):
        assert left[block.raw_start : block.raw_end] == CONTENT[block.raw_start : block.raw_end]
    wrong = [at for at, (one, other) in enumerate(zip(left, CONTENT, strict=True)) if one not in (0, other)]
    assert not wrong
    lost = sum(one != other for one, other in zip(left, CONTENT, strict=True))
    assert lost < 2.5 * BLOCK_BYTES


def test_blocks_of_64_kib_are_looked_for() -> None:
    """A writer may choose smaller blocks than ours."""
    assert BLOCK_BYTES % blocks_module._ALIGNED_BYTES == 0
