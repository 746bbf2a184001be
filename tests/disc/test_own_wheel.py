"""The program on its discs: a wheel of its installed files, which pip takes, and the same wherever it is made."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
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
from pybackup.disc.own_wheel import DISTRIBUTION, ENTRY_POINTS, own_wheel, requirements
from pybackup.disc.plan_build import BuildOptions, plan_build

ROOT = Path(pybackup.__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# By which the package is taken from an index, where this name is somebody else's.
PROMISES = ("install pybackup", "install 'pybackup", 'install "pybackup', "pybackup[")


def test_pip_installs_it_and_it_runs(tmp_path: Path) -> None:
    wheel = own_wheel()
    (tmp_path / wheel.name).write_bytes(wheel.content)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", tmp_path / "there", tmp_path / wheel.name], check=True)
    # Made of what is installed there, with what Python left beside it meanwhile, it is the same.
    script = (
        "import sys, pybackup, pybackup.disc.own_wheel as own\n"
        f"assert pybackup.__file__.startswith({os.fspath(tmp_path)!r}), pybackup.__file__\n"
        "sys.stdout.buffer.write(own.own_wheel().content)"
    )
    environment = {**os.environ, "PYTHONPATH": os.fspath(tmp_path / "there")}
    subprocess.run([sys.executable, "-m", "compileall", "-q", tmp_path / "there"], check=True)
    done = subprocess.run([sys.executable, "-c", script], env=environment, cwd="/", check=True, capture_output=True)
    assert done.stdout == wheel.content
    assert (tmp_path / "there/bin/pybackup").exists()
    # And without being installed, since it is a zip of Python.
    environment["PYTHONPATH"] = os.fspath(tmp_path / wheel.name)
    run = [sys.executable, "-m", "pybackup", "--version"]
    assert subprocess.run(run, env=environment, cwd="/", check=True, capture_output=True).stdout.startswith(b"pybackup")


def test_what_it_says_of_itself_is_what_pyproject_says() -> None:
    assert PROJECT["name"] == DISTRIBUTION
    assert PROJECT["version"] == pybackup.__version__
    needed = [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
    assert [line for line in needed if re.match(r"pybackup\b(?!-xtar)", line)] == [], "a stranger's package"
    scripts = "".join(f"{name} = {entry}\n" for name, entry in sorted(PROJECT["scripts"].items()))
    assert f"[console_scripts]\n{scripts}" == ENTRY_POINTS
    assert {"numpy>=1.26", "py7zr>=1.1.3,<1.2"} <= set(requirements())


def test_its_records_are_right_and_all_of_the_package_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(own_wheel().content)
    with zipfile.ZipFile(tmp_path / "w") as archive_of_it:
        assert archive_of_it.testzip() is None
        names = set(archive_of_it.namelist())
        (record,) = (name for name in names if name.endswith("/RECORD"))
        lines = archive_of_it.read(record).decode().splitlines()
        assert {line.split(",")[0] for line in lines} == names
        for line in lines:
            path, digest, size = line.split(",")
            if path != record:
                content = archive_of_it.read(path)
                expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
                assert (digest, int(size)) == (f"sha256={expected}", len(content))
    tracked = tool("git", "-C", ROOT, "ls-files", "-z", "pybackup", "pyactivity").decode().split("\0")
    assert {path for path in tracked if path and (ROOT / path).exists()} <= names
    # Of a CD it takes about a fifth of a percent; where it costs too much parity it is left out.
    assert len(own_wheel().content) < 1_400_000


def test_it_is_on_the_disc_with_its_checksum() -> None:
    with fast_directory() as base:
        archive([plant_for_discs(base / "tree")], base / "a.xtar")
        image = Path(os.fsdecode(build(base / "a.xtar", base / "images").path))
        tool("bsdtar", "-xf", image, "-C", base)
        assert (base / own_wheel().name).read_bytes() == own_wheel().content
        digest = hashlib.sha256(own_wheel().content).hexdigest()
        assert f"{digest}  {own_wheel().name}" in (base / "SHA256SUMS").read_text().splitlines()
        readme = (base / "README.TXT").read_text()
        assert own_wheel().name in readme
        assert "RESCUE.PY on this disc is enough" in readme


def test_a_disc_that_has_no_room_for_it_does_not_promise_it() -> None:
    with fast_directory() as base:
        (volume, *_) = make_volumes(plant_for_discs(base / "tree"), base / "set", [7 << 18])
        plan = plan_build(os.fsencode(volume), os.fsencode(base), BuildOptions(medium_bytes=2 << 20))
        assert own_wheel().name not in plan.small
        assert b".whl" not in plan.small["README.TXT"]
        larger = plan_build(os.fsencode(volume), os.fsencode(base), BuildOptions(medium_bytes=8 << 20))
        assert larger.small[own_wheel().name] == own_wheel().content


@pytest.mark.parametrize("promise", PROMISES)
def test_no_text_promises_an_index(promise: str) -> None:
    """On PyPI the name pybackup is another project's."""
    looked_at = 0
    for top in ("pybackup", "pyactivity", "README.md", "benchmarks"):
        for path in [ROOT / top] if (ROOT / top).is_file() else (ROOT / top).rglob("*"):
            if path.suffix in {".py", ".md", ".txt", ".js", ".html", ".fish", ".bash"}:
                looked_at += 1
                assert promise not in path.read_text(), path
    assert looked_at > 300
