"""The programs that are compared, and the commands that make each do the same things.

Every peer works file by file, as pybackup does: 7z without solid blocks, tarlz with a member per file, dar and zip by
nature. All are told to be quiet, and run on all the cores that they know to use.
"""

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Step:
    """One command, and the directory that it runs in (None: this process's own)."""

    command: tuple[str, ...]
    cwd: Path | None = None


@dataclass(frozen=True)
class Contender:
    """A program with its options. All paths given are absolute; `member` is relative to the tree."""

    name: str
    needs: tuple[str, ...]
    suffix: str
    create: Callable[[Path, Path], Step]  # tree, archive
    extract: Callable[[Path, Path], Step]  # archive, directory
    show: Callable[[Path], Step]  # archive
    pick: Callable[[Path, Path, str, Path], Step]  # tree, archive, member, directory

    def missing(self) -> list[str]:
        """The programs that this one needs and that are not installed."""
        return [program for program in self.needs if not _installed(program)]


def _installed(program: str) -> bool:
    if program == "pybackup":
        return (_ROOT / "pybackup" / "__main__.py").is_file()
    return shutil.which(program) is not None


def _own(*arguments: str | Path) -> Step:
    """This repository's pybackup, by this interpreter."""
    return Step((sys.executable, "-m", "pybackup", *map(str, arguments)), _ROOT)


def _run(*arguments: str | Path, cwd: Path | None = None) -> Step:
    return Step(tuple(map(str, arguments)), cwd)


def _pybackup(name: str, compression: str) -> Contender:
    return Contender(
        name,
        ("pybackup",),
        ".xtar",
        create=lambda tree, out: _own("create", tree, "-o", out, "--compression", compression, "--quiet"),
        extract=lambda archive, to: _own("extract", archive, "--to", to, "--quiet"),
        show=lambda archive: _own("list", archive),
        pick=lambda tree, archive, member, to: _own("extract", archive, f"{tree.name}/{member}", "--to", to, "--quiet"),
    )


def _dar(algorithm: str) -> Contender:
    """dar takes an archive's name without the `.1.dar` that it adds; -N ignores /etc/darrc."""
    quiet = ("dar", "-N", "-Q", "-q")
    return Contender(
        f"dar-{algorithm}",
        ("dar",),
        ".1.dar",
        create=lambda tree, out: _run(*quiet, "-c", _slice(out), "-R", tree, f"-z{algorithm}"),
        extract=lambda archive, to: _run(*quiet, "-O", "-x", _slice(archive), "-R", to),
        show=lambda archive: _run(*quiet, "-l", _slice(archive)),
        pick=lambda _tree, archive, member, to: _run(*quiet, "-O", "-x", _slice(archive), "-R", to, "-g", member),
    )


def _slice(archive: Path) -> Path:
    return archive.with_name(archive.name.removesuffix(".1.dar"))


_QUIET_7Z: Final = ("-bso0", "-bsp0", "-bd", "-y")

SEVEN_ZIP: Final = Contender(
    "7z",
    ("7z",),
    ".7z",
    create=lambda tree, out: _run("7z", "a", "-ms=off", *_QUIET_7Z, out, ".", cwd=tree),
    extract=lambda archive, to: _run("7z", "x", *_QUIET_7Z, f"-o{to}", archive),
    show=lambda archive: _run("7z", "l", archive),
    pick=lambda _tree, archive, member, to: _run("7z", "x", *_QUIET_7Z, f"-o{to}", archive, member),
)
_TARLZ: Final = Contender(
    "tarlz",
    ("tarlz",),
    ".tar.lz",
    create=lambda tree, out: _run("tarlz", "-q", "--no-solid", "-cf", out, "-C", tree, "."),
    extract=lambda archive, to: _run("tarlz", "-q", "-xf", archive, "-C", to),
    show=lambda archive: _run("tarlz", "-tf", archive),
    pick=lambda _tree, archive, member, to: _run("tarlz", "-q", "-xf", archive, "-C", to, f"./{member}"),
)
ZIP: Final = Contender(
    "zip",
    ("zip", "unzip"),
    ".zip",
    create=lambda tree, out: _run("zip", "-q", "-r", out, ".", cwd=tree),
    extract=lambda archive, to: _run("unzip", "-q", archive, "-d", to),
    show=lambda archive: _run("unzip", "-l", archive),
    pick=lambda _tree, archive, member, to: _run("unzip", "-q", archive, member, "-d", to),
)

# Its archive is a directory, a repository of one archive. It is told to keep its caches there, too.
BORG: Final = Contender(
    "borg",
    ("borg",),
    "",
    create=lambda tree, out: _borg(out, 'borg init -e none "$0" && borg create --compression zstd "$0::a" .', cwd=tree),
    extract=lambda archive, to: _borg(archive, 'borg extract "$0::a"', cwd=to),
    show=lambda archive: _borg(archive, 'borg list "$0::a"', cwd=archive),
    pick=lambda _tree, archive, member, to: _borg(archive, 'borg extract "$0::a" "$1"', member, cwd=to),
)


def _borg(archive: Path, script: str, *words: str, cwd: Path) -> Step:
    quiet = ("env", f"BORG_BASE_DIR={archive.parent}/borg", "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes")
    return Step((*quiet, "BORG_RELOCATED_REPO_ACCESS_IS_OK=yes", "sh", "-c", script, str(archive), *words), cwd)


OWN: Final = _pybackup("pybackup", "default")
OWN_FAST: Final = _pybackup("pybackup-fast", "fast")
DAR_ZSTD: Final = _dar("zstd")
PEERS: Final = (SEVEN_ZIP, _TARLZ, _dar("xz"), DAR_ZSTD, ZIP, BORG)
ALL: Final = (OWN, OWN_FAST, *PEERS)


class MissingError(Exception):
    """A program to compare with is not installed."""


def chosen(only: str | None, among: Sequence[Contender] = ALL) -> list[Contender]:
    """The contenders named in the comma-separated `only`, or all of them.

    Raises MissingError when a name is unknown or a program absent: what was not run must not look like a success.
    """
    known = {contender.name: contender for contender in ALL}
    names = [contender.name for contender in among] if only is None else only.split(",")
    if unknown := [name for name in names if name not in known]:
        raise MissingError(f"no such contender: {', '.join(unknown)} (there are: {', '.join(known)})")
    found = [known[name] for name in dict.fromkeys(names)]
    if absent := sorted({program for contender in found for program in contender.missing()}):
        raise MissingError(f"not installed: {', '.join(absent)}")
    return found
