"""Archives in the hands of stock tools: GNU tar, bsdtar, 7-Zip and the shell."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

# Names are bytes: where a tool would convert them, they shall stay as they are.
_ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
CONTAINER = b".xtar"
PRIVATE = b".pybackup"


def quiet(command: Sequence[str | bytes | Path], *, cwd: str | bytes | Path) -> bytes:
    """Run a command that must end with status 0 and nothing on stderr, and return its stdout."""
    ran = subprocess.run(command, cwd=cwd, env=_ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True)
    assert (ran.returncode, ran.stderr) == (0, b""), (command, ran.returncode, ran.stderr[:2000])
    return ran.stdout


def at(fd: int) -> bytes:
    """A name for an open directory that is short, however deep it lies."""
    return b"/proc/%d/fd/%d" % (os.getpid(), fd)


def expand(tool: Sequence[str], archive: Path, target: Path) -> int:
    """List and extract an archive and the containers in it, each where it lies, and return how many there were."""
    target.mkdir()
    fd = os.open(target, os.O_RDONLY)
    try:
        return _expand(tool, os.fsencode(archive), fd)
    finally:
        os.close(fd)


def _expand(tool: Sequence[str], container: bytes, fd: int) -> int:
    assert quiet([*tool, "-tvf", container], cwd=at(fd)).count(b"\n") > 0
    quiet([*tool, "-xpf", container], cwd=at(fd))
    if container == CONTAINER:
        os.unlink(CONTAINER, dir_fd=fd)
    done = 1
    # What is expanded inside was not there when its directory was read: it is walked by the inner call alone.
    for _, _, names, below in os.fwalk(b".", dir_fd=fd):
        if CONTAINER in names:
            done += _expand(tool, CONTAINER, below)
    return done


def members(expanded: Path) -> Iterator[tuple[bytes, int]]:
    """Yield each ``.7z`` below a directory where all containers have been expanded, and its open directory."""
    base = os.fsencode(expanded)
    for directory, _, names, fd in os.fwalk(base):
        below = directory[len(base) + 1 :]
        if below.partition(b"/")[0] != PRIVATE:
            yield from ((below + b"/" + name, fd) for name in sorted(names) if name.endswith(b".7z"))


def is_bundle(name: bytes) -> bool:
    """Whether a ``.7z`` holds many files, by its name."""
    return os.path.basename(name).startswith(b".xtar.files.")


def unbundle(bundle: Path, target: Path) -> list[Path]:
    """Extract the files of a bundle by 7-Zip as the script in the readme does, and return where they are."""
    target.mkdir()
    quiet(["7z", "x", "-spd", "-x!.xtar.notes", bundle.resolve()], cwd=target)
    return list(target.iterdir())


def script_of(readme: str) -> str:
    """The commands in an archive's readme: its lines that are indented by four blanks."""
    lines = [line[4:] for line in readme.splitlines() if line.startswith("    ")]
    assert len(lines) > 5
    return "\n".join(lines) + "\n"
