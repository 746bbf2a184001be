"""Whoever has no pybackup: GNU tar, bsdtar and 7-Zip read everything, and the readme's script restores the tree."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from kit import planting
from kit.archives import archive
from kit.manifest import Manifest, differences, manifest
from kit.planting import MIB, SECOND
from kit.stock import at, expand, is_bundle, members, quiet, script_of, unbundle

from pybackup.archive.open import open_archive

GNU = ("tar",)
BSD = ("bsdtar", "-P")  # else it takes the directory "C:" for a drive, as in any tar
WARNS = {"odd_times"}  # GNU tar says "implausibly old time stamp" of any archive with such a time


def _plant(root: Path, rows: Iterable[str]) -> None:
    root.mkdir(parents=True)
    for row in rows:
        (root / row).mkdir()
        planting.ROWS[row](root / row)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive ``a.xtar`` of a tree with everything, in segments of a MiB."""
    base = tmp_path_factory.mktemp("stock")
    _plant(base / "tree", [row for row in planting.ROWS if row not in WARNS])
    archive([base / "tree"], base / "a.xtar", segment_bytes=MIB)
    return base


@pytest.fixture(scope="module")
def expanded(made: Path) -> Path:
    """The same, its containers expanded by GNU tar."""
    assert expand(GNU, made / "a.xtar", made / "gnu") > 50
    return made / "gnu"


def test_gnu_tar_lists_and_extracts_every_container_in_silence(made: Path, expanded: Path) -> None:
    with open_archive(os.fsencode(made / "a.xtar")) as opened:
        alone = sum(len(stored.members) for stored in opened.listing if not stored.bundled)
        bundled = sum(stored.bundled for stored in opened.listing)
    found = [path for path, _ in members(expanded)]
    assert len([path for path in found if not is_bundle(path)]) == alone > 80
    assert 10 < len([path for path in found if is_bundle(path)]) <= bundled


def test_bsdtar_does_the_same(made: Path, expanded: Path) -> None:
    expand(BSD, made / "a.xtar", made / "bsd")
    assert _hashes(made / "bsd") == _hashes(expanded)


def _hashes(base: Path) -> dict[bytes, str]:
    found = {}
    for path, fd in members(base):
        with open(os.open(os.path.basename(path), os.O_RDONLY, dir_fd=fd), "rb") as file:
            found[path] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def test_odd_times_pass_through_both(tmp_path: Path) -> None:
    _plant(tmp_path / "tree", WARNS)
    archive([tmp_path / "tree"], tmp_path / "a.xtar")
    counts = [
        expand(tool, tmp_path / "a.xtar", tmp_path / tool[0]) for tool in (("tar", "--warning=no-timestamp"), BSD)
    ]
    assert counts[0] == counts[1] > 1
    found = {path.parent.name: path.stat().st_mtime_ns for path in (tmp_path / "tar").rglob("file.7z")}
    assert found
    for bundle in (tmp_path / "tar").rglob(".xtar.files.*"):
        (path,) = unbundle(bundle, bundle.parent / "out")
        assert path.name == "file"
        found[bundle.parent.name] = path.stat().st_mtime_ns
    assert len(found) == 3 * len(planting.OLD_AND_FAR)
    for name, mtime_ns in found.items():
        true = (tmp_path / "tree/odd_times" / name / "file").stat().st_mtime_ns
        assert mtime_ns // SECOND == true // SECOND


def test_seven_zip_passes_every_member_and_gives_its_content(made: Path, expanded: Path) -> None:
    with open_archive(os.fsencode(made / "a.xtar")) as opened:
        digests = sorted(member.digest.hex() for stored in opened.listing for member in stored.members)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(_seven_zip, os.path.basename(path), os.dup(fd)) for path, fd in members(expanded)]
        assert sorted(chain.from_iterable(future.result() for future in asked)) == digests


def _seven_zip(name: bytes, directory: int) -> list[str]:
    """Test a member, and return the SHA-256 of each file that comes out of it."""
    try:
        # A link to it, since 7-Zip would convert the name.
        where = at(directory)
        with TemporaryDirectory() as scratch:
            plain = os.path.join(scratch, "m.7z")
            os.symlink(where + b"/" + name, plain)
            assert b"Everything is Ok" in quiet(["7z", "t", plain], cwd=scratch)
            if not is_bundle(name):
                return [hashlib.sha256(quiet(["7z", "x", "-so", plain], cwd=scratch)).hexdigest()]
            files = unbundle(Path(os.fsdecode(plain)), Path(scratch) / "files")
            return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    finally:
        os.close(directory)


@pytest.mark.parametrize("tool", [GNU, BSD], ids=lambda tool: tool[0])
@pytest.mark.parametrize("inner", ["structure.tar", "links.tar"])
def test_structure_and_links_are_plain_tars(inner: str, tool: tuple[str, ...], expanded: Path) -> None:
    assert quiet([*tool, "-tvf", f".pybackup/{inner}"], cwd=expanded).count(b"\n") > 5


# Paths beyond PATH_MAX; members under another name than their file's; times that GNU tar warns of.
NOT_FOR_THE_SCRIPT = ("long_paths", "our_names", "odd_times")


def test_the_script_in_the_archive_restores_the_tree(tmp_path: Path) -> None:
    """With all but what is finer than a second: neither tar's header nor 7z's has that."""
    tree = tmp_path / "tree"
    _plant(tree, [row for row in planting.ROWS if row not in NOT_FOR_THE_SCRIPT])
    (tree / "long").mkdir()
    planting.long_path(tree / "long", 2000)
    archive([tree], tmp_path / "A.xtar", segment_bytes=MIB)
    _run_script(tmp_path)
    assert differences(_whole_seconds(manifest(tree)), _whole_seconds(manifest(tmp_path / "OUT/tree"))) == []


def test_the_script_loses_no_content_where_names_collide(tmp_path: Path) -> None:
    _plant(tmp_path / "tree", ["our_names"])
    archive([tmp_path / "tree"], tmp_path / "A.xtar", segment_bytes=MIB)
    _run_script(tmp_path)
    before, after = manifest(tmp_path / "tree"), manifest(tmp_path / "OUT/tree")
    assert _contents(after) == _contents(before)
    # A name that was taken has a tilde in it, or is cut and then has one.
    lost = {path for path, facts in before.items() if facts.kind == "file" and path not in after}
    found = {path for path, facts in after.items() if facts.kind == "file" and path not in before}
    assert len(lost) == len(found) > 0
    assert all(b"~" in path for path in found)


def _contents(found: Manifest) -> list[str]:
    return sorted(facts.content for facts in found.values() if facts.kind == "file")


def _run_script(base: Path) -> None:
    readme = quiet(["tar", "-xOf", "A.xtar", ".pybackup/README.txt"], cwd=base).decode()
    script = script_of(readme).replace("pybackup extract A.xtar --to OUT\n", "")
    ran = subprocess.run(["sh", "-e"], input=script.encode(), cwd=base, capture_output=True)
    assert (ran.returncode, ran.stderr) == (0, b""), ran.stderr[:3000].decode(errors="replace")


def _whole_seconds(found: Manifest) -> Manifest:
    return {path: replace(facts, mtime_ns=facts.mtime_ns // SECOND * SECOND) for path, facts in found.items()}
