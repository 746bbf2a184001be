"""If temporary files cannot be written, the status is 5 with the reason, and no file is called lost."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from kit.command import COMMAND, ENVIRONMENT, Done
from kit.damage import overwritten
from kit.memory import fast_directory
from kit.small_sets import small_set

from pybackup.sector import SECTOR

FILE_BYTES = 20_000
MOST_BYTES = 32 << 10  # more than any file that is restored, less than any archive
PROC = Path("/proc")  # where nobody makes a file, root neither
VERBS: dict[str, Sequence[str]] = {
    "extract": ("extract", "bad.xtar", "--to", "back"),
    "extract of a file": ("extract", "bad.xtar", "src/0", "--to", "back"),
    "extract to standard output": ("extract", "bad.xtar", "src/0", "--stdout"),
    "extract of a set": ("extract", "set", "--to", "back"),
    "extract of a set that lacks a volume": ("extract", "fewer", "--to", "back"),
    "salvage": ("salvage", "bad.xtar", "--to", "back"),
    "salvage of a set": ("salvage", "set", "--to", "back"),
    "repair": ("repair", "bad.xtar", "-o", "whole.xtar"),
    "rebuild": ("rebuild", "set", "--to", "back"),
    "create": ("create", "src", "-o", "new.xtar"),
    "create of a set": ("create", "src", "--volumes", "new", "--volume-size", "100K"),
    "protect": ("protect", "bad.xtar", "-o", "new.xpar", "--parity", "100%"),
    "recovery volumes": ("protect", "whole", "--recovery-volumes", "1", "--to", "new"),
    "drill": ("drill", "good.xtar", "--rounds", "1"),
    "disc build": ("disc", "build", "good.xtar", "--to", "new"),
}


def run(directory: Path, *arguments: str, limit: Callable[[], None] | None = None) -> Done:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=directory, env=ENVIRONMENT, capture_output=True, check=False, preexec_fn=limit
    )


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Intact and damaged archives and sets."""
    with fast_directory() as base:
        (base / "src").mkdir()
        for number in range(10):
            (base / f"src/{number}").write_bytes(b"".join((number << 20 | i).to_bytes(4, "big") for i in range(5000)))
        done = run(base, "create", "src", "-o", "good.xtar", "--compression", "store")
        assert done.returncode == 0, done.stderr
        good = (base / "good.xtar").read_bytes()
        (base / "bad.xtar").write_bytes(overwritten(good, [good.index((5 << 20).to_bytes(3, "big")) // SECTOR, 4, 5]))
        whole = small_set()
        whole.write(base / "whole")
        first, second = whole.data[:2]
        whole.write(base / "set", {first: overwritten(whole.volumes[first], [4, 5, 20, 21])})
        whole.write(base / "fewer", {second: None})
        yield base


def over_a_limit() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES, MOST_BYTES))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("limit", [over_a_limit, None], ids=["over a limit", "not writable"])
def test_a_place_that_takes_nothing(place: Path, verb: str, limit: Callable[[], None] | None) -> None:
    work = place / "work"
    work.mkdir(exist_ok=True)
    # What is there already need not be mended.
    shutil.rmtree(place / "back", ignore_errors=True)
    where = str(work if limit else PROC)
    done = run(place, *VERBS[verb], "--work-dir", where, "--quiet", limit=limit)
    assert done.returncode == 5, done.stderr
    reason = done.stderr.decode()
    assert where in reason
    assert (": File too large" if limit else "No such file") in reason
    assert ": lost:" not in reason
    assert not list(work.iterdir())


def test_what_is_whole_is_restored_by_then(place: Path) -> None:
    done = run(place, "extract", "bad.xtar", "--to", "most", "--work-dir", str(PROC))
    assert done.returncode == 5
    names = sorted(path.name for path in (place / "most/src").iterdir())
    assert 7 <= len(names) < 10
    assert all((place / "most/src" / name).read_bytes() == (place / "src" / name).read_bytes() for name in names)
    left = sorted({str(number) for number in range(10)} - set(names))
    assert ", ".join(f"src/{name}" for name in left).encode() in done.stderr


def test_what_needs_no_mending_needs_no_room(place: Path) -> None:
    done = run(place, "extract", "bad.xtar", "src/9", "--to", "one", "--work-dir", str(PROC))
    assert done.returncode == 0, done.stderr
