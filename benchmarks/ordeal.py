"""One contender's medium, damaged and restored, and what came back of it."""

import contextlib
import hashlib
import os
import resource
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import harm
from benchmarks.contenders import Step
from benchmarks.harm import Model
from benchmarks.survivors import Place, Recipe, Survivor

_LARGEST_FILE_BYTES: Final = 4_000_000_000  # a size misread from damage must not fill the disk


class OrdealError(Exception):
    """A contender cannot even make its medium, or does not get it back undamaged."""


@dataclass(frozen=True)
class Content:
    """What a file holds."""

    size_bytes: int
    digest: bytes


@dataclass(frozen=True)
class Outcome:
    """What came back of one damaged medium.

    `intact` files, of `intact_bytes` in all, have their name and content; `wrong` ones have their name only, `missing`
    ones are not there. `right_bytes` are those that came back in their places, of files in part as well. `statuses`
    are those of every step of every recipe tried, None for one that hung.
    """

    model: str
    seed: int
    intact: int
    intact_bytes: int
    wrong: int
    missing: int
    statuses: tuple[int | None, ...]
    right_bytes: int = 0

    @property
    def silent(self) -> bool:
        """No step complained."""
        return all(status == 0 for status in self.statuses)


@dataclass(frozen=True)
class Medium:
    """The files of a medium in the order of their names, whole, and what lies beside it."""

    files: Mapping[str, bytes]
    aside: Path

    @property
    def size_bytes(self) -> int:
        """Of all files."""
        return sum(map(len, self.files.values()))


@dataclass(frozen=True)
class Ordeal:
    """A corpus, a directory to work in, and for how long a step may take."""

    tree: Path
    work: Path
    timeout_seconds: float

    def make(self, survivor: Survivor) -> Medium:
        """Make the medium of `survivor`; raises OrdealError when a step fails."""
        home = Path(tempfile.mkdtemp(prefix="medium-", dir=self.work))
        place = Place(self.tree, home / "medium", home / "aside", home / "to")
        for directory in (place.medium, place.aside):
            directory.mkdir()
        for step in survivor.make(place):
            if (status := run(step, self.timeout_seconds)) != 0:
                raise OrdealError(f"{survivor.name}: {' '.join(step.command)} ended with {status}")
        files = {path.name: path.read_bytes() for path in sorted(place.medium.iterdir())}
        shutil.rmtree(place.medium)
        return Medium(files, place.aside)

    def suffer(
        self, survivor: Survivor, medium: Medium, wanted: Mapping[str, Content], model: Model | None, seed: int
    ) -> Outcome:
        """Hit a copy of the medium, restore from it, compare; no `model` does no harm."""
        pieces = list(medium.files.values())
        if model is not None:
            pieces = harm.hit(pieces, model, seed)
        home = Path(tempfile.mkdtemp(prefix="case-", dir=self.work))
        place = Place(self.tree, home / "medium", home / "aside", home / "to")
        try:
            shutil.copytree(medium.aside, place.aside)
            place.medium.mkdir()
            for name, piece in zip(medium.files, pieces, strict=True):
                if piece:
                    (place.medium / name).write_bytes(piece)
            return self._restored(survivor, place, wanted, "none" if model is None else model.name, seed)
        finally:
            remove(home)

    def _restored(
        self, survivor: Survivor, place: Place, wanted: Mapping[str, Content], model: str, seed: int
    ) -> Outcome:
        """The best outcome of the recipes: they are tried in turn until one does not complain."""
        best = None
        statuses: list[int | None] = []
        for number, recipe in enumerate(survivor.recipes):
            at = replace(place, to=place.to.with_name(f"to-{number}"))
            at.to.mkdir()
            tried = self._try(recipe, at)
            statuses += tried
            found = compare(wanted, survivor.root(at)) if None not in tried else compare(wanted, at.aside / "nothing")
            right = 0 if None in tried else right_bytes(self.tree, survivor.root(at))
            outcome = Outcome(model, seed, *found, tuple(statuses), right)
            most = max(right, best.right_bytes if best else 0)
            best = replace(outcome if best is None or outcome.intact > best.intact else best, right_bytes=most)
            if outcome.silent:
                break
        assert best is not None
        return replace(best, statuses=tuple(statuses))

    def _try(self, recipe: Recipe, place: Place) -> list[int | None]:
        """The exit statuses of all steps; what follows one that hung is not run."""
        statuses: list[int | None] = []
        for step in recipe(place):
            statuses.append(run(step, self.timeout_seconds))
            if statuses[-1] is None:
                break
        return statuses


