"""The catalogue with a million files: entering an archive, and every question, by the command line.

    python -m benchmarks.catalogue                        # a million files in one archive, a fortieth in another
    python -m benchmarks.catalogue --files 10000000       # needs 16 GB in --work
    python -m benchmarks.catalogue --files 10000000 --direct    # rows without an archive: needs 2 GB
    python -m benchmarks.catalogue --peers                # also dar_manager and plocate, on a tree of as many files
    python -m benchmarks.catalogue --catalogue postgresql://me@localhost/empty

CPU seconds, user and system, of the process (a database server is another one); the start-up, which is that of a verb
on an empty catalogue, is subtracted from the questions. Exit status 1 when a requirement is missed.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pybackup.catalogue.connect import open_catalogue
from pybackup.catalogue.fill import enter
from pybackup.compress.methods import Compression
from pybackup.compress.pack import PackJob, pack
from pybackup.container.write import ArchiveWriter
from pybackup.host.output import Output
from pybackup.model.catalogued import MediumType, NewMedium, NewVolume, VolumeSort
from pybackup.model.content import Bare, PackedPiece, Piece, Whole
from pybackup.model.entry import Entry, Kind
from pybackup.model.filed import Filed
from pybackup.model.member import Method
from pybackup.monitor import Monitor

_ENTER_SECONDS, _ENTER_BYTES = 15.0, 300 * 10**6
_TIME = 1_750_000_000 * 10**9
_DIRECTORY_FILES = 12
# Anybody's files, and wherever they lie: temporary file systems and directories are left out otherwise.
_UPDATEDB = ["updatedb.plocate", "-l", "0", "--prunefs", "", "--prunepaths", "", "--prunenames", ""]


@dataclass(frozen=True)
class Figure:
    """What one command took."""

    seconds: float
    peak_bytes: int
    lines: int


def main() -> int:
    """Measure, print, and return the exit status."""
    options = _options()
    scale = options.files / 1_000_000
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        room = Path(name)
        address = options.catalogue or str(room / "catalogue.sqlite")
        large, small = room / "large.xtar", room / "small.xtar"
        if not options.direct:
            _apart(_archive, large, options.files, 0)
            _apart(_archive, small, options.files // 40, options.files // 2)
        start = _empty(room)
        rows: list[tuple[str, Figure, float | None, Figure | None]] = [
            ("start-up, on an empty catalogue", start, None, None)
        ]
        _run(address, "init")
        digest = _digest(options.files // 2).hex()
        path = _path(options.files // 3).decode()
        if options.direct:
            rows.append(
                ("enter the files", _apart(_enter_rows, "large", address, options.files, 0), _ENTER_SECONDS, None)
            )
            rows.append(
                (
                    "enter a fortieth",
                    _apart(_enter_rows, "small", address, options.files // 40, options.files // 2),
                    None,
                    None,
                )
            )
        for words, arguments, seconds in (
            *(
                ()
                if options.direct
                else (
                    ("enter the archive", ["add", str(large)], _ENTER_SECONDS),
                    ("enter one of a fortieth of its files", ["add", str(small)], None),
                )
            ),
            ("find, a glob over names", ["find", f"*file-{options.files // 7}.*"], 1.0),
            ("find, part of a name", ["find", f"file-{options.files // 7}."], 1.0),
            ("whereis, by hash", ["whereis", "--hash", digest], 0.1),
            ("whereis, by path", ["whereis", path], 0.1),
            ("lost, a fortieth of all", ["lost", "small", "--dry-run"], 1.0),
            ("lost, nearly all", ["lost", "large", "--dry-run"], 1.0),
            ("at-risk, two copies", ["at-risk"], 5.0),
            ("files, a fortieth of all", ["files", "small"], None),
        ):
            rows.append((words, _run(address, *arguments), seconds, start))
        size = sum(each.stat().st_size for each in room.glob("catalogue.sqlite*"))
    kept = [_print(words, figure, limit and limit * scale, before) for words, figure, limit, before in rows]
    fits = rows[1][1].peak_bytes <= _ENTER_BYTES * max(scale, 1)
    print(f"peak memory while entering: {rows[1][1].peak_bytes / 1e6:.0f} MB{'' if fits else '  MISSED'}")
    print(f"size of the catalogue: {size / 1e6:.0f} MB" if size else "")
    if options.peers:
        _peers(options)
    return int(not (all(kept) and fits))


def _print(words: str, figure: Figure, limit: float | None, start: Figure | None) -> bool:
    entering = words.startswith("enter")
    seconds = figure.seconds - (start.seconds if start and not entering else 0.0)
    missed = bool(limit) and seconds > (limit or 0)
    asked = f"at most {limit:g} s" if limit else ""
    print(f"{words:<40} {seconds:>8.2f} s  {figure.lines:>9,} lines  {asked}{'  MISSED' if missed else ''}")
    return not missed


def _run(address: str, verb: str, *arguments: str) -> Figure:
    command = [sys.executable, "-m", "pybackup", "catalogue", verb, *arguments, "--catalogue", address]
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(command, stdout=output)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        # Something at risk, something gone: that is an answer.
        if child.returncode not in (0, 1):
            raise SystemExit(f"{' '.join(command)}: status {child.returncode}")
        output.seek(0)
        return Figure(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, sum(1 for _ in output))


def _apart(function: Callable[..., None], *arguments: object) -> Figure:
    """Do something in a process of its own: what is started later would count this one's memory as its own."""
    child = os.fork()
    if not child:
        status = 1
        try:
            function(*arguments)
            status = 0
        finally:
            os._exit(status)
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{function.__name__}: failed")
    return Figure(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, 0)


