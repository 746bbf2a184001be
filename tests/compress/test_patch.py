"""Applying deltas: the right ones give what the program rdiff gives, all else is refused."""

from __future__ import annotations

import hashlib
import os
import random
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.thorough import so_many

from pybackup.compress.patch import apply_delta
from pybackup.compress.unpack import decode
from pybackup.delta import engine
from pybackup.delta.signature import SignatureMaker
from pybackup.errors import Damaged, Refused
from pybackup.host.joined import open_place
from pybackup.layout.rdiff import MAGIC
from pybackup.model.member import Member, Method
from pybackup.standalone import rescue

UNIT = 5000


def cut(base: bytes) -> tuple[list[Member], list[bytes]]:
    """A base in segments, and what these hold; offsets are their numbers."""
    held = [base[at : at + UNIT] for at in range(0, len(base), UNIT)]
    digests = [hashlib.sha256(data).digest() for data in held]
    return [
        Member(at, 0, 0, len(data), Method.COPY, 0, digest)
        for at, (data, digest) in enumerate(zip(held, digests, strict=True))
    ], held


def patch(delta: bytes, n_bytes: int, base: bytes) -> bytes:
    members, held = cut(base)
    decoded: list[int] = []

    def decode(member: Member) -> Iterator[bytes]:
        decoded.append(member.offset)
        yield held[member.offset]

    made = apply_delta(delta, n_bytes, members, decode)
    assert len(decoded) == len(set(decoded)), "each segment is decoded once"
    return made


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1 << 32), st.integers(0, 40_000), st.integers(0, 6))
def test_deltas_give_what_they_were_made_of(tmp_path: Path, seed: int, size: int, edits: int) -> None:
    chance = random.Random(seed)
    base = new = chance.randbytes(size)
    for _ in range(edits):
        at = chance.randrange(len(new) + 1)
        new = new[:at] + chance.randbytes(chance.randrange(300)) + new[at + chance.randrange(300) :]
    maker = SignatureMaker(len(base))
    maker.update(base)
    delta = engine.delta_to(maker.finish() or b"", new)
    assert patch(delta, len(new), base) == new
    (tmp_path / "base").write_bytes(base)
    (tmp_path / "delta").write_bytes(delta)
    done = subprocess.run(
        ["rdiff", "patch", tmp_path / "base", tmp_path / "delta", "-"], capture_output=True, check=True
    )
    assert done.stdout == new


def test_deltas_of_the_program_are_taken(tmp_path: Path) -> None:
    base = random.Random(1).randbytes(60_000)
    new = base[:7000] + b"shifted" + base[7000:]
    (tmp_path / "base").write_bytes(base)
    (tmp_path / "new").write_bytes(new)
    for step in (["signature", "base", "sig"], ["delta", "sig", "new", "delta"]):
        subprocess.run(["rdiff", *step], cwd=tmp_path, check=True)
    assert patch((tmp_path / "delta").read_bytes(), len(new), base) == new


@pytest.mark.parametrize(
    ("delta", "reason"),
    [
        (MAGIC + b"\x45\x06\x05\0", "behind the end"),
        (MAGIC + b"\x45\x00\x0b\0", "more than its segment"),
        (MAGIC + b"\x02ab\0", "less than its segment"),
        (MAGIC + b"\x40ab", "more than its segment"),
        (MAGIC + b"\x0aab", "cut short"),
    ],
)
def test_what_does_not_fit_is_refused(delta: bytes, reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        patch(delta, 10, b"0123456789")


@pytest.mark.parametrize("length", [(256 << 20) + 1, 1 << 46])
def test_no_memory_is_taken_for_what_no_segment_can_be(tmp_path: Path, length: int) -> None:
    """A stored delta tells its own length by its stream; that of what it gives is told by the index alone."""
    delta = MAGIC + b"\x01a\0"
    (tmp_path / "a").write_bytes(bytes(32) + delta)
    base, _ = cut(b"0123456789")
    sent = Member(0, 32 + len(delta), len(delta), length, Method.COPY, 0, bytes(32), is_delta=True, base=tuple(base))
    with open_place(os.fsencode(tmp_path / "a")) as file, pytest.raises(Refused, match="larger than a segment can be"):
        list(decode(file, sent))
    by_script = rescue.Member(0, 32 + len(delta), len(delta), length, 0, 0, bytes(32), is_delta=True, base=base)
    with pytest.raises(rescue.Damaged, match="larger than a segment can be"):
        list(rescue.patched(None, by_script, 1))  # type: ignore[arg-type] # of no image


@pytest.mark.parametrize("seed", range(so_many(4, 100)))
def test_the_script_on_every_disc_gives_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies across the ends of segments, an empty one, and what is beyond the end."""
    chance = random.Random(seed)
    base = chance.randbytes(3 * UNIT + 17)
    members, held = cut(base)
    new, delta = b"", MAGIC
    for _ in range(40):
        start = chance.randrange(len(base))
        length = chance.randrange(len(base) - start + 1)
        new, delta = new + base[start : start + length], delta + struct.pack(">BHH", 0x4A, start, length)
    delta += b"\x4a" + struct.pack(">HH", len(base), 0) + b"\0"
    assert patch(delta, len(new), base) == new
    monkeypatch.setattr(rescue, "delta_of", lambda image, member: delta)
    monkeypatch.setattr(rescue, "checked", lambda image, member, depth: [held[member.offset]])
    theirs = [rescue.Member(at, 0, 0, each.raw_bytes, 0, 0, each.digest) for at, each in enumerate(members)]
    sent = rescue.Member(0, 0, 0, len(new), 0, 0, bytes(32), is_delta=True, base=theirs)
    assert b"".join(rescue.patched(None, sent, 1)) == new  # type: ignore[arg-type] # of no image
