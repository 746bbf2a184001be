"""One corpus, several contenders, some runs: each in turn creates and extracts, then all again."""

import os
import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import trees
from benchmarks.contenders import Contender, Step
from benchmarks.measure import Measured, measure


@dataclass
class Result:
    """What one contender did with one corpus, a value per run; `failure` says why there are no more."""

    create: list[Measured] = field(default_factory=list)
    extract: list[Measured] = field(default_factory=list)
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
    """A corpus on disk to run on, with a directory to work in, which each lap finds empty."""

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
                result.failure = lap(track, contender, result)
                tell(f"run {run + 1}/{runs} {contender.name}: {_outcome(result)}")
    return results


def lap(track: Track, contender: Contender, result: Result) -> str | None:
    """Create and extract once, adding to `result`; why that failed, or None."""
    with Scratch(track.work):
        archive = track.work / f"archive{contender.suffix}"
        made = take(contender.create(track.tree, archive))
        if made.status != 0:
            return f"create exited {made.status}: {last_line(made.complaint)}"
        if not archive.is_file():
            return f"create left no {archive.name}"
        result.archive_bytes = archive.stat().st_size
        to = track.work / "to"
        to.mkdir()
        taken = take(contender.extract(archive, to))
        if taken.status != 0:
            return f"extract exited {taken.status}: {last_line(taken.complaint)}"
        if not result.extract and (odd := trees.difference(track.tree, restored(to, track.tree))):
            return f"extracted wrongly: {odd}"
    result.create.append(made)
    result.extract.append(taken)
    return None


def restored(to: Path, tree: Path) -> Path:
    """Where beneath `to` the files lie: there, or in the one directory that bears the name of `tree`."""
    return to / tree.name if [entry.name for entry in to.iterdir()] == [tree.name] else to


def take(step: Step, *, sample_seconds: float = 0.0) -> Measured:
    """Measure one step, once what others wrote has reached the disk; memory is not looked at unless asked for."""
    os.sync()
    return measure(step.command, cwd=step.cwd, sample_seconds=sample_seconds)


class Scratch:
    """A directory that exists, empty at first, while the block runs."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __enter__(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir(parents=True)

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._directory)


def _outcome(result: Result) -> str:
    if result.failure:
        return f"FAILED, {result.failure}"
    made, taken = result.create[-1], result.extract[-1]
    size = result.archive_bytes / 1e6
    return f"create {made.wall_seconds:.2f} s, {size:.1f} MB, extract {taken.wall_seconds:.2f} s"


def last_line(complaint: str) -> str:
    """The end of what a command complained of."""
    return complaint.splitlines()[-1] if complaint else "it said nothing"
