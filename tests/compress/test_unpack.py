"""Decoding: whole contents, whatever the bounds of the decoder's steps cut through."""

from __future__ import annotations

import hashlib
import os
import random
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pybackup.compress.unpack import decode, decode_unchecked
from pybackup.errors import Damaged
from pybackup.host.storage import ArchiveFile
from pybackup.model.member import Member, Method

STEP = 1 << 20


def test_a_deflate_match_across_the_last_step(tmp_path: Path) -> None:
    """Inflate may have taken all of its input, and still hold the rest of a match that crosses the end of a step."""
    path = tmp_path / "member"
    for beyond in range(1, 300):
        content = bytes(STEP + beyond)
        encoder = zlib.compressobj(5, zlib.DEFLATED, -15)
        stream = encoder.compress(content) + encoder.flush()
        path.write_bytes(bytes(32) + stream)
        digest = hashlib.sha256(content).digest()
        member = Member(0, 32 + len(stream), len(stream), len(content), Method.DEFLATE, 0, digest)
        with ArchiveFile(os.fsencode(path)) as file:
            assert b"".join(decode(file, member)) == content


def test_in_fine_steps_little_is_lost_before_the_refusal(tmp_path: Path) -> None:
    path = tmp_path / "member"
    content = random.Random(3).randbytes(40_000)
    encoder = zlib.compressobj(0, zlib.DEFLATED, -15)  # stored blocks: the place of each byte is known
    stream = bytearray(encoder.compress(content) + encoder.flush())
    second = stream.index(content[20_000:20_020])
    stream[second:] = b"\xff" * (len(stream) - second)
    path.write_bytes(bytes(32) + stream)
    member = Member(0, 32 + len(stream), len(stream), len(content), Method.DEFLATE, 0, bytes(32))
    with ArchiveFile(os.fsencode(path)) as file:
        left = {fine: b"".join(until_refused(decode_unchecked(file, member, fine=fine))) for fine in (False, True)}
    assert len(left[False]) < 19_000 < len(left[True])


def until_refused(pieces: Iterator[bytes]) -> Iterator[bytes]:
    with suppress(Damaged):
        yield from pieces
