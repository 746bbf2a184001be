"""An archive of a few files, some of which have several members, and where these are."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from kit.archives import archive
from kit.memory import fast_directory
from kit.planting import write_sparse

from pybackup.archive.open import open_archive
from pybackup.compress.methods import BUNDLE_BYTES
from pybackup.model.member import Stored

MIB = 1 << 20


@dataclass(frozen=True)
class Packed:
    """The archive's bytes, the contents of its files, and the entry of each."""

    data: bytes
    contents: Mapping[bytes, bytes]
    stored: Mapping[bytes, Stored]


def _pack(bundle_bytes: int) -> Packed:
    """Without parity, so that damage cannot be mended."""
    chance = random.Random(8)
    with fast_directory() as base:
        top = base / "top"
        top.mkdir()
        (top / "empty").touch()
        (top / "noise.bin").write_bytes(chance.randbytes(9000))
        (top / "text").write_bytes(b"All that is written here must come back.\n" * 400)
        (top / "long").write_bytes(chance.randbytes(2 * MIB + 900))
        write_sparse(top / "sparse", MIB, {5000: b"in the middle of nothing" * 400, MIB - 3: b"end"})
        archive([top], base / "a.xtar", segment_bytes=MIB, with_parity=False, bundle_bytes=bundle_bytes)
        with open_archive(os.fsencode(base / "a.xtar")) as opened:
            stored = {each.entry.path: each for each in opened.listing if each.members}
        contents = {path: (base / os.fsdecode(path)).read_bytes() for path in stored}
        return Packed((base / "a.xtar").read_bytes(), contents, stored)


@pytest.fixture(scope="session")
def packed() -> Packed:
    """Small files share a bundle."""
    return _pack(BUNDLE_BYTES)


@pytest.fixture(scope="session")
def alone() -> Packed:
    """Each file has members of its own."""
    return _pack(0)


def hurt(data: bytes, start: int, n_bytes: int = 1) -> bytes:
    """Return the bytes with some of them changed."""
    return data[:start] + bytes(byte ^ 0x5A for byte in data[start : start + n_bytes]) + data[start + n_bytes :]
