"""Decoding: whole contents, whatever the bounds of the decoder's steps cut through."""

from __future__ import annotations

import hashlib
import os
import zlib
from pathlib import Path

from pybackup.compress.unpack import decode
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
