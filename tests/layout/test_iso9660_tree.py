"""All files of an image as other programs write it, and images that mean harm."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path
from typing import Any

import pycdlib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.layout.iso9660_tree import files_of_image
from pybackup.model.entry import Kind


class _Image:
    """Bytes that are read as a file is."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read_at(self, offset: int, count: int) -> bytes:
        return self.data[offset : offset + count]


def _contents(data: bytes) -> dict[bytes, bytes]:
    found = {}
    for file in files_of_image(_Image(data)):
        if file.kind is Kind.FILE:
            content = b"".join(data[start : start + n_bytes] for start, n_bytes in file.extents)
            assert len(content) == file.size
            found[file.path] = content
    return found


def _made(forms: dict[str, Any]) -> bytes:
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, **forms)
    rock, joliet = "rock_ridge" in forms, "joliet" in forms
    below: dict[str, Any] = {"rr_name": "Some Directory"} if rock else {}
    below |= {"joliet_path": "/Some Directory"} if joliet else {}
    iso.add_directory("/DIR", **below)
    for number in range(60):
        data = b"%d " % number * number
        name: dict[str, Any] = {"rr_name": f"File No. {number}.txt"} if rock else {}
        name |= {"joliet_path": f"/Some Directory/File No. {number}.txt"} if joliet else {}
        iso.add_fp(io.BytesIO(data), len(data), f"/DIR/F{number:02}.TXT;1", **name)
    output = io.BytesIO()
    iso.write_fp(output)
    iso.close()
    return output.getvalue()


@pytest.mark.parametrize(
    ("forms", "name"),
    [
        ({}, b"dir/f%02d.txt"),
        ({"rock_ridge": "1.09"}, b"Some Directory/File No. %d.txt"),
        ({"joliet": 3}, b"Some Directory/File No. %d.txt"),
        ({"rock_ridge": "1.09", "joliet": 3}, b"Some Directory/File No. %d.txt"),
    ],
    ids=["plain", "Rock Ridge", "Joliet", "both"],
)
def test_names_and_contents_of_pycdlib(forms: dict[str, Any], name: bytes) -> None:
    assert _contents(_made(forms)) == {name % number: b"%d " % number * number for number in range(60)}


def test_what_xorriso_or_genisoimage_writes(tmp_path: Path) -> None:
    deep = tmp_path / "tree" / "/".join(f"d{number}" for number in range(12))
    deep.mkdir(parents=True)
    (deep / "deep file").write_bytes(b"deep")
    (tmp_path / "tree/n\u00e4me").write_bytes(b"x" * 5000)
    (tmp_path / "tree" / ("long" * 50)).write_bytes(b"long")
    os.symlink("nowhere", tmp_path / "tree/link")
    os.chmod(tmp_path / "tree/n\u00e4me", 0o640)
    os.utime(tmp_path / "tree/n\u00e4me", (1_600_000_000, 1_600_000_000))
    command = ["genisoimage", "-quiet", "-R", "-o", "a.iso", "tree"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    data = (tmp_path / "a.iso").read_bytes()
    expected = {
        os.fsencode(path.relative_to(tmp_path / "tree")): path.read_bytes()
        for path in (tmp_path / "tree").rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    assert _contents(data) == expected
    files = {file.path: file for file in files_of_image(_Image(data))}
    named = files["n\u00e4me".encode()]
    assert (named.mode, named.mtime_ns) == (0o640, 1_600_000_000 * 10**9)
    assert files[b"link"].kind is Kind.SYMLINK


@pytest.mark.parametrize("data", [b"", bytes(100_000), b"CD001" * 20_000])
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="has no ISO 9660 file system"):
        list(files_of_image(_Image(data)))


def test_a_directory_that_leads_to_itself_is_refused() -> None:
    data = bytearray(_made({}))
    root = int.from_bytes(data[16 * 2048 + 156 + 2 : 16 * 2048 + 156 + 6], "little") * 2048
    at = data.index(b"\3DIR", root) - 32
    data[at + 2 : at + 6] = (root // 2048).to_bytes(4, "little")
    with pytest.raises(ValueError, match="lead to themselves"):
        list(files_of_image(_Image(bytes(data))))


WHOLE = _made({"rock_ridge": "1.09", "joliet": 3})


@given(st.lists(st.tuples(st.integers(16 * 2048, 40 * 2048), st.integers(0, 255)), max_size=20))
def test_any_damage_ends_in_files_or_a_refusal(damage: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for at, value in damage:
        data[at] = value
    try:
        for file in files_of_image(_Image(bytes(data))):
            assert file.size >= 0
    except ValueError:
        pass


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_directories_that_are_cut_off_are_no_empty_ones(kept: float) -> None:
    """What is known is told first; that is less than there was, which is an error and no small image."""
    data = _made({"rock_ridge": "1.09"})
    root = int.from_bytes(data[16 * 2048 + 156 + 2 : 16 * 2048 + 156 + 6], "little") * 2048
    with pytest.raises(ValueError, match="of its directories cannot be read"):
        list(files_of_image(_Image(data[: root + int(2048 * kept)])))
    zeroed = data[:root] + bytes(2048) + data[root + 2048 :]
    with pytest.raises(ValueError, match="of its directories cannot be read"):
        list(files_of_image(_Image(zeroed)))
