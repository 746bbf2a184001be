"""What thirty days of a tree that lives cost each program that backs it up, and which days come back after a loss.

    python -m benchmarks.chains [--days N] [--scale F] [--only NAME,...] [--work DIR] [--json FILE]

Every day the tree lives on (tests/kit/living.py), and each contender backs it up, by turns. Printed are the bytes that
are stored in the end, those of a usual day (the median), and CPU seconds of all runs; then how many of the days come
back exactly (names, kinds, modes, contents and what links lead to), and how many of all files of all days do: as it is,
after all is lost that the run of the day in the middle added, after one bad sector in the largest file that each run
added, and after the catalogue or caches are deleted. What complains is mended as its handbook says, and tried again.
Exit status 1 when a requirement is missed or a contender fails.
"""

import argparse
import json
import random
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from kit.living import LivingTree
from kit.manifest import Facts, Manifest, manifest

from benchmarks.chain_makers import (
    DAR,
    DAR_DELTA,
    OWN,
    OWN_BARE,
    OWN_BARE_DELTA,
    OWN_DELTA,
    PEERS,
    Maker,
    Place,
    chosen,
)
from benchmarks.contenders import MissingError, Step
from benchmarks.measure import measure
from benchmarks.speed import machine
from benchmarks.tables import aligned

_SECTOR: Final = 2048
_FILES, _LARGE_BYTES, _STEPS = 200, 6_000_000, 20
# A program that stands still over damage, or goes round in circles, has given nothing back.
_WITHIN: Final = ("timeout", "60", "prlimit", "--cpu=10")
HARMS: Final = ("none", "lost", "sectors", "cache")


@dataclass
class Kept:
    """What a contender has stored, and what came back of it: by harm the days, and the files of all days in per cent.

    `added` are the files that each day's run added to the store.
    """

    name: str
    cpu_seconds: float = 0.0
    total_bytes: int = 0
    day_bytes: list[int] = field(default_factory=list)
    added: list[list[str]] = field(default_factory=list)
    days: dict[str, int] = field(default_factory=dict)
    files: dict[str, float] = field(default_factory=dict)
    restore_seconds: float = 0.0
    failures: list[str] = field(default_factory=list)


def _judged(facts: Facts) -> tuple[object, ...]:
    """What has to be right of an entry: times are kept to different exactness."""
    is_link = facts.kind == "symlink"
    return facts.kind, is_link or facts.mode, facts.content, facts.size, facts.target


def _right(wanted: Manifest, found: Manifest) -> tuple[bool, int]:
    """Whether a tree is that of the day, and how many of its files are right."""
    same = sum(path in found and _judged(found[path]) == _judged(facts) for path, facts in wanted.items() if path)
    return same == len(wanted) - 1 == len(found) - 1, same


def _stored(store: Path) -> dict[str, int]:
    return {str(path.relative_to(store)): path.stat().st_size for path in sorted(store.rglob("*")) if path.is_file()}


def _take(steps: Sequence[Step], kept: Kept) -> bool:
    """Go through steps, and return whether none complained."""
    is_well = True
    for step in steps:
        measured = measure((*_WITHIN, *step.command), cwd=step.cwd, sample_seconds=0)
        kept.cpu_seconds += measured.cpu_seconds
        if measured.status:
            is_well = False
            kept.failures.append(
                f"{' '.join(step.command)[-150:]}: status {measured.status}: {measured.complaint[-300:]}"
            )
    return is_well


def live(room: Path, makers: Sequence[Maker], days: int, scale: float) -> tuple[list[Manifest], list[Kept]]:
    """Have the tree live, and everybody back it up every day."""
    tree = LivingTree(
        room / "tree", 2026, files=int(_FILES * scale), large_bytes=int(_LARGE_BYTES * scale), is_text=True
    )
    found, known = [Kept(maker.name) for maker in makers], []
    places = [_place(room, maker) for maker in makers]
    for maker, place, kept in zip(makers, places, found, strict=True):
        place.store.mkdir(parents=True)
        place.aside.mkdir()
        _take(maker.start(place), kept)
    for day in range(days):
        known.append(manifest(tree.top))
        for maker, place, kept in zip(makers, places, found, strict=True):
            before = _stored(place.store)
            _take(maker.save(place, day), kept)
            after = _stored(place.store)
            kept.added.append([name for name in after if name not in before])
            kept.day_bytes.append(sum(after.values()) - sum(before.values()))
            kept.total_bytes = sum(after.values())
        print(f"day {day + 1} of {days}", file=sys.stderr, flush=True)
        tree.live(_STEPS)
    return known, found


def _place(room: Path, maker: Maker) -> Place:
    return Place(room / "tree", room / maker.name / "store", room / maker.name / "aside")


