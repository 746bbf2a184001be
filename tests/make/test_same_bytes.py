"""Archives and sets have the same bytes as before one writer made both."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from kit.recipe import ARCHIVE, GOLDEN, fingerprints
from kit.trees import plant_for_volumes

SINGLE = ("--output", "made.xtar")
SIZES = ("--volumes", ".", "--volume-size", "1600000", "--first-volumes", "1300000,1450000")
# The options of each archive or set, and a hash of all files written, as of the first version with bundles.
MADE: dict[str, tuple[Sequence[str], str]] = {
    "single": (SINGLE, "576497c97da74562509366e53b939753"),
    "stored": ((*SINGLE, "--compression", "store"), "b12a358ed4dee273ddef69cd9c5198f0"),
    "no parity": ((*SINGLE, "--parity", "none"), "dcfac3055e57c36f3917668cd4a26ab4"),
    "filled": ((*SINGLE, "--parity", "fill:14M"), "fdcd148c3103419283c4682c14f96033"),
    "sidecar": ((*SINGLE, "--parity-sidecar"), "1ac0790a534b7900f1e08f6a584cef43"),
    "set": (SIZES, "2b21da22b337dd7e34e476fc14e4d037"),
    "set, no parity": ((*SIZES, "--parity", "none"), "8d31b437fa375578db1978fd5059eff2"),
    "tight": ((*SIZES, "--pack", "tight"), "c4c211505ea12ed22e94d0165c30da16"),
    "second copies": ((*SIZES, "--second-copies", "5%"), "d553f90d4dfe8fb0ed79b09514936bb7"),
    "recovery volumes": ((*SIZES, "--recovery-volumes", "2"), "9cdfee5b588ecd0e33087fcf54640f16"),
    "all of it": (
        (*SIZES, "--pack", "tight", "--second-copies", "5%", "--recovery-volumes", "1"),
        "6b70bfa266831cfcabba887389952c29",
    ),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = plant_for_volumes(tmp_path_factory.mktemp("same") / "docs")
    for below, _, names in os.walk(top):
        os.chown(below, 0, 0)
        os.chmod(below, 0o755)
        for name in names:
            os.chown(Path(below, name), 0, 0, follow_symlinks=False)
            if not Path(below, name).is_symlink():
                Path(below, name).chmod(0o644)
    return top


@pytest.mark.parametrize("name", MADE)
def test_the_same_bytes(tree: Path, tmp_path: Path, name: str) -> None:
    options, right = MADE[name]
    run(tmp_path, "create", str(tree), *options)
    made = [path.name for path in sorted(tmp_path.iterdir())]
    said = json.loads((GOLDEN / ARCHIVE).with_name("expected.json").read_text())
    if fingerprints() == said["fingerprints"]:
        assert digest(tmp_path) == right
    # Whatever the versions of libraries are, two runs write the same bytes.
    again = tmp_path / "again"
    again.mkdir()
    run(again, "create", str(tree), *options, "--workers", "1")
    assert {each: (again / each).read_bytes() == (tmp_path / each).read_bytes() for each in made} == dict.fromkeys(
        made, True
    )


@pytest.mark.parametrize("name", ["set", "all of it"])
def test_what_is_gone_on_with_is_the_same(tree: Path, tmp_path: Path, name: str) -> None:
    options, _ = MADE[name]
    run(tmp_path, "create", str(tree), *options)
    whole = digest(tmp_path)
    last = max(path for path in tmp_path.iterdir() if "-R" not in path.name)
    last.unlink()
    for path in tmp_path.glob("*-R*"):
        path.unlink()
    run(tmp_path, "create", str(tree), *options, "--resume")
    assert digest(tmp_path) == whole


def run(directory: Path, *words: str) -> None:
    subprocess.run([sys.executable, "-m", "pybackup", *words, "--quiet"], cwd=directory, check=True)


def digest(directory: Path) -> str:
    """Return one hash of the names and contents of all files in a directory."""
    found = hashlib.sha256()
    for path in sorted(directory.iterdir()):
        found.update(b"%d %b %d\n" % (len(path.name), path.name.encode(), path.stat().st_size))
        found.update(path.read_bytes())
    return found.hexdigest()[:32]