def run(step: Step, timeout_seconds: float) -> int | None:
    """Run a step in a process group of its own, with no input and no output: its status, None when it had to be killed.

    What it left running is killed too.
    """
    process = subprocess.Popen(
        step.command,
        cwd=step.cwd,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (_LARGEST_FILE_BYTES, _LARGEST_FILE_BYTES))
        return process.wait(timeout_seconds)
    except ProcessLookupError:  # it has ended before the limit could be set
        return process.wait()
    except subprocess.TimeoutExpired:
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def contents(tree: Path) -> dict[str, Content]:
    """Every regular file beneath `tree` by its path. What cannot be read or entered counts as not there."""
    found: dict[str, Content] = {}
    pending = [(str(tree), "")]
    while pending:
        directory, prefix = pending.pop()
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append((entry.path, f"{prefix}{entry.name}/"))
                    elif entry.is_file(follow_symlinks=False):
                        found[prefix + entry.name] = _content(entry.path)
        except OSError:
            continue
    return found


def _content(path: str) -> Content:
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "blake2b").digest()
            return Content(file.tell(), digest)
    except OSError:
        return Content(-1, b"")


def compare(wanted: Mapping[str, Content], root: Path) -> tuple[int, int, int, int]:
    """Of the `wanted` files those intact beneath `root`, their bytes, those wrong and those missing."""
    found = contents(root)
    intact = [content for path, content in wanted.items() if found.get(path) == content]
    missing = sum(path not in found for path in wanted)
    return len(intact), sum(content.size_bytes for content in intact), len(wanted) - len(intact) - missing, missing


def right_bytes(tree: Path, root: Path) -> int:
    """How many bytes of the files beneath `tree` lie beneath `root` in their places, in files of their names or in
    `NAME.partial`; what a file is short of, or has as something else, does not count."""
    total = 0
    for path in contents(tree):
        for name in (path, f"{path}.partial"):
            try:
                found = np.fromfile(root / name, np.uint8)
            except OSError:
                continue
            wanted = np.fromfile(tree / path, np.uint8)
            both = min(len(found), len(wanted))
            total += int(np.count_nonzero(found[:both] == wanted[:both]))
            break
    return total


def remove(directory: Path) -> None:
    """Remove a tree, be its directories ever so forbidding."""
    for path, names, _ in os.walk(directory):
        for name in names:
            target = os.path.join(path, name)
            if not os.path.islink(target):
                os.chmod(target, 0o700)
    shutil.rmtree(directory)


def endure(
    ordeal: Ordeal, survivor: Survivor, models: Sequence[Model], seeds: Sequence[int], jobs: int
) -> tuple[int, list[Outcome]]:
    """The bytes on the medium of `survivor`, and what each model with each seed leaves of it, `jobs` at a time.

    Raises OrdealError when it does not get everything back without damage.
    """
    wanted = contents(ordeal.tree)
    medium = ordeal.make(survivor)
    unharmed = ordeal.suffer(survivor, medium, wanted, None, 0)
    if unharmed.intact != len(wanted) or not unharmed.silent:
        raise OrdealError(f"{survivor.name}: undamaged, {unharmed.intact} of {len(wanted)} came back, {unharmed}")
    cases = [(model, seed) for model in models for seed in seeds]
    with ThreadPoolExecutor(jobs) as pool:
        outcomes = list(pool.map(lambda case: ordeal.suffer(survivor, medium, wanted, *case), cases))
    remove(medium.aside.parent)
    return medium.size_bytes, outcomes
