"""The program on its discs: a source archive of the installed files that pip installs, the same bytes wherever made."""

from __future__ import annotations

import base64
import bz2
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from kit.archives import archive
from kit.discs import build, tool
from kit.memory import fast_directory
from kit.sets import make_volumes
from kit.trees import plant_for_discs

import pybackup
from pybackup.disc.own_source import DISTRIBUTION, ENTRY_POINTS, build_wheel, own_source, requirements
from pybackup.disc.plan_build import BuildOptions, plan_build

ROOT = Path(pybackup.__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Commands that would install from PyPI, where the name pybackup belongs to another project.
PROMISES = ("install pybackup", "install 'pybackup", 'install "pybackup', "pybackup[")


def test_pip_installs_it_and_it_runs(tmp_path: Path) -> None:
    """pip has no package index here, and so no build system but the one in the archive."""
    source = own_source()
    (tmp_path / source.name).write_bytes(source.content)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", tmp_path / "there", tmp_path / source.name], check=True)
    # The archive made from that installation, with compiled modules beside it, has the same bytes.
    script = (
        "import sys, pybackup, pybackup.disc.own_source as own\n"
        f"assert pybackup.__file__.startswith({os.fspath(tmp_path)!r}), pybackup.__file__\n"
        "sys.stdout.buffer.write(own.own_source().content)"
    )
    environment = {**os.environ, "PYTHONPATH": os.fspath(tmp_path / "there")}
    subprocess.run([sys.executable, "-m", "compileall", "-q", tmp_path / "there/pybackup/disc"], check=True)
    done = subprocess.run([sys.executable, "-c", script], env=environment, cwd="/", check=True, capture_output=True)
    assert done.stdout == source.content
    assert (tmp_path / "there/bin/pybackup").exists()


def test_unpacked_it_runs_as_it_is(tmp_path: Path) -> None:
    source = own_source()
    (tmp_path / source.name).write_bytes(source.content)
    tool("tar", "-xf", tmp_path / source.name, "-C", tmp_path)
    run = [sys.executable, "-m", "pybackup", "--version"]
    there = tmp_path / source.name.removesuffix(".tar.bz2")
    assert subprocess.run(run, cwd=there, check=True, capture_output=True).stdout.startswith(b"pybackup")


def test_what_it_says_of_itself_is_what_pyproject_says() -> None:
    assert PROJECT["name"] == DISTRIBUTION
    assert PROJECT["version"] == pybackup.__version__
    needed = [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
    assert [line for line in needed if re.match(r"pybackup\b(?!-xtar)", line)] == [], "a stranger's package"
    scripts = "".join(f"{name} = {entry}\n" for name, entry in sorted(PROJECT["scripts"].items()))
    assert f"[console_scripts]\n{scripts}" == ENTRY_POINTS
    assert {"numpy>=1.26", "py7zr>=1.1.3,<1.2"} <= set(requirements())


def test_all_of_the_package_is_in_it_and_rescue_py_first(tmp_path: Path) -> None:
    content = own_source().content
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:bz2") as members:
        names = {name.partition("/")[2] for name in members.getnames()}
    tracked = tool("git", "-C", ROOT, "ls-files", "-z", "pybackup", "pyactivity").decode().split("\0")
    assert {path for path in tracked if path and (ROOT / path).exists()} <= names
    # A larger archive would be left off discs more often, where it costs too much parity.
    assert len(content) < 1_000_000
    first = bz2.BZ2Decompressor()
    rescue = (ROOT / "pybackup/standalone/rescue.py").read_bytes()
    assert first.decompress(content).rstrip(b"\0").endswith(rescue)
    assert first.eof
    assert len(content) - len(first.unused_data) < 60_000


def test_records_of_the_wheel_that_it_builds_are_right(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / build_wheel(os.fspath(tmp_path))) as wheel:
        assert wheel.testzip() is None
        names = set(wheel.namelist())
        (record,) = (name for name in names if name.endswith("/RECORD"))
        lines = wheel.read(record).decode().splitlines()
        assert {line.split(",")[0] for line in lines} == names
        for line in lines:
            path, digest, size = line.split(",")
            if path != record:
                content = wheel.read(path)
                expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
                assert (digest, int(size)) == (f"sha256={expected}", len(content))


def test_it_is_on_the_disc_with_its_checksum() -> None:
    with fast_directory() as base:
        archive([plant_for_discs(base / "tree")], base / "a.xtar")
        image = Path(os.fsdecode(build(base / "a.xtar", base / "images").path))
        tool("bsdtar", "-xf", image, "-C", base)
        assert (base / own_source().name).read_bytes() == own_source().content
        digest = hashlib.sha256(own_source().content).hexdigest()
        assert f"{digest}  {own_source().name}" in (base / "SHA256SUMS").read_text().splitlines()
        readme = (base / "README.TXT").read_text()
        assert own_source().name in readme
        assert "RESCUE.PY on this disc is enough" in readme


def test_a_disc_that_has_no_room_for_it_does_not_promise_it() -> None:
    with fast_directory() as base:
        (volume, *_) = make_volumes(plant_for_discs(base / "tree"), base / "set", [7 << 18])
        plan = plan_build(os.fsencode(volume), os.fsencode(base), BuildOptions(medium_bytes=2 << 20))
        assert own_source().name not in plan.small
        assert b".tar.bz2" not in plan.small["README.TXT"]
        larger = plan_build(os.fsencode(volume), os.fsencode(base), BuildOptions(medium_bytes=8 << 20))
        assert larger.small[own_source().name] == own_source().content


@pytest.mark.parametrize("promise", PROMISES)
def test_no_text_promises_an_index(promise: str) -> None:
    """On PyPI the name pybackup belongs to another project."""
    looked_at = 0
    for top in ("pybackup", "pyactivity", "README.md", "benchmarks"):
        for path in [ROOT / top] if (ROOT / top).is_file() else (ROOT / top).rglob("*"):
            if path.suffix in {".py", ".md", ".txt", ".js", ".html", ".fish", ".bash"}:
                looked_at += 1
                assert promise not in path.read_text(), path
    assert looked_at > 300
