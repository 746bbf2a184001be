"""Seeded corpora: the same name, seed and scale give the same tree, names, times and modes included.

small   20,000 files of 0-4 KB of text in 500 directories
mixed   a home directory: 17,000 files, 300 MB, a third of them bytes that do not compress
large   three files of 200 MB: log, database and programs, and one that does not compress
huge    one file of 4 GB, of all three sorts (for memory)
many    200,000 files of 0-1 KB in 4,000 directories (for memory)

`python -m benchmarks.corpora NAME DIR [--seed N] [--scale F]` makes one in DIR.
"""

import argparse
import fcntl
import hashlib
import itertools
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import prose, trees
from benchmarks.binaries import Foundry
from benchmarks.names import Namer
from benchmarks.prose import Author, Kind

SEED: Final = 20_240_229
VERSION: Final = 2  # raised whenever the bytes of any corpus change, so that kept corpora are made again

_FIRST_NS = 1_400_000_000_000_000_000
_SPAN_NS = 300_000_000_000_000_000
_STRETCH_BYTES = 8_000_000


class CorpusError(Exception):
    """The corpus cannot be made where it was asked for."""


@dataclass(frozen=True)
class Corpus:
    """A corpus on disk, and what identifies its bytes."""

    name: str
    seed: int
    scale: float
    version: int
    files: int
    bytes: int
    digest: str


@dataclass(frozen=True)
class Group:
    """Files of one sort in a home directory: where, how many directories, which contents, how many bytes in all."""

    top: str
    directories: int
    contents: tuple[Kind | str, ...]
    files: int
    bytes: int


# A string is a suffix: "" and ".so" and ".o" are programs, ".sqlite" is a database, the rest does not compress.
HOME: Final = (
    Group("Pictures", 60, (".jpg", ".jpg", ".jpg", ".png"), 760, 44_000_000),
    Group("Videos", 3, (".mp4",), 6, 22_000_000),
    Group("Music", 25, (".mp3",), 130, 16_000_000),
    Group("Downloads", 8, (".zip", ".gz", ".docx"), 220, 18_000_000),
    Group("src", 700, prose.SOURCE_KINDS, 9_994, 66_000_000),
    Group(".config", 200, prose.CONFIG_KINDS, 3_000, 14_000_000),
    Group("Documents", 120, prose.DOCUMENT_KINDS, 2_000, 32_000_000),
    Group("Documents/data", 20, (prose.CSV,), 300, 24_000_000),
    Group(".local/log", 15, (prose.LOG,), 200, 26_000_000),
    Group(".local/lib", 50, (".so", ".o", ""), 350, 30_000_000),
    Group(".cache", 12, (".sqlite",), 40, 8_000_000),
)

Files = Iterator[tuple[str, Iterable[bytes]]]


class Maker:
    """Makes the files of the corpora in order, each a path and its content in pieces."""

    def __init__(self, name: str, *, seed: int, scale: float) -> None:
        self._rng = np.random.default_rng([seed, *name.encode()])
        self._author = Author(self._rng)
        self._foundry = Foundry(self._author, self._rng)
        self._namer = Namer(self._author.words, self._rng)
        self._scale = scale

    def small(self) -> Files:
        """Tiny texts of many kinds."""
        return self._texts(files=20_000, directories=500, longest_bytes=4_096)

    def many(self) -> Files:
        """Ten times as many, tinier."""
        return self._texts(files=200_000, directories=4_000, longest_bytes=1_024)

    def mixed(self) -> Files:
        """A home directory, group by group."""
        for group in HOME:
            files = self._scaled(group.files)
            directories = self._namer.directories(group.top, self._scaled(group.directories))
            drawn = np.exp(self._rng.standard_normal(files) * 1.3)
            sizes = np.minimum(drawn, np.median(drawn) * 60)
            sizes = (sizes * (group.bytes * self._scale / sizes.sum())).astype(np.int64)
            for directory, size in zip(self._spread(directories, files), sizes.tolist(), strict=True):
                content = group.contents[int(self._rng.integers(len(group.contents)))]
                yield self._file(directory, content, size)

    def large(self) -> Files:
        """Three big files."""
        size = self._scaled(200_000_000)
        yield "server.log", [self._author.write(prose.LOG, size)]
        yield "disk.img", self._stretches(size, (".sqlite", ".so"))
        yield "film.mkv", self._stretches(size, (".mkv",))

    def huge(self) -> Files:
        """One file whose stretches are text, program, database, and, for half of it, incompressible."""
        yield "everything.bin", self._stretches(self._scaled(4_000_000_000), (prose.LOG, ".mkv", ".so", ".mkv"))

    def _texts(self, *, files: int, directories: int, longest_bytes: int) -> Files:
        places = self._namer.directories("", self._scaled(directories))
        count = self._scaled(files)
        sizes = self._rng.integers(0, longest_bytes + 1, count).tolist()
        kinds = self._rng.integers(0, len(prose.SMALL_KINDS), count).tolist()
        for directory, size, kind in zip(self._spread(places, count), sizes, kinds, strict=True):
            yield self._file(directory, prose.SMALL_KINDS[kind], size)

    def _file(self, directory: str, content: Kind | str, size_bytes: int) -> tuple[str, Iterable[bytes]]:
        suffix = content if isinstance(content, str) else content.suffix
        return self._namer.file(directory, suffix), [self._content(content, size_bytes)]

    def _content(self, content: Kind | str, size_bytes: int) -> bytes:
        if isinstance(content, Kind):
            return self._author.write(content, size_bytes)
        if content == ".sqlite":
            return self._foundry.database(size_bytes)
        if content in (".so", ".o", ""):
            return self._foundry.program(size_bytes)
        return self._foundry.sealed(content, size_bytes)

    def _stretches(self, size_bytes: int, contents: tuple[Kind | str, ...]) -> Iterator[bytes]:
        """A long content as stretches of several sorts in turn."""
        for start, content in zip(range(0, size_bytes, _STRETCH_BYTES), itertools.cycle(contents), strict=False):
            yield self._content(content, min(_STRETCH_BYTES, size_bytes - start))

    def _spread(self, directories: list[str], files: int) -> list[str]:
        """A directory for each file: one each at first, then some directories get many and most get few."""
        weights = self._rng.gamma(0.8, size=len(directories))
        rest = self._rng.choice(len(directories), max(files - len(directories), 0), p=weights / weights.sum())
        return (directories + [directories[i] for i in np.sort(rest).tolist()])[:files]

    def _scaled(self, count: int) -> int:
        return max(1, round(count * self._scale))


