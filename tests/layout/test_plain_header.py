"""Headers of a tar that is none of ours, read by Python's tarfile and by GNU tar with holes."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.layout.plain_header import TYPES, plain_header
from pybackup.layout.sparse import SparseLayout
from pybackup.model.entry import Entry, Kind, Owner

NS = 10**9
components = (
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=80)
    .map(str.encode)
    .filter(lambda name: name not in (b".", b".."))
)


@given(
    st.sampled_from(sorted(TYPES)),
    st.lists(components, min_size=1, max_size=4).map(b"/".join),
    st.integers(0, 0o7777),
    st.integers(0, 2**32 - 1),
    st.integers(-(10**18), 10**19),
    components,
    st.binary(max_size=600),
)
def test_tarfile_reads_what_the_entry_is(
    kind: Kind, path: bytes, mode: int, uid: int, mtime_ns: int, target: bytes, content: bytes
) -> None:
    is_link, is_file = kind in (Kind.SYMLINK, Kind.HARDLINK), kind is Kind.FILE
    size = len(content) if is_file else 0
    entry = Entry(path, kind, mode, Owner(uid, 7, b"user", b"group"), mtime_ns, size, target if is_link else b"")
    data = plain_header(entry) + (content + bytes(-len(content) % 512) if is_file else b"") + bytes(1024)
    with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8", errors="surrogateescape") as archive:
        (found,) = archive.getmembers()
        if is_file:
            stream = archive.extractfile(found)
            assert stream is not None
            assert stream.read() == content
    assert found.name.encode("utf-8", "surrogateescape") == path
    assert found.linkname.encode("utf-8", "surrogateescape") == entry.target
    assert (found.mode, found.uid, found.uname, found.gname) == (mode, uid, "user", "group")
    assert found.type == TYPES[kind]
    if mtime_ns >= 0:
        # To a float's precision.
        assert abs(found.mtime - mtime_ns / NS) < 1e-3
    else:
        assert found.mtime == mtime_ns // NS


def test_gnu_tar_makes_the_holes(tmp_path: Path) -> None:
    layout = SparseLayout(1 << 20, ((4096, 512), (1 << 19, 1024)))
    entry = Entry(b"holes", Kind.FILE, 0o600, mtime_ns=NS, size=1 << 20)
    data = plain_header(entry, layout) + b"a" * 512 + b"b" * 1024 + bytes(1024)
    subprocess.run(["tar", "-xf", "-"], input=data, cwd=tmp_path, check=True)
    content = (tmp_path / "holes").read_bytes()
    assert len(content) == 1 << 20
    assert content == bytes(4096) + b"a" * 512 + bytes((1 << 19) - 4608) + b"b" * 1024 + bytes((1 << 19) - 1024)
    assert (tmp_path / "holes").stat().st_blocks * 512 < 1 << 19


@pytest.mark.parametrize(("mtime_ns", "blocks"), [(5 * NS, 1), (5 * NS + 1, 3), (-5 * NS + 1, 1)])
def test_what_fits_a_header_takes_one_block(mtime_ns: int, blocks: int) -> None:
    assert len(plain_header(Entry(b"f", Kind.FIFO, mtime_ns=mtime_ns))) == 512 * blocks
