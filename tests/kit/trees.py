"""Trees that tests of many rooms archive; each is the same in every run.

Trees of one thing that an archiver may forget, and one with them all, are those of `planting`; that of the golden
archives is the one of `recipe`.
"""

from __future__ import annotations

import os
import random
import stat
from pathlib import Path

from pybackup.compress.methods import MIB

from .snapshot import walk

TIME_NS = 1_600_000_000_123_456_789
_SET_TIME_NS = 1_700_000_000 * 10**9


def plant_docs(root: Path) -> Path:
    """A small tree with a bit of everything that verbs show; returns it."""
    docs = root / "docs"
    (docs / "empty").mkdir(parents=True)
    (docs / "sub").mkdir()
    (docs / "letter.txt").write_text("Dear reader\n" * 50)
    (docs / "sub/b.tmp").write_text("scratch")
    (docs / "sub/b.txt").write_text("keep")
    (docs / "link").symlink_to("letter.txt")
    os.link(docs / "letter.txt", docs / "twin")
    for name in (b"new\nline", b"lat\xff", b"back\\slash", b"\x1b[31mred"):
        with open(os.fsencode(docs) + b"/" + name, "wb") as file:
            file.write(b"odd")
    for directory, _, names in os.walk(docs, topdown=False):
        for found in names:
            os.utime(Path(directory) / found, ns=(0, 1_700_000_000_123_456_789), follow_symlinks=False)
    return docs


def plant_for_volumes(top: Path) -> Path:
    """Some 9 MB: many small files, middling ones, two of several segments, names that stand in each other's way."""
    chance = random.Random(11)
    for number in range(8):
        directory = top / f"d{number}"
        (directory / "deep/er").mkdir(parents=True)
        (directory / "empty").mkdir()
        for name in range(30):
            words = b"%d lines of %d\n" % (name, number)
            (directory / f"text{name}").write_bytes(words * chance.randrange(1, 300))
        (directory / "deep/er/noise.bin").write_bytes(chance.randbytes(chance.randrange(100_000, 900_000)))
    # The stem of the members of one is taken by the other, on whichever volume they end.
    (top / "d3/big.part0001").write_bytes(chance.randbytes(2_600_000))
    (top / "d3/big").write_bytes(chance.randbytes(3_300_000))
    (top / "d3/big.part0001.7z").write_bytes(b"no segment\n")
    with open(top / "d5/holes", "wb") as file:
        file.truncate(5 * MIB)
        file.write(chance.randbytes(70_000))
        file.seek(9 * MIB)
        file.write(chance.randbytes(1_900_000))
    os.link(top / "d0/text1", top / "d7/link to text1")
    os.symlink("../d0", top / "d6/sym")
    for below, names, files in os.walk(top, topdown=False):
        for entry in (*names, *files):
            os.utime(Path(below) / entry, ns=(_SET_TIME_NS, _SET_TIME_NS + 123_456_789), follow_symlinks=False)
    os.utime(top, ns=(_SET_TIME_NS, _SET_TIME_NS))
    return top


