"""Peak memory of the whole tree of processes, and the CPU seconds of looking into an archive of many files.

`python -m benchmarks.memory [huge] [many] [--only NAME,...] [--scale F] [--json FILE]` creates and extracts one file of
4 GB and a tree of 200,000 files, then lists the latter's archive and extracts a single file from it. It exits 0, or 1
when a contender failed, or 2 when one is not installed.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks import corpora, trees
from benchmarks.contenders import OWN, SEVEN_ZIP, Contender, MissingError, Step, chosen
from benchmarks.measure import Measured
from benchmarks.race import last_line, restored, take
from benchmarks.speed import machine
from benchmarks.tables import aligned

_NAMES = ("huge", "many")
_SAMPLE_SECONDS: Final = 0.05
_HEAD = ("", "step", "peak MB", "CPU s", "wall s")


class StepError(Exception):
    """A contender failed at a step, or extracted something else than it was given."""


class Look:
    """One contender's steps on one corpus, each measured with its memory."""

    def __init__(self, contender: Contender, tree: Path, work: Path) -> None:
        self.measured: dict[str, Measured] = {}
        self._contender = contender
        self._tree = tree
        self._paths = sorted(path for path, _ in trees.walk(tree))
        self._work = work
        self._archive = work / f"archive{contender.suffix}"

    def run(self) -> None:
        """Create, extract and, of many files, list and pick. Raises StepError at the first that fails."""
        self._work.mkdir()
        self._take("create", self._contender.create(self._tree, self._archive))
        self._extract()
        if len(self._paths) > 1:
            self._take("list", self._contender.show(self._archive))
            self._pick()

    def _extract(self) -> None:
        to = self._work / "to"
        to.mkdir()
        self._take("extract", self._contender.extract(self._archive, to))
        if odd := trees.difference(self._tree, restored(to, self._tree)):
            raise StepError(f"extracted wrongly: {odd}")

    def _pick(self) -> None:
        """Extract the one file that stands in the middle."""
        member = self._paths[len(self._paths) // 2]
        to = self._work / "one"
        to.mkdir()
        self._take("extract one file", self._contender.pick(self._tree, self._archive, member, to))
        taken = [Path(entry.path) for _, entry in trees.walk(to)]
        if len(taken) != 1 or taken[0].read_bytes() != (self._tree / member).read_bytes():
            raise StepError(f"extracting {member!r} alone gave {len(taken)} files, or another content")

    def _take(self, name: str, step: Step) -> None:
        result = take(step, sample_seconds=_SAMPLE_SECONDS)
        self.measured[name] = result
        if result.status != 0:
            raise StepError(f"{name} exited {result.status}: {last_line(result.complaint)}")


def look(name: str, contenders: Sequence[Contender], options: argparse.Namespace) -> tuple[dict[str, object], bool]:
    """Measure all contenders on one corpus and print a table: the record, and whether one failed."""
    tree, corpus = corpora.kept(name, options.corpora, seed=options.seed, scale=options.scale)
    trees.warm(tree)
    rows: list[tuple[str, ...]] = [_HEAD]
    failures: dict[str, str] = {}
    record: dict[str, object] = {"corpus": asdict(corpus)}
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.work) as work:
        for contender in contenders:
            looked = Look(contender, tree, Path(work) / contender.name)
            try:
                looked.run()
            except StepError as error:
                failures[contender.name] = str(error)
            rows += [_row(contender.name, step, result) for step, result in looked.measured.items()]
            record[contender.name] = {step: asdict(result) for step, result in looked.measured.items()}
    print("\n".join(["", f"{name}: {corpus.files:,} files, {corpus.bytes / 1e6:.1f} MB", *aligned(rows)]))
    for contender_name, failure in failures.items():
        print(f"{contender_name} FAILED: {failure}", flush=True)
    return {**record, "failures": failures}, bool(failures)


def _row(name: str, step: str, result: Measured) -> tuple[str, ...]:
    peak = f"{result.peak_bytes / 1e6:.1f}"
    return (name, step, peak, f"{result.cpu_seconds:.2f}", f"{result.wall_seconds:.2f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description="Measure memory of process trees.")
    parser.add_argument("names", nargs="*", metavar="CORPUS", help=f"of {', '.join(_NAMES)}; both when none is named")
    parser.add_argument("--only", metavar="NAME,...", help=f"measure these contenders ({OWN.name},{SEVEN_ZIP.name})")
    parser.add_argument("--scale", type=float, default=1.0, metavar="F", help="part of the full corpora, for a trial")
    parser.add_argument("--seed", type=int, default=corpora.SEED)
    parser.add_argument("--corpora", type=Path, default=Path(tempfile.gettempdir(), "corpora"), metavar="DIR")
    parser.add_argument("--work", type=Path, metavar="DIR", help="where to write archives and extracted trees")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every measurement there")
    options = parser.parse_args()
    if unknown := set(options.names) - set(_NAMES):
        parser.error(f"no such corpus: {', '.join(sorted(unknown))}")
    return options


def main() -> int:
    """Measure and print."""
    options = _options()
    print("{cores} cores, load {load}, Python {python}, {system}".format(**machine()), flush=True)
    try:
        contenders = chosen(options.only, among=(OWN, SEVEN_ZIP))
    except MissingError as error:
        print(error, file=sys.stderr)
        return 2
    looks = {name: look(name, contenders, options) for name in options.names or _NAMES}
    if options.json is not None:
        record = {"machine": machine(), "corpora": {name: found for name, (found, _) in looks.items()}}
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    return 1 if any(failed for _, failed in looks.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
