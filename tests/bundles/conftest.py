"""A tree of small files and the archive with bundles that is made of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from kit import planting
from kit.archives import archive
from kit.manifest import Manifest, manifest

UP_TO = 128 << 10
_TIME_NS = 1_600_000_000_123_456_700


@dataclass(frozen=True, slots=True)
class Bundled:
    """The tree, its archive, and what is in the tree."""

    tree: Path
    archive: Path
    facts: Manifest


def plant(tree: Path) -> None:
    """Make small files of every method, empty ones, such as go into no bundle, and directories within directories."""
    for name in ("a", "a/deep", "b", "no files"):
        (tree / name).mkdir(parents=True)
    for number in range(12):
        (tree / f"a/text {number}.txt").write_bytes(planting.text(100 + 300 * number, number))
        (tree / f"b/.noise~{number}").write_bytes(planting.noise(50 + number, number))
    (tree / "a/empty").touch()
    (tree / "a/-z @ (1), #2=%+_.md").write_bytes(planting.text(70_000, 50))
    (tree / "a/deep/program").write_bytes(planting.elf(6000, 4))
    (tree / "a/large").write_bytes(planting.noise(200_000, 60))
    (tree / "a/na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve").write_bytes(b"alone\n")
    (tree / "zero").touch()
    os.chmod(tree / "a/text 3.txt", 0o4751)
    if os.geteuid() == 0:
        os.chown(tree / "b/.noise~3", 4_000_001, 4_000_002)
    for number, path in enumerate(sorted(tree.rglob("*"), reverse=True)):
        os.utime(path, ns=(_TIME_NS, _TIME_NS + number * 1_000_000_700))


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Bundled:
    """The tree and its archive."""
    where = tmp_path_factory.mktemp("bundled")
    plant(where / "tree")
    archive([where / "tree"], where / "a.xtar", bundle_bytes=UP_TO)
    return Bundled(where / "tree", where / "a.xtar", manifest(where / "tree"))