CORPORA: Final[dict[str, Callable[[Maker], Files]]] = {
    "small": Maker.small,
    "mixed": Maker.mixed,
    "large": Maker.large,
    "huge": Maker.huge,
    "many": Maker.many,
}


def make(name: str, to: Path, *, seed: int = SEED, scale: float = 1.0) -> Corpus:
    """Make corpus `name` in the directory `to`, which must be new or empty; publish it with one rename.

    Raises CorpusError when `to` already holds something.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise CorpusError(f"{to} is not an empty directory")
    to.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{to.name}.", suffix=".partial", dir=to.parent))
    digest = hashlib.blake2b(digest_size=16)
    paths: list[str] = []
    written_bytes = 0
    known = {""}
    for path, pieces in CORPORA[name](Maker(name, seed=seed, scale=scale)):
        _enter(partial, path.rpartition("/")[0], known)
        digest.update(path.encode() + b"\0")
        with open(partial / path, "wb") as file:
            for piece in pieces:
                digest.update(piece)
                written_bytes += file.write(piece)
        paths.append(path)
    _stamp(partial, paths, known, seed)
    partial.replace(to)
    return Corpus(name, seed, scale, VERSION, len(paths), written_bytes, digest.hexdigest())


def kept(name: str, beneath: Path, *, seed: int = SEED, scale: float = 1.0) -> tuple[Path, Corpus]:
    """The corpus in `beneath`, made unless it is there already and unchanged in number and bytes of files.

    Whoever asks for the same directory meanwhile waits.
    """
    beneath.mkdir(parents=True, exist_ok=True)
    with open(beneath / ".lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _kept(name, beneath / (name if scale == 1.0 else f"{name}-{scale:g}"), seed, scale)


def _kept(name: str, to: Path, seed: int, scale: float) -> tuple[Path, Corpus]:
    note = to.with_name(to.name + ".json")
    if note.is_file() and to.is_dir():
        corpus = Corpus(**json.loads(note.read_text()))
        asked = (name, seed, scale, VERSION)
        made = (corpus.name, corpus.seed, corpus.scale, corpus.version)
        if made == asked and trees.totals(to) == trees.Totals(corpus.files, corpus.bytes):
            return to, corpus
        shutil.rmtree(to)
    corpus = make(name, to, seed=seed, scale=scale)
    note.write_text(json.dumps(asdict(corpus)) + "\n")
    return to, corpus


def _enter(tree: Path, directory: str, known: set[str]) -> None:
    """Make `directory` and whatever leads to it."""
    if directory not in known:
        _enter(tree, directory.rpartition("/")[0], known)
        (tree / directory).mkdir(exist_ok=True)
        known.add(directory)


def _stamp(tree: Path, paths: list[str], directories: set[str], seed: int) -> None:
    """Give everything its mode and a distinct time, directories last and deepest first, for files change them."""
    rng = np.random.default_rng([seed, 0])
    order = [*paths, *sorted(directories, key=lambda path: (-path.count("/"), path == "", path))]
    gaps = rng.integers(1, _SPAN_NS // len(order) * 2, len(order))
    times = rng.permutation(_FIRST_NS + np.cumsum(gaps)).tolist()
    for path, mtime_ns in zip(order, times, strict=True):
        whole = os.path.join(tree, path)
        os.chmod(whole, 0o755 if path in directories else 0o644)
        os.utime(whole, ns=(mtime_ns, mtime_ns))


def main() -> int:
    """Make one corpus and say what it is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpora", description="Make a seeded corpus.")
    parser.add_argument("name", choices=CORPORA)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--scale", type=float, default=1.0, help="part of the full number of files (or bytes)")
    options = parser.parse_args()
    start = time.perf_counter()
    try:
        corpus = make(options.name, options.directory, seed=options.seed, scale=options.scale)
    except (CorpusError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    seconds = time.perf_counter() - start
    print(f"{corpus.name}: {corpus.files:,} files, {corpus.bytes / 1e6:.1f} MB, {corpus.digest}, {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
