"""Seconds and bytes of pybackup and its peers on the same corpora in the same run, against what is required.

`python -m benchmarks.speed [small] [mixed] [large] [many] [--runs N] [--only NAME,...] [--scale F] [--json FILE]`
exits 0 when every requirement passed, 1 when one was missed or a contender failed, 2 when one is not installed.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import corpora
from benchmarks.contenders import OWN, OWN_FAST, PEERS, SEVEN_ZIP, MissingError, chosen
from benchmarks.corpora import Corpus
from benchmarks.judge import Verdict, judge
from benchmarks.race import FEW_FILES, Result, Track, race
from benchmarks.tables import aligned

Results = Mapping[str, Result]

_NAMES = ("small", "mixed", "large", "many")
_MEASURES = ("create", "extract", "size")
_SLOW_FILE_US = 200.0
_HEAD = ("", "create s", "CPU s", "extract s", "CPU s", "MB", "B/file above 7z", "create/7z", "extract/7z", "size/7z")


def table(corpus: Corpus, results: Results) -> list[str]:
    """Every contender's medians, and their ratios to 7z's; "-" where there is nothing to tell."""
    base = results.get(SEVEN_ZIP.name)
    base = None if base is None or base.failure else base
    rows = [_HEAD, *(_row(name, result, base, corpus.files) for name, result in results.items())]
    return aligned(rows)


def ratios(results: Results) -> list[str]:
    """pybackup's figures divided by each peer's: create, extract, size."""
    sound = {name: result for name, result in results.items() if not result.failure}
    own = [contender.name for contender in (OWN, OWN_FAST) if contender.name in sound]
    peers = [peer.name for peer in PEERS if peer.name in sound]
    if not own or not peers:
        return []
    head = ("divided by", *(f"{name} {measure}" for name in own for measure in _MEASURES))
    rows = [head]
    for peer in peers:
        cells = (
            f"{sound[name].value(measure) / sound[peer].value(measure):.2f}" for name in own for measure in _MEASURES
        )
        rows.append((peer, *cells))
    return ["", *aligned(rows)]


def warning(corpus: Corpus, results: Results) -> list[str]:
    """That files were made so slowly that the seconds of extracting tell of the file system, not of the programs."""
    slowest_us = max((one for result in results.values() for one in result.file_us), default=0.0)
    if slowest_us < _SLOW_FILE_US or corpus.files < FEW_FILES:
        return []
    return [
        "",
        f"WARNING: making a file took up to {slowest_us:.0f} us, so do not trust the seconds of extracting: were many",
        "files deleted here within the last minutes (see README.md)? Wait, or give --work another file system.",
    ]


def _row(name: str, result: Result, base: Result | None, files: int) -> tuple[str, ...]:
    if result.failure:
        return (name, f"FAILED: {result.failure}")
    cells = [
        name,
        f"{result.value('create'):.2f}",
        f"{result.cpu_seconds('create'):.2f}",
        f"{result.value('extract'):.2f}",
        f"{result.cpu_seconds('extract'):.2f}",
        f"{result.archive_bytes / 1e6:.2f}",
    ]
    if base is None:
        return (*cells, "-", "-", "-", "-")
    above = (result.archive_bytes - base.archive_bytes) / files
    quotients = (f"{result.value(measure) / base.value(measure):.2f}" for measure in _MEASURES)
    return (*cells, f"{above:+,.0f}", *quotients)


def compare(names: Sequence[str], options: argparse.Namespace) -> tuple[dict[str, object], list[Verdict], bool]:
    """Race on every corpus named and print its tables: the record, the verdicts, and whether a contender failed.

    Raises MissingError when a contender is not installed.
    """
    contenders = chosen(options.only)
    record: dict[str, object] = {}
    verdicts: list[Verdict] = []
    failed = False
    for name in names:
        tree, corpus = corpora.kept(name, options.corpora, seed=options.seed, scale=options.scale)
        with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.work) as work:
            results = race(Track(tree, Path(work)), contenders, options.runs, _tell)
        title = f"{name}: {corpus.files:,} files, {corpus.bytes / 1e6:.1f} MB, median of {options.runs}"
        print("\n".join(["", title, *table(corpus, results), *ratios(results), *warning(corpus, results)]), flush=True)
        judged = judge(name, corpus.files, results)
        verdicts += judged
        failed |= any(result.failure for result in results.values())
        record[name] = {
            "corpus": asdict(corpus),
            "results": {contender: asdict(result) for contender, result in results.items()},
            "verdicts": [asdict(verdict) for verdict in judged],
        }
    return record, verdicts, failed


def machine() -> dict[str, object]:
    """What the figures depend on besides the programs."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description="Race pybackup against its peers.")
    parser.add_argument("names", nargs="*", metavar="CORPUS", help=f"of {', '.join(_NAMES)}; all when none is named")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="laps of each contender (3)")
    parser.add_argument("--only", metavar="NAME,...", help="race these contenders only")
    parser.add_argument("--scale", type=float, default=1.0, metavar="F", help="part of the full corpora, for a trial")
    parser.add_argument("--seed", type=int, default=corpora.SEED)
    parser.add_argument("--cores", type=int, metavar="N", help="use this many cores only")
    parser.add_argument("--corpora", type=Path, default=Path(tempfile.gettempdir(), "corpora"), metavar="DIR")
    parser.add_argument("--work", type=Path, metavar="DIR", help="where to write archives and extracted trees")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every measurement there")
    options = parser.parse_args()
    if unknown := set(options.names) - set(_NAMES):
        parser.error(f"no such corpus: {', '.join(sorted(unknown))}")
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    return options


def main() -> int:
    """Race, print, judge."""
    options = _options()
    if options.cores is not None:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    around = machine()
    print("{cores} cores, load {load}, Python {python}, {system}".format(**around), flush=True)
    try:
        record, verdicts, failed = compare(options.names or _NAMES, options)
    except MissingError as error:
        print(error, file=sys.stderr)
        return 2
    print("" if options.scale == 1.0 else f"\nAt scale {options.scale:g} the verdicts are only a trial.")
    for verdict in verdicts:
        print(f"{verdict.outcome.upper():8}{verdict.text}")
    if options.json is not None:
        options.json.write_text(json.dumps({"machine": around, "corpora": record}, indent=1) + "\n")
    return 1 if failed or any(verdict.outcome == "MISS" for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