def _enter_rows(label: str, address: str, files: int, first: int) -> None:
    def rows() -> Iterator[Filed]:
        for number in range(first, first + files):
            yield Filed(_path(number), int(Kind.FILE), 8, _TIME + number * 10**9, 0o644, _digest(number))

    new = NewVolume(label.encode(), VolumeSort.ARCHIVE, label, label.encode(), None, 0, files)
    with open_catalogue(address) as catalogue:
        enter(catalogue, new, rows, NewMedium(MediumType.FILE, label), Monitor())


def _empty(room: Path) -> Figure:
    address = str(room / "empty.sqlite")
    _run(address, "init")
    return min((_run(address, "find", "x") for _ in range(3)), key=lambda figure: figure.seconds)


def _path(number: int) -> bytes:
    directory = number // _DIRECTORY_FILES
    return b"home/part%04d/directory%07d/some-file-%d.txt" % (directory // 200, directory, number)


def _digest(number: int) -> bytes:
    return hashlib.sha256(b"content %d" % number).digest()


def _archive(path: Path, files: int, first: int) -> None:
    """An archive with an index as a real one has, all of whose members hold the same few bytes."""
    packed = pack(PackJob(b"content\n", b"f", 0o644, _TIME, Method.COPY, Compression.STORE))
    with Output(os.fsencode(path)) as output:
        identity = hashlib.sha256(b"%d %d" % (files, first)).digest()[:8]
        writer = ArchiveWriter(output, archive_id=identity, readme=b"for a benchmark\n", mtime_ns=_TIME)
        for entry, number in _entries(files, first):
            if number is None:
                writer.put(Bare(entry))
            else:
                writer.put(PackedPiece(Piece(entry, b"", whole=Whole()), packed._replace(digest=_digest(number))))
        writer.close(structure=[bytes(1024)], links=[bytes(1024)], settings=b"{}")
        output.publish()


def _entries(files: int, first: int) -> Iterator[tuple[Entry, int | None]]:
    above: list[bytes] = []
    for number in range(first, first + files):
        *parts, _ = _path(number).split(b"/")
        for depth, part in enumerate(parts):
            if above[depth : depth + 1] != [part]:
                above = parts[:depth]
                yield Entry(b"/".join(parts[: depth + 1]), Kind.DIRECTORY, 0o755, mtime_ns=_TIME), None
                above = parts[: depth + 1]
        yield Entry(_path(number), Kind.FILE, mtime_ns=_TIME + number * 10**9, size=8), number


def _peers(options: argparse.Namespace) -> None:
    """The nearest peers: dar_manager's database of archives of a tree, and plocate's of the names in it."""
    from benchmarks.activity import make_tree

    for program in ("dar", "dar_manager", "plocate", "updatedb.plocate"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is not installed")
    tree = options.work / f"catalogue-tree-{options.files}"
    make_tree(tree, options.files, 0)
    some = next(tree.rglob("*.txt")).relative_to(tree)
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        for words, command in (
            ("dar -c", ["dar", "-Q", "-q", "-c", f"{name}/dar", "-R", str(tree)]),
            ("dar_manager -C", ["dar_manager", "-Q", "-C", f"{name}/base"]),
            ("dar_manager -A, enter the archive", ["dar_manager", "-Q", "-B", f"{name}/base", "-A", f"{name}/dar"]),
            (
                "dar_manager -f, where is it",
                ["dar_manager", "-Q", "-B", f"{name}/base", "-f", str(some)],
            ),
            ("updatedb, enter the names", [*_UPDATEDB, "-U", str(tree), "-o", f"{name}/names"]),
            ("plocate, part of a name", ["plocate", "-d", f"{name}/names", some.name]),
        ):
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            print(f"{words:<40} {used.ru_utime + used.ru_stime:>8.2f} s  {used.ru_maxrss / 1e3:.0f} MB")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catalogue", description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()), help="where files are made")
    parser.add_argument("--catalogue", metavar="URL", help="an empty database (default: a file of SQLite)")
    parser.add_argument("--direct", action="store_true", help="rows are entered without an archive around them")
    parser.add_argument("--peers", action="store_true", help="also dar_manager and plocate, on a real tree")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