def hurt(harm: str, maker: Maker, place: Place, kept: Kept) -> None:
    """Do harm to what is stored."""
    if harm == "lost":
        for name in kept.added[len(kept.added) // 2]:
            (place.store / name).unlink(missing_ok=True)  # a later run may have replaced it
    elif harm == "sectors":
        chance = random.Random(harm)
        for names in kept.added:
            left = [path for name in names if (path := place.store / name).exists()]
            if left:
                _spoil(max(left, key=lambda path: path.stat().st_size), chance)
    elif harm == "cache":
        for path in maker.caches(place):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _spoil(path: Path, chance: random.Random) -> None:
    size = path.stat().st_size
    at = chance.randrange(max(1, -(-size // _SECTOR))) * _SECTOR
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(at)
        file.write(bytes(min(_SECTOR, size - at)))


def ask(room: Path, maker: Maker, kept: Kept, known: Sequence[Manifest], harm: str) -> None:
    """Do harm, and ask for every day: first as it is, and where anything complained after mending."""
    whole, spare = _place(room, maker), room / "whole"
    if harm == "cache" and not maker.caches(whole):
        kept.days[harm], kept.files[harm] = kept.days["none"], kept.files["none"]
        return
    (room / maker.name).rename(spare)
    shutil.copytree(spare, room / maker.name, symlinks=True)
    try:
        hurt(harm, maker, whole, kept)
        spent = Kept(maker.name)
        best = _all_days(room, maker, whole, known, spent)
        if spent.failures and (steps := maker.mend(whole)):
            _take(steps, spent)
            again = _all_days(room, maker, whole, known, spent)
            best = [max(pair) for pair in zip(best, again, strict=True)]
        kept.days[harm] = sum(is_right for is_right, _ in best)
        kept.files[harm] = 100 * sum(files for _, files in best) / sum(len(day) - 1 for day in known)
        if harm == "none":
            kept.restore_seconds, kept.failures = spent.cpu_seconds, [*kept.failures, *spent.failures]
    finally:
        shutil.rmtree(room / maker.name)
        spare.rename(room / maker.name)


def _all_days(room: Path, maker: Maker, place: Place, known: Sequence[Manifest], spent: Kept) -> list[tuple[bool, int]]:
    found = []
    for day, wanted in enumerate(known):
        with tempfile.TemporaryDirectory(dir=room) as name:
            _take(maker.restore(place, day, Path(name)), spent)
            top = Path(name, maker.within)
            found.append(_right(wanted, manifest(top)) if top.is_dir() else (False, 0))
    return found


def judge(found: Mapping[str, Kept], days: int) -> Iterator[tuple[str, str]]:
    """A verdict on each requirement: PASS, MISS, or NOT RUN where `--only` left somebody out."""
    for own, peer in ((OWN_BARE, DAR), (OWN_BARE_DELTA, DAR_DELTA), (OWN, DAR), (OWN_DELTA, DAR_DELTA)):
        told = f"{own.name} stores no more than {peer.name}"
        if own.name not in found or peer.name not in found:
            yield "NOT RUN", told
            continue
        ours, theirs = found[own.name].total_bytes, found[peer.name].total_bytes
        yield (
            "PASS" if ours <= theirs else "MISS",
            f"{told}: {ours / 1e6:.2f} MB, {theirs / 1e6:.2f}: {ours / theirs:.3f}",
        )
    for own in (OWN, OWN_DELTA):
        for harm in HARMS:
            peers = {maker.name: found[maker.name].days[harm] for maker in PEERS if maker.name in found}
            told = f"{own.name} gives back more days than any other, or all, harm {harm}"
            if own.name not in found or not peers:
                yield "NOT RUN", told
                continue
            ours, best = found[own.name].days[harm], max(peers.values())
            yield "PASS" if ours == days or ours > best else "MISS", f"{told}: {ours} of {days}, the best other {best}"


def _rows(found: Sequence[Kept]) -> Iterator[tuple[str, ...]]:
    yield ("", "MB", "MB a day", "CPU s", "restore, CPU s", *(f"days: {harm}" for harm in HARMS), *HARMS[1:])
    for kept in found:
        day = statistics.median(kept.day_bytes[1:])
        sizes = f"{kept.total_bytes / 1e6:.2f}", f"{day / 1e6:.3f}"
        seconds = f"{kept.cpu_seconds:.1f}", f"{kept.restore_seconds:.1f}"
        days = (str(kept.days.get(harm, "-")) for harm in HARMS)
        files = (f"{kept.files[harm]:.1f} %" if harm in kept.files else "-" for harm in HARMS[1:])
        yield (kept.name, *sizes, *seconds, *days, *files)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and return the exit status."""
    options = _options(arguments)
    try:
        makers = chosen(options.only)
    except MissingError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(machine()))
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        room = Path(name)
        known, found = live(room, makers, options.days, options.scale)
        for maker, kept in zip(makers, found, strict=True):
            for harm in HARMS[:1] if maker in (OWN_BARE, OWN_BARE_DELTA) else HARMS:
                ask(room, maker, kept, known, harm)
            print(f"{maker.name}: {kept.days}", file=sys.stderr, flush=True)
    print("\n".join(aligned([*_rows(found)])))
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(kept) for kept in found]))
    failures = [f"FAIL {kept.name}: {failure}" for kept in found for failure in kept.failures]
    verdicts = [*judge({kept.name: kept for kept in found}, options.days)]
    print("\n".join([*failures, *(f"{outcome} {told}" for outcome, told in verdicts)]))
    # What was told of damage is no failure: those of the undamaged store are.
    return int(bool(failures) or any(outcome == "MISS" for outcome, _ in verdicts))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chains", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--scale", type=float, default=1.0, help="of the tree (default: 1, 19 MB)")
    parser.add_argument("--only", metavar="NAME,...", help="these contenders")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()), help="where files are made")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
