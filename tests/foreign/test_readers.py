"""The readers of other archive formats: what they report of an archive, also of a damaged one."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable
from typing import IO

import py7zr
import pycdlib
import pytest

from pybackup.foreign.budget import Budget, Limits
from pybackup.foreign.form import ForeignForm
from pybackup.foreign.iso import read_iso
from pybackup.foreign.look import Inside, Look, Reader
from pybackup.foreign.sevenz import read_7z
from pybackup.foreign.tar import read_tar
from pybackup.foreign.zip import read_zip
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed
from pybackup.model.problem import Trouble

CONTENT = {"a.txt": b"hello" * 1000, "d/empty": b"", "d/ünï.bin": bytes(range(256)) * 40}


def a_zip() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in CONTENT.items():
            archive.writestr(name, content)
    return data.getvalue()


def a_tar(mode: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in CONTENT.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


def a_7z() -> bytes:
    data = io.BytesIO()
    with py7zr.SevenZipFile(data, "w") as archive:
        for name, content in CONTENT.items():
            archive.writef(io.BytesIO(content), name)
    return data.getvalue()


def an_image() -> bytes:
    data = io.BytesIO()
    image = pycdlib.PyCdlib()
    image.new(joliet=3)
    image.add_directory("/D", joliet_path="/d")
    for number, (name, content) in enumerate(CONTENT.items()):
        image.add_fp(io.BytesIO(content), len(content), f"/{number}.;1", joliet_path=f"/{name}")
    image.write_fp(data)
    image.close()
    return data.getvalue()


ARCHIVES: dict[str, tuple[ForeignForm, Callable[[], bytes]]] = {
    "zip": (ForeignForm.ZIP, a_zip),
    "tar": (ForeignForm.TAR, lambda: a_tar("w")),
    "tar.gz": (ForeignForm.TAR, lambda: a_tar("w:gz")),
    "tar.bz2": (ForeignForm.TAR, lambda: a_tar("w:bz2")),
    "tar.xz": (ForeignForm.TAR, lambda: a_tar("w:xz")),
    "7z": (ForeignForm.SEVENZIP, a_7z),
    "iso": (ForeignForm.ISO, an_image),
}
READERS: dict[ForeignForm, Reader] = {
    ForeignForm.ZIP: read_zip,
    ForeignForm.TAR: read_tar,
    ForeignForm.SEVENZIP: read_7z,
    ForeignForm.ISO: read_iso,
}


def look(data: bytes, form: ForeignForm, *, hashed: bool = True, depth: int = 3) -> tuple[Look, dict[bytes, Filed]]:
    found: dict[bytes, Filed] = {}

    def emit(filed: Filed) -> None:
        assert filed.path not in found
        found[filed.path] = filed

    looking = Look(READERS, Budget(Limits(1 << 30)), hashed=hashed, depth=depth, emit=emit)
    looking.into(io.BytesIO(data), form, b"x", b"x/", 1)
    return looking, found


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.parametrize("hashed", [True, False])
def test_each_file_is_told_with_its_length_and_hash(name: str, hashed: bool) -> None:
    form, make = ARCHIVES[name]
    looking, found = look(make(), form, hashed=hashed)
    assert looking.problems == []
    assert {path: (filed.size, filed.sha256) for path, filed in found.items()} == {
        b"x/" + path.encode(): (len(content), hashlib.sha256(content).digest() if hashed else None)
        for path, content in CONTENT.items()
    }


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_that_was_cut_is_a_problem_and_no_error(name: str) -> None:
    form, make = ARCHIVES[name]
    data = make()
    for length in range(0, len(data), max(1, len(data) // 20)):
        looking, found = look(data[:length], form)
        assert looking.problems or len(found) == len(CONTENT), length
        for problem in looking.problems:
            assert problem.path == b"x"
            assert problem.trouble is Trouble.DAMAGED
        for path, filed in found.items():
            whole = CONTENT[path.decode().removeprefix("x/")]
            assert filed.sha256 in (None, hashlib.sha256(whole).digest())


@pytest.mark.parametrize("name", [name for name in ARCHIVES if name not in ("tar", "iso")])
def test_a_wrong_byte_is_never_a_wrong_hash(name: str) -> None:
    """Damage of content is not noticed in an uncompressed tar, which has only checksums of headers, nor in an image."""
    form, make = ARCHIVES[name]
    data = bytearray(make())
    right = {hashlib.sha256(content).digest() for content in CONTENT.values()}
    for at in range(0, len(data), max(1, len(data) // 50)):
        data[at] ^= 0x10
        looking, found = look(bytes(data), form)
        data[at] ^= 0x10
        if not looking.problems:
            assert {filed.sha256 for filed in found.values()} <= {*right, None}


def test_names_that_lead_out_are_told_without_what_leads_out() -> None:
    def reader(file: IO[bytes], inside: Inside) -> None:
        for name in (b"../../etc/passwd", b"/root/x", b"a/../b", b"a//./c", b"", b".."):
            content = inside.meet(name, Kind.FILE, 0, 0, 0o644)
            if content is not None:
                with content:
                    pass

    found: list[bytes] = []
    looking = Look(
        {ForeignForm.TAR: reader}, Budget(Limits(1)), hashed=True, depth=1, emit=lambda f: found.append(f.path)
    )
    looking.into(io.BytesIO(), ForeignForm.TAR, b"x", b"x/", 1)
    assert found == [b"x/etc/passwd", b"x/root/x", b"x/a/b", b"x/a/c"]
    assert "lead out of it" in looking.notes[0]
    assert looking.problems == []
