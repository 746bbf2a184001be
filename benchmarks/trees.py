"""Trees of files on disk: read, counted, compared."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Totals:
    """How many files a tree holds, and their bytes."""

    files: int
    bytes: int


def walk(tree: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every file of `tree` with its path relative to it."""
    pending = [(str(tree), "")]
    while pending:
        directory, prefix = pending.pop()
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append((entry.path, f"{prefix}{entry.name}/"))
                else:
                    yield prefix + entry.name, entry


def totals(tree: Path) -> Totals:
    """The files of `tree` and the sum of their sizes."""
    sizes = [entry.stat(follow_symlinks=False).st_size for _, entry in walk(tree)]
    return Totals(len(sizes), sum(sizes))


def warm(tree: Path) -> None:
    """Read all of `tree` once, so that every contender finds it in the page cache."""
    for _, entry in walk(tree):
        with open(entry.path, "rb", buffering=0) as file:
            while file.read(_BLOCK_BYTES):
                pass


def difference(wanted: Path, found: Path) -> str | None:
    """What first distinguishes the files of `found` from those of `wanted`, or None when all bytes are the same."""
    if not found.is_dir():
        return "nothing was extracted"
    expected = {path: entry.path for path, entry in walk(wanted)}
    actual = {path: entry.path for path, entry in walk(found)}
    if expected.keys() != actual.keys():
        odd = sorted(expected.keys() ^ actual.keys())
        return f"{len(odd)} paths are missing or too many, the first {odd[0]!r}"
    for path, original in expected.items():
        if not _same(original, actual[path]):
            return f"{path!r} has other content"
    return None


def _same(one: str, other: str) -> bool:
    with open(one, "rb", buffering=0) as a, open(other, "rb", buffering=0) as b:
        if os.fstat(a.fileno()).st_size != os.fstat(b.fileno()).st_size:
            return False
        while block := a.read(_BLOCK_BYTES):
            if block != b.read(_BLOCK_BYTES):
                return False
    return True
