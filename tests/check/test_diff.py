"""What `diff` says changed, against what two manifests of the same trees say."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from kit.living import START_NS, Tree
from kit.manifest import Manifest, manifest

import pybackup
from pybackup.check.diff import Change, What, diff
from pybackup.errors import UsageError
from pybackup.model.entry import tree_key
from pybackup.monitor import Monitor


def told(old: Path, new: Path, *, checksum: bool = False) -> list[Change]:
    heard = Monitor()
    changes = diff(os.fsencode(old), os.fsencode(new), checksum=checksum, monitor=heard)
    assert heard.problems == []
    return changes


def paths(changes: list[Change], what: What) -> set[bytes]:
    return {change.path.removeprefix(b"tree").lstrip(b"/") for change in changes if change.what is what}


def aspects(before: Manifest, after: Manifest, path: bytes) -> set[str]:
    """In what a path differs that is in both, but for the time of a directory, and which of its names comes first."""
    was, now = before[path], after[path]
    names = {"kind", "mode", "mtime_ns", "size", "content", "target"}
    if was.kind == now.kind == "directory":
        names -= {"mtime_ns", "size"}
    return {name for name in names if getattr(was, name) != getattr(now, name)}


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_it_says_what_two_manifests_say(tmp_path: Path, seed: int, live: bool) -> None:
    tree = Tree(tmp_path / "tree", seed)
    pybackup.create([tree.top], output=tmp_path / "1.xtar", workers=1)
    before = manifest(tree.top)
    tree.live(6)
    after = manifest(tree.top)
    new = tree.top
    if not live:
        new = tmp_path / "2.xtar"
        # An archive that lacks most of the tree, and tells where it is.
        pybackup.create([tree.top], output=new, since_archive=[tmp_path / "1.xtar"], workers=1)
    changes = told(tmp_path / "1.xtar", new)
    pairs = [(change.former, change.path) for change in changes if change.former]
    renamed = {former.removeprefix(b"tree/"): path.removeprefix(b"tree/") for former, path in pairs}
    assert paths(changes, What.ADDED) | {*renamed.values()} == after.keys() - before.keys()
    assert paths(changes, What.REMOVED) | {*renamed} == before.keys() - after.keys()
    assert paths(changes, What.RENAMED) == {*renamed.values()}
    assert all(before[former].content == after[path].content for former, path in renamed.items())
    # What a file with several names is, is told under the first of them.
    firsts = {path for path in before.keys() & after.keys() if after[path].linked in (b"", path)}
    differing = {path for path in firsts if aspects(before, after, path)}
    linked = {change.path.removeprefix(b"tree/") for change in changes if "link" in change.respects}
    assert paths(changes, What.CHANGED) - linked <= differing <= paths(changes, What.CHANGED)
    in_order = [change.path for change in changes]
    assert in_order == sorted(in_order, key=tree_key)


def test_what_is_told_of_each(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name, data in (("grows", b"12"), ("mode", b"m"), ("moved", b"moved here"), ("gone", b"gone"), ("kind", b"")):
        (tree / name).write_bytes(data)
    pybackup.create([tree], output=tmp_path / "1.xtar", workers=1)
    (tree / "grows").write_bytes(b"12345")
    (tree / "mode").chmod(0o600)
    (tree / "moved").rename(tree / "there")
    (tree / "gone").unlink()
    (tree / "kind").unlink()
    (tree / "kind").mkdir()
    (tree / "new").write_bytes(b"new")
    changes = told(tmp_path / "1.xtar", tree)
    assert [(c.what.value, c.path, tuple(c.respects), c.size_before, c.size, c.former) for c in changes] == [
        ("removed", b"tree/gone", (), 4, None, b""),
        ("changed", b"tree/grows", ("size", "time"), 2, 5, b""),
        ("changed", b"tree/kind", ("type",), 0, None, b""),
        ("changed", b"tree/mode", ("mode",), 1, 1, b""),
        ("added", b"tree/new", (), None, 3, b""),
        ("renamed", b"tree/there", (), 10, 10, b"tree/moved"),
    ]


def test_content_under_the_same_size_and_time_is_found_by_checksum(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file").write_bytes(b"one")
    os.utime(tree / "file", ns=(START_NS, START_NS))
    pybackup.create([tree], output=tmp_path / "1.xtar", workers=1)
    (tree / "file").write_bytes(b"two")
    os.utime(tree / "file", ns=(START_NS, START_NS))
    assert told(tmp_path / "1.xtar", tree) == []
    (change,) = told(tmp_path / "1.xtar", tree, checksum=True)
    assert (change.what, change.path, tuple(change.respects)) == (What.CHANGED, b"tree/file", ("content",))
    # Two archives know it by their hashes.
    pybackup.create([tree], output=tmp_path / "2.xtar", workers=1)
    assert told(tmp_path / "1.xtar", tmp_path / "2.xtar") == [change]
    (tree / "file").touch()
    (change,) = told(tmp_path / "1.xtar", tree)
    assert tuple(change.respects) == ("time", "content")


def test_two_copies_that_were_one_file_are_one_renamed_and_one_added(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "one").write_bytes(b"content")
    pybackup.create([tree], output=tmp_path / "1.xtar", workers=1)
    shutil.copy(tree / "one", tree / "two")
    (tree / "one").rename(tree / "three")
    assert [(c.what.value, c.path, c.former) for c in told(tmp_path / "1.xtar", tree)] == [
        ("renamed", b"tree/three", b"tree/one"),
        ("added", b"tree/two", b""),
    ]


def test_a_tree_with_an_image_of_something_else_in_it_is_a_tree(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "installer.iso").write_bytes(b"of somebody else" * 1000)
    pybackup.create([tree], output=tmp_path / "1.xtar", workers=1)
    (tree / "new").write_bytes(b"new")
    assert [(c.what.value, c.path) for c in told(tmp_path / "1.xtar", tree)] == [("added", b"tree/new")]


def test_a_directory_of_volumes_is_a_set_though_one_is_damaged(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree", 2)
    for number in range(4):
        tree.write(tree.top / f"big{number}", 500_000)
    pybackup.create([tree.top], output=tmp_path / "1.xtar", workers=1)
    pybackup.create_set([tree.top], volumes=tmp_path / "set", volume_size=1 << 20, workers=1)
    first, *_ = sorted((tmp_path / "set").iterdir())
    first.write_bytes(bytes(100_000) + first.read_bytes()[100_000:])
    assert told(tmp_path / "1.xtar", tmp_path / "set") == []


def test_a_live_directory_has_no_earlier_state(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    with pytest.raises(UsageError, match="is a live directory; name the archive first"):
        told(tmp_path / "tree", tmp_path / "tree")