def plant_for_discs(tree: Path, *, n_bytes: int = 2 * MIB, seed: int = 1) -> Path:
    """A tree of text, of what does not compress, of links and of empty directories."""
    numbers = random.Random(seed)
    (tree / "empty").mkdir(parents=True)
    (tree / "letters/old").mkdir(parents=True)
    for number in range(6):
        (tree / f"letters/{number}.txt").write_text(f"Dear reader number {number}\n" * 200)
    sizes = (n_bytes // 2, n_bytes // 4, n_bytes // 8, 70_000, 3000)
    for number, size in enumerate(sizes):
        (tree / f"letters/old/{number}.jpg").write_bytes(numbers.randbytes(size))
    (tree / "link").symlink_to("letters/1.txt")
    os.link(tree / "letters/2.txt", tree / "twin")
    return tree


def plant_noise(top: Path, *, seed: int = 3, n_bytes: int = 270_000) -> Path:
    """A tree of that many bytes, of one time, so that a set of it is always the same."""
    chance = random.Random(seed)
    left = n_bytes
    for number in range(1000):
        size = min(left, chance.randrange(1, 15_000))
        path = top / f"d{number % 3}" / f"file {number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(size))
        left -= size
        if not left:
            break
    (top / "link").symlink_to("d0")
    os.link(top / "d0" / "file 0", top / "twin")
    for directory, below, names in os.walk(top, topdown=False):
        for name in (*names, *below, "."):
            os.utime(Path(directory) / name, ns=(0, 1_700_000_000_123_456_789), follow_symlinks=False)
    return top


def plant_every_kind(base: Path) -> Path:
    """A tree of a few files, with every kind of entry."""
    top = base / "tree"
    (top / "deep" / "er").mkdir(parents=True)
    (top / "empty" / "too").mkdir(parents=True)
    (top / "text").write_bytes(b"All that is written here must come back.\n" * 20)
    (top / "none").write_bytes(b"")
    (top / "set").write_bytes(b"#!/bin/sh\nid\n")
    # Two segments, the first of 1 MiB that compresses to nothing.
    (top / "deep" / "large").write_bytes(bytes(MIB) + b"end")
    (top / "deep" / "stored.zip").write_bytes(random.Random(1).randbytes(300))
    with (top / "deep" / "er" / "sparse").open("wb") as file:
        file.truncate(1 << 16)
        file.seek(1 << 15)
        file.write(b"in the middle of nothing")
    (top / "deep" / "er" / ("long" * 30)).write_bytes(b"a name that no ustar header holds")
    (top / "deep" / "er" / ("alone!" * 20)).write_bytes(b"nor this one, and no bundle")
    os.link(top / "text", top / "zlink")
    os.link(top / "text", top / "deep" / "link")
    (top / "dangling").symlink_to("no/where")
    (top / "deep" / "near").symlink_to("large")
    os.mkfifo(top / "pipe")
    if os.geteuid() == 0:
        os.mknod(top / "null", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    _attributes(top)
    for path in sorted(walk(os.fsencode(top)), reverse=True):
        os.utime(path, ns=(TIME_NS, TIME_NS + len(path)), follow_symlinks=False)
    os.utime(top, ns=(TIME_NS, TIME_NS))
    return top


def _attributes(top: Path) -> None:
    os.setxattr(top / "text", "user.colour", b"blue\0green")
    os.setxattr(top / "deep", "user.kept", b"in a directory")
    os.chmod(top / "set", 0o4755)
    os.chmod(top / "deep" / "er", 0o2711)
    os.chmod(top / "empty", 0o1777)
    os.chmod(top / "pipe", 0o640)


def plant_large(base: Path, seed: int = 7) -> Path:
    """Some 3 MB that do not compress, in directories of every depth, a few of them without any content."""
    chance = random.Random(seed)
    top = base / "tree"
    for branch in ("a", "b/c", "b/c/d/e", "b/f", "g/h", "z"):
        directory = top / branch
        directory.mkdir(parents=True, exist_ok=True)
        for number in range(16):
            size = chance.choice((0, 100, 2000, 9000, 60_000))
            (directory / f"file{number}").write_bytes(chance.randbytes(size))
        (directory / "link").symlink_to(f"file{chance.randrange(16)}")
        (directory / "empty" / "below").mkdir(parents=True)
    (top / "large").write_bytes(chance.randbytes(5 * MIB // 4))
    os.setxattr(top / "b" / "c", "user.kept", b"in a directory")
    os.chmod(top / "b", 0o2750)
    os.link(top / "a" / "file3", top / "zlink")
    for path in sorted(walk(os.fsencode(top)), reverse=True):
        os.utime(path, ns=(TIME_NS, TIME_NS + len(path)), follow_symlinks=False)
    return top
