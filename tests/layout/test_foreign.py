"""Files of other programs, made by these programs, are told by their first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import py7zr
import pycdlib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.layout.foreign import HEAD_BYTES, kind_of


def _tar() -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("name"), io.BytesIO())
    return output.getvalue()


def _zip(names: int) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for number in range(names):
            archive.writestr(str(number), b"x")
    return output.getvalue()


def _7z() -> bytes:
    output = io.BytesIO()
    with py7zr.SevenZipFile(output, "w") as archive:
        archive.writestr(b"x", "name")
    return output.getvalue()


def _iso() -> bytes:
    output = io.BytesIO()
    iso = pycdlib.PyCdlib()
    iso.new()
    iso.write_fp(output)
    iso.close()
    return output.getvalue()


MADE: dict[str, Callable[[], bytes]] = {
    "a gzip file": lambda: gzip.compress(b"x"),
    "a bzip2 file": lambda: bz2.compress(b"x"),
    "an xz file": lambda: lzma.compress(b"x"),
    "a zip file": lambda: _zip(1),
    "an empty zip file": lambda: _zip(0),
    "a 7z archive": _7z,
    "a plain tar archive, or another program's": _tar,
    "an image of a disc, with no archive in it that is known": _iso,
}


@pytest.mark.parametrize("kind", MADE)
def test_what_other_programs_write(kind: str) -> None:
    assert kind_of(MADE[kind]()[:HEAD_BYTES]) == kind


def test_gnu_tar_too(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    for form in ("gnu", "ustar", "posix", "oldgnu"):
        made = subprocess.run(["tar", "-c", f"--format={form}", "f"], cwd=tmp_path, capture_output=True, check=True)
        assert kind_of(made.stdout[:HEAD_BYTES]).startswith("a plain tar archive")


@pytest.mark.parametrize("kind", MADE)
def test_a_beginning_cut_short_is_not_known(kind: str) -> None:
    assert kind_of(MADE[kind]()[:1]) == kind_of(b"") == ""


@given(st.binary(max_size=600))
def test_any_bytes_have_an_article_or_nothing(head: bytes) -> None:
    kind = kind_of(head)
    assert kind == "" or kind.startswith(("a ", "an "))
