"""How much of its files pybackup and its peers bring back from damaged media, against what is required.

`python -m benchmarks.damage [--corpus NAME] [--only NAME,...] [--models NAME,...] [--seeds N] [--svg FILE]`
exits 0 when every requirement that was run passed, 1 when one failed, 2 when a program is not installed.
"""

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import harm, ordeal, picture, survivors
from benchmarks.contenders import MissingError
from benchmarks.harm import HarmError, Model
from benchmarks.ordeal import Ordeal, OrdealError
from benchmarks.required import Results, Suffered, judge
from benchmarks.speed import machine
from benchmarks.subjects import SUBJECTS
from benchmarks.survivors import Survivor
from benchmarks.tables import aligned

_COLUMNS = 9  # of damage in a table
_SUMMARY = ("", "MB on medium", "% of files", "% of bytes", "wrong files", "silently", "missing silently", "hung")


def endured(
    tree: Path, contenders: Sequence[Survivor], models: Sequence[Model], work: Path, options: argparse.Namespace
) -> Results:
    """What came back of every contender's media; one that fails is told and the next is run."""
    wanted = ordeal.contents(tree)
    total = sum(content.size_bytes for content in wanted.values())
    results: dict[str, Suffered] = {}
    for contender in contenders:
        start = time.perf_counter()
        trial = Ordeal(tree, work, options.timeout)
        try:
            medium_bytes, outcomes = ordeal.endure(trial, contender, models, range(options.seeds), options.jobs)
            results[contender.name] = Suffered(medium_bytes, len(wanted), total, tuple(outcomes))
        except OrdealError as error:
            results[contender.name] = Suffered(0, len(wanted), total, (), str(error))
        result = results[contender.name].failure or "done"
        _tell(f"{tree.name}: {contender.name}: {result}, {time.perf_counter() - start:.0f} s")
    return results


def table(results: Results, models: Sequence[Model], measure: str) -> list[str]:
    """The percentage of files or bytes that came back whole, contenders by damage, some columns at a time."""
    lines: list[str] = []
    for block in _blocks(models):
        rows = [("", *(model.name for model in block))]
        for name, one in results.items():
            if not one.failure:
                rows.append((name, *(shown(one.percent(model.name, measure)) for model in block)))
        lines += ["", *aligned(rows)]
    return lines


def _blocks(models: Sequence[Model]) -> list[list[Model]]:
    """Models for one table each, families together."""
    blocks: list[list[Model]] = [[]]
    for _, family in itertools.groupby(models, key=lambda model: model.family):
        members = list(family)
        if len(blocks[-1]) + len(members) > _COLUMNS:
            blocks.append([])
        blocks[-1] += members
    return blocks


def summary(results: Results) -> list[str]:
    """Over all damage: the size of the medium, the means, and what must not be."""
    rows: list[tuple[str, ...]] = [_SUMMARY]
    for name, one in results.items():
        if one.failure:
            rows.append((name, f"FAILED: {one.failure}"))
            continue
        counts = (one.wrong(), one.wrong(silent=True), one.missing_silently(), one.hung())
        rows.append((name, f"{one.medium_bytes / 1e6:.2f}", *_means(one), *(f"{count:,}" for count in counts)))
    return ["", *aligned(rows)]


def _means(one: Suffered) -> tuple[str, str]:
    """Percent of files and of bytes over all models."""
    runs = max(len(one.outcomes), 1)
    files = sum(outcome.intact for outcome in one.outcomes) / runs / one.files
    whole = sum(outcome.intact_bytes for outcome in one.outcomes) / runs / one.bytes
    return f"{files:.1%}", f"{whole:.1%}"


def shown(percent: float | None) -> str:
    """A percentage that says 100 only of everything and 0 only of nothing."""
    if percent is None:
        return "-"
    if percent in (0, 100):
        return f"{percent:.0f}"
    return f"{min(max(percent, 0.1), 99.9):.1f}" if percent < 99.9 else f"{min(percent, 99.99):.2f}"


def compare(options: argparse.Namespace) -> dict[str, Results]:
    """Damage every corpus asked for and print its tables; write the picture.

    Raises MissingError when a contender is not installed, HarmError when there is no such model.
    """
    contenders, models = survivors.chosen(options.only), harm.chosen(options.models)
    found: dict[str, Results] = {}
    titles: dict[str, str] = {}
    for name in options.corpus:
        with tempfile.TemporaryDirectory(prefix="damage-", dir=options.work) as work:
            tree = SUBJECTS[name](options.corpora, Path(work), options.scale)
            found[name] = endured(tree, contenders, models, Path(work), options)
        one = next(iter(found[name].values()))
        titles[name] = f"{name}: {one.files:,} files, {one.bytes / 1e6:.1f} MB, mean of {options.seeds}"
        tables = [
            line for measure in options.measure for line in (f"\n% of {measure}", *table(found[name], models, measure))
        ]
        print("\n".join(["", titles[name], *tables, *summary(found[name])]), flush=True)
    if options.svg is not None:
        options.svg.write_text(picture.drawn(found, titles, models, options.measure[0]))
    return found


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.damage", description="Damage media and restore them.")
    parser.add_argument("--corpus", metavar="NAME,...", default=",".join(SUBJECTS), help="of these: %(default)s")
    parser.add_argument("--only", metavar="NAME,...", help="these contenders only")
    parser.add_argument("--models", metavar="NAME,...", help="this damage only, by model or family")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="runs of each model (3)")
    parser.add_argument(
        "--measure",
        default="files",
        choices=("files", "bytes", "right", "files,bytes", "files,bytes,right"),
        help="(%(default)s) right: bytes in their places, of files in part as well",
    )
    parser.add_argument("--scale", type=float, default=1.0, metavar="F", help="part of the full corpora, for a trial")
    parser.add_argument(
        "--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N", help="runs at a time (%(default)s)"
    )
    parser.add_argument(
        "--timeout", type=float, default=600.0, metavar="SECONDS", help="then a step hangs (%(default)s)"
    )
    parser.add_argument("--corpora", type=Path, default=Path(tempfile.gettempdir(), "corpora"), metavar="DIR")
    parser.add_argument("--work", type=Path, metavar="DIR", help="where to write media and restored trees")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every outcome there")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="also draw what came back there")
    options = parser.parse_args()
    options.corpus, options.measure = options.corpus.split(","), options.measure.split(",")
    if unknown := set(options.corpus) - set(SUBJECTS):
        parser.error(f"no such corpus: {', '.join(sorted(unknown))}")
    if options.seeds < 1 or options.jobs < 1:
        parser.error("--seeds and --jobs must be at least 1")
    return options


def main() -> int:
    """Damage, print, judge."""
    options = _options()
    around = machine()
    try:
        found = compare(options)
    except (MissingError, HarmError) as error:
        print(error, file=sys.stderr)
        return 2
    verdicts = judge(found, trial=options.scale != 1.0)
    print("" if options.scale == 1.0 else f"\nAt scale {options.scale:g} the verdicts are only a trial.")
    for verdict in verdicts:
        print(f"{verdict.outcome:8}{verdict.text}")
    if options.json is not None:
        corpora = {name: {who: asdict(one) for who, one in results.items()} for name, results in found.items()}
        record = {"machine": around, "corpora": corpora, "verdicts": [asdict(verdict) for verdict in verdicts]}
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    failed = any(one.failure for results in found.values() for one in results.values())
    return 1 if failed or any(verdict.outcome == "FAIL" for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
