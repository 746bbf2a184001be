"""Files named by mistake: the message says what they are, and what to do."""

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

import pytest
from kit.command import COMMAND, ENVIRONMENT, run
from kit.trees import plant_docs

SEVENZIP = b"7z\xbc\xaf\x27\x1c\0\x04"


def tar_of(content: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        info = tarfile.TarInfo("a")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def zip_of(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("a", content)
    return stream.getvalue()


FOREIGN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "gzip": (gzip.compress, "a gzip file"),
    "bzip2": (bz2.compress, "a bzip2 file"),
    "xz": (lzma.compress, "an xz file"),
    "zip": (zip_of, "a zip file"),
    "tar": (tar_of, "a plain tar archive"),
    "7z": (lambda content: SEVENZIP + content, "a 7z archive"),
}


@pytest.mark.parametrize("verb", ["list", "info", "verify", "extract", "salvage"])
@pytest.mark.parametrize("kind", FOREIGN)
def test_another_program_s_file_is_called_what_it_is(tmp_path: Path, kind: str, verb: str) -> None:
    make, words = FOREIGN[kind]
    (tmp_path / "given").write_bytes(make(bytes(range(256)) * 20))
    to = ("--to", "back") if verb in ("extract", "salvage") else ()
    done = run(verb, "given", *to, cwd=tmp_path)
    assert done.returncode == 4
    assert f"given: {words}" in done.stderr.decode()


def test_two_copies_of_an_archive_are_no_set(tmp_path: Path) -> None:
    plant_docs(tmp_path)
    for name in ("a.xtar", "b.xtar"):
        assert run("create", "docs", "-o", name, cwd=tmp_path).returncode == 0
    done = run("extract", "a.xtar", "b.xtar", "--to", "back", cwd=tmp_path)
    assert done.returncode == 2
    assert b"b.xtar: an archive of its own" in done.stderr
    assert b"'pybackup salvage'" in done.stderr
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("parity", ["10%", "none"])
def test_a_second_archive_behind_the_first_is_told(tmp_path: Path, parity: str) -> None:
    plant_docs(tmp_path)
    assert run("create", "docs", "-o", "a.xtar", "--parity", parity, cwd=tmp_path).returncode == 0
    archive = (tmp_path / "a.xtar").read_bytes()
    (tmp_path / "two.xtar").write_bytes(archive * 2)
    done = run("verify", "two.xtar", cwd=tmp_path)
    assert done.returncode == 3
    cut = f"tail -c +{len(archive) + 1}"
    assert f"another archive begins at byte {len(archive)}: '{cut}' cuts it out" in done.stdout.decode()
    rest = subprocess.run([*cut.split(), "two.xtar"], cwd=tmp_path, capture_output=True, check=True)
    assert rest.stdout == archive


@pytest.mark.parametrize("between", [0, 512])
@pytest.mark.parametrize("parity", ["10%", "none"])
def test_list_info_and_extract_tell_of_a_second_archive_too(tmp_path: Path, parity: str, between: int) -> None:
    plant_docs(tmp_path)
    assert run("create", "docs", "-o", "a.xtar", "--parity", parity, cwd=tmp_path).returncode == 0
    archive = (tmp_path / "a.xtar").read_bytes()
    (tmp_path / "two.xtar").write_bytes(archive + bytes(between) + archive)
    for words in (["list"], ["info"], ["extract", "--to", "back"]):
        done = run(words[0], "two.xtar", *words[1:], cwd=tmp_path)
        assert done.returncode == 0
        told = (done.stdout + done.stderr).decode()
        assert (f"another archive begins at byte {len(archive)}: " in told) == (between == 0), words
        assert "another archive" not in run(words[0], "a.xtar", *words[1:], cwd=tmp_path).stderr.decode()


@pytest.mark.parametrize("left", [0, 1, -1])
def test_a_set_that_lacks_a_volume_is_not_all_well(tmp_path: Path, left: int) -> None:
    (tmp_path / "src").mkdir()
    for number in range(6):
        (tmp_path / f"src/{number}").write_bytes(b"".join((number << 20 | i).to_bytes(4, "big") for i in range(5000)))
    sized = ("--volumes", "v", "--volume-size", "64K", "--compression", "store")
    assert run("create", "src", *sized, cwd=tmp_path).returncode == 0
    assert run("verify", "v", cwd=tmp_path).returncode == 0
    lost = sorted((tmp_path / "v").iterdir())[left]
    assert len(list((tmp_path / "v").iterdir())) > 2
    lost.unlink()
    done = run("verify", "v", "--quiet", cwd=tmp_path)
    assert done.returncode == 1
    assert b"src: missing: " in done.stderr
    # Of a disc alone nobody expects the others.
    alone = min((tmp_path / "v").iterdir())
    assert run("verify", alone, cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--parity", "-5%", "-5%"),
        ("--group-sectors", "1000000000", "too large a number: '1000000000'"),
        ("--group-sectors", "-3", "less than 0: '-3'"),
        ("--workers", "-1", "less than 0: '-1'"),
        ("--workers", "two", "not a whole number: 'two'"),
        ("--segment-size", "-4M", "-4M"),
    ],
)
def test_a_value_that_cannot_be(tmp_path: Path, option: str, value: str, words: str) -> None:
    plant_docs(tmp_path)
    done = run("create", "docs", "-o", "a.xtar", option, value, cwd=tmp_path)
    assert done.returncode == 2
    first = done.stderr.decode().splitlines()[0]
    assert f"argument {option}: " in first
    assert words in first
    assert "expected one argument" not in first


@pytest.mark.parametrize("verb", ["create", "extract"])
def test_a_working_directory_that_is_gone(tmp_path: Path, verb: str) -> None:
    plant_docs(tmp_path)
    archive = tmp_path / "a.xtar"
    assert run("create", "docs", "-o", "a.xtar", cwd=tmp_path).returncode == 0
    words = {"create": (tmp_path / "docs", "-o", "b.xtar"), "extract": (archive, "--to", "back")}[verb]
    gone = tmp_path / "gone"
    gone.mkdir()
    # The shell's last act before it becomes the command.
    script = 'rmdir "$PWD" && exec "$@"'
    done = subprocess.run(
        ["sh", "-c", script, "sh", *COMMAND, verb, *words], cwd=gone, env=ENVIRONMENT, capture_output=True, check=False
    )
    assert done.returncode == 5
    assert b"pybackup: the working directory no longer exists" in done.stderr
