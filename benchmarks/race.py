"""One corpus, several contenders, some runs: each in turn creates and extracts, then all again.

Extracted trees of many files stay until the race is over. ext4 looks at every inode deleted within the last minutes
when it makes a file (`recently_deleted` in fs/ext4/ialloc.c), so that a tree removed between two laps made each file
of the next twenty times dearer. As others may have removed files too, each lap first times the making of a few.
"""

import os
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks import trees
from benchmarks.contenders import Contender, Step
from benchmarks.measure import Measured, measure

_PROBE_FILES: Final = 200
FEW_FILES: Final = 100  # a tree of fewer may be removed at once: it is their number, not their size, that hurts


@dataclass
class Result:
    """What one contender did with one corpus, a value per run; `failure` says why there are no more.

    `file_us` is what making an empty file cost then and there, in microseconds of wall time.
    """

    create: list[Measured] = field(default_factory=list)
    extract: list[Measured] = field(default_factory=list)
    file_us: list[float] = field(default_factory=list)
    archive_bytes: int = 0
    failure: str | None = None

    def value(self, measure: str) -> float:
        """The median seconds of `create` or `extract`, or the `size` in bytes."""
        if measure == "size":
            return float(self.archive_bytes)
        return statistics.median(one.wall_seconds for one in self._laps(measure))

    def cpu_seconds(self, measure: str) -> float:
        """The median CPU seconds of `create` or `extract`."""
        return statistics.median(one.cpu_seconds for one in self._laps(measure))

    def _laps(self, measure: str) -> list[Measured]:
        return {"create": self.create, "extract": self.extract}[measure]


@dataclass(frozen=True)
class Track:
    """A corpus on disk to run on, with an empty directory to work in."""

    tree: Path
    work: Path


def race(track: Track, contenders: Sequence[Contender], runs: int, tell: Callable[[str], None]) -> dict[str, Result]:
    """Run every contender once, then every one again, A B A B, so that all meet the same load of the machine.

    The first extraction of each is compared with the corpus. A contender that fails is told of and runs no more.
    """
    trees.warm(track.tree)
    results = {contender.name: Result() for contender in contenders}
    for run in range(runs):
        for contender in contenders:
            result = results[contender.name]
            if result.failure is None:
                result.failure = lap(track, contender, run, result)
                tell(f"run {run + 1}/{runs} {contender.name}: {_outcome(result)}")
    return results


def lap(track: Track, contender: Contender, run: int, result: Result) -> str | None:
    """Create and extract once, adding to `result`; why that failed, or None."""
    place = track.work / f"{contender.name}-{run}"
    place.mkdir()
    archive = place / f"archive{contender.suffix}"
    made = take(contender.create(track.tree, archive))
    if made.status != 0:
        return f"create exited {made.status}: {last_line(made.complaint)}"
    if not archive.exists():
        return f"create left no {archive.name}"
    result.archive_bytes = trees.totals(archive).bytes if archive.is_dir() else archive.stat().st_size
    file_us = probe(place / "probe")
    to = place / "to"
    to.mkdir()
    taken = take(contender.extract(archive, to))
    if taken.status != 0:
        return f"extract exited {taken.status}: {last_line(taken.complaint)}"
    if not result.extract and (odd := trees.difference(track.tree, restored(to, track.tree))):
        return f"extracted wrongly: {odd}"
    shutil.rmtree(archive) if archive.is_dir() else archive.unlink()
    if sum(len(files) for _, _, files in os.walk(to)) < FEW_FILES:
        shutil.rmtree(to)
    result.create.append(made)
    result.extract.append(taken)
    result.file_us.append(file_us)
    return None


def probe(directory: Path) -> float:
    """Microseconds to make one of a few empty files in the new `directory`."""
    directory.mkdir()
    start = time.perf_counter()
    for number in range(_PROBE_FILES):
        os.close(os.open(directory / str(number), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    return (time.perf_counter() - start) / _PROBE_FILES * 1e6


def restored(to: Path, tree: Path) -> Path:
    """Where beneath `to` the files lie: there, or in the one directory that bears the name of `tree`."""
    return to / tree.name if [entry.name for entry in to.iterdir()] == [tree.name] else to


def take(step: Step, *, sample_seconds: float = 0.0) -> Measured:
    """Measure one step, once what others wrote has reached the disk; memory is not looked at unless asked for."""
    os.sync()
    return measure(step.command, cwd=step.cwd, sample_seconds=sample_seconds)


def _outcome(result: Result) -> str:
    if result.failure:
        return f"FAILED, {result.failure}"
    made, taken = result.create[-1], result.extract[-1]
    size, file_us = result.archive_bytes / 1e6, result.file_us[-1]
    seconds = f"create {made.wall_seconds:.2f} s, {size:.1f} MB, extract {taken.wall_seconds:.2f} s"
    return f"{seconds} (making a file cost {file_us:.0f} us)"


def last_line(complaint: str) -> str:
    """The end of what a command complained of."""
    return complaint.splitlines()[-1] if complaint else "it said nothing"
