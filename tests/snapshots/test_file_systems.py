"""What file systems allow: owners where nobody may give files away (``--fake-super`` of rsync), names of one inode."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pybackup.snapshots.local_store import LocalStore

from .making import OLD, inode, make

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="gives files away, mounts a file system")
EXT4_LINKS = 65_000


@pytest.fixture
def ext4(tmp_path: Path) -> Iterator[Path]:
    """A small ext4 in a file; skipped only where mounting is forbidden."""
    image, mounted = tmp_path / "image", tmp_path / "mounted"
    mounted.mkdir()
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, mounted], check=False).returncode:
        pytest.skip("mounting a file is forbidden here")
    try:
        yield mounted
    finally:
        subprocess.run(["umount", mounted], check=True)


def test_a_file_that_has_all_names_that_ext4_allows_is_copied_anew_and_that_is_said(tree: Path, ext4: Path) -> None:
    store = LocalStore(os.fsencode(ext4 / "snapshots"))
    first, _ = make(tree, store.path, name="1")
    names = ext4 / "names"
    names.mkdir()
    popular = os.fsdecode(first.path) + "/a.txt"
    for number in range(os.stat(popular).st_nlink, EXT4_LINKS):
        os.link(popular, names / str(number))
    made, heard = make(tree, store.path, name="2")
    copied = os.fsdecode(made.path) + "/a.txt"
    assert inode(Path(copied)) != inode(Path(popular))
    assert Path(copied).read_bytes() == (tree / "a.txt").read_bytes()
    assert inode(Path(os.fsdecode(made.path)) / "sub/b.txt") == inode(Path(os.fsdecode(first.path)) / "sub/b.txt")
    assert made.shared is not None
    assert made.shared.full == 1
    assert [
        each
        for each in (*heard.notes, *(problem.reason for problem in heard.problems))
        if "1 unchanged files were copied" in each
    ]
    # The next one is linked to the copy.
    third, _ = make(tree, store.path, name="3")
    assert inode(Path(os.fsdecode(third.path)) / "a.txt") == inode(Path(copied))


def test_owners_and_attributes_come_back_from_a_target_that_has_them_as_attributes(
    tree: Path, daemon: str, store: LocalStore, tmp_path: Path
) -> None:
    """From a real daemon, as whoever has no right to give files away would keep them."""
    os.chown(tree / "a.txt", 1234, 5678)
    os.chmod(tree / "sub/b.txt", 0o4751)
    os.setxattr(tree / "sub/c.txt", "user.comment", b"kept")
    os.utime(tree / "a.txt", ns=(OLD, OLD))
    first, heard = make(f"{daemon}/source/", store.path, name="1", fake_super=True)
    assert heard.problems == []
    kept = Path(os.fsdecode(first.path))
    assert os.getxattr(kept / "a.txt", "user.rsync.%stat").endswith(b"1234:5678")
    second, _ = make(f"{daemon}/source/", store.path, name="2", fake_super=True)
    assert second.shared is not None
    assert (second.shared.linked, second.shared.changed) == (3, 0)
    back = tmp_path / "back"
    subprocess.run(["rsync", "-aHAX", "--fake-super", "-M--super", f"{os.fsdecode(second.path)}/", back], check=True)
    status = (back / "a.txt").stat()
    assert (status.st_uid, status.st_gid) == (1234, 5678)
    assert (back / "sub/b.txt").stat().st_mode & 0o7777 == 0o4751
    assert os.getxattr(back / "sub/c.txt", "user.comment") == b"kept"
