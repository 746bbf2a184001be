"""A tree like somebody's home, with activities planted in it: what a report of it must show is known beforehand."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

SECOND_NS = 10**9
NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
NASTY = (
    b"<script>alert(1)</script>",
    b"\"quoted\" & 'so' <b>.txt",
    b"new\nline\ttab.txt",
    b"latin-\xe9-\xff.txt",
    "right\u202etxt.exe".encode(),
    b"back\\slash .txt",
    "\ufeffbom-ž-日本語-🙂.txt".encode(),
    b"</script><img src=x onerror=alert(1)>".replace(b"/", b"\xe2\x88\x95"),
)


@dataclass(frozen=True)
class Planted:
    """An activity: its name, its files (below the root) and their bytes."""

    name: str
    files: tuple[bytes, ...]
    size_bytes: int


def plant_home(root: Path) -> dict[str, Planted]:
    """Plant the tree; return its activities by name, newest first."""
    planted: list[Planted] = []

    def activity(
        name: str,
        names: list[bytes],
        size: Callable[[int], int],
        when: datetime,
        step: timedelta,
        *,
        by_hand: bool = True,
    ) -> None:
        total = 0
        for number, below in enumerate(names):
            path = os.path.join(os.fsencode(root), below)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.truncate(size(number))
            # Who works on a file system of today leaves nanoseconds, archives keep none.
            fraction_ns = 123_456_789 + number if by_hand else 0
            moment_ns = int((when + number * step).timestamp()) * SECOND_NS + fraction_ns
            os.utime(path, ns=(moment_ns, moment_ns))
            total += size(number)
        planted.append(Planted(name, tuple(names), total))

    minute, second, day = timedelta(minutes=1), timedelta(seconds=1), timedelta(days=1)
    thesis = [f"docs/thesis/chapter-{n}.tex".encode() for n in range(1, 9)] + [b"docs/thesis/figures/plot.pdf"]
    activity("thesis", thesis, lambda n: 40_000 + n * 1_000, NOW - 3 * timedelta(hours=1), 12 * minute)
    names = [b"misc/odd names/" + name for name in NASTY]
    activity("odd names", names, lambda n: 100 + n, NOW - 1 * day, minute)
    photos = [f"photos/2026/lake/IMG_{n:04d}.jpg".encode() for n in range(320)]
    activity("photos", photos, lambda n: 2_400_000 + n * 997, NOW - 3 * day, 4 * second)
    code = [f"src/tool/{part}/mod_{n}.py".encode() for part in ("core", "cli", "tests") for n in range(7)]
    activity("code", code, lambda n: 3_000 + n * 10, NOW - 8 * day, 7 * minute)
    archive = [f"downloads/dataset-1.2/part-{n // 100}/file-{n:04d}.csv".encode() for n in range(1500)]
    activity("archive", archive, lambda n: 9_000 + n, NOW - 20 * day, timedelta(0), by_hand=False)
    taxes = [b"docs/taxes/2025/" + name for name in (b"income.ods", b"letter.odt", b"scan-1.pdf", b"scan-2.pdf")]
    activity("taxes", taxes, lambda n: 700_000 + n, NOW - 47 * day, 9 * minute)
    package = [f".local/lib/tool/pkg_{n // 40}/unit_{n % 40}.py".encode() for n in range(800)]
    activity("install", package, lambda n: 5_000, NOW - 100 * day, timedelta(milliseconds=1), by_hand=False)
    return {one.name: one for one in planted}


def plant_years(root: Path, years: int = 4) -> None:
    """Plant many small sessions over years, always the same, so that a timeline has something to show."""
    state = 12345
    for day in range(60, 365 * years):
        state = (state * 1103515245 + 12345) % 2**31
        if (state >> 16) % 100 >= (35 if day % 7 < 5 else 12):
            continue
        for number in range(1 + (state >> 8) % 23):
            folder = ("docs/notes", "docs/letters", "src/tool/core", "photos/misc", "music/new")[(state >> 5) % 5]
            path = root / folder / f"{day:04d}-{number:02d}.dat"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.truncate(1000 + (state >> 3) % 900_000)
            moment = NOW - timedelta(days=day, hours=(state >> 9) % 9, minutes=number * 5)
            moment_ns = int(moment.timestamp()) * SECOND_NS + 987_654_321
            os.utime(path, ns=(moment_ns, moment_ns))
