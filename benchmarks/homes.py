"""Homes of four kinds, three years each, planned file by file: what a report of them must show is known beforehand.

A home is made of sessions (what a person did), of what came in bulk, and of streams (what arrives by itself). It is a
table of paths, times and sizes, made from a seed; nothing is written to a disk.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from pyactivity.model import NO_PARENT, Files, Scan

SECOND_NS = 10**9
HOUR_NS = 3_600 * SECOND_NS
DAY_NS = 24 * HOUR_NS
NOW_NS = 1_795_629_600 * SECOND_NS  # 2026-11-25 18:00 UTC
_DAYS = 3 * 365


@dataclass
class Home:
    """Rows of (path below the home, time in nanoseconds, size in bytes), and which of them belong together.

    sessions  of each session the numbers of its rows
    streams   rows that arrive by themselves, and `bulk` those that came in bulk
    """

    chance: np.random.Generator
    rows: list[tuple[str, int, int]] = field(default_factory=list)
    sessions: list[list[int]] = field(default_factory=list)
    streams: list[int] = field(default_factory=list)
    bulk: list[int] = field(default_factory=list)

    def session(self, begin_ns: int, names: list[str], pause_s: float, size: int) -> None:
        """Files saved one after the other, with pauses around `pause_s`, and never half an hour."""
        time_ns, numbers = begin_ns, []
        for name in names:
            numbers.append(self._put(name, time_ns, size))
            time_ns += int(min(self.chance.exponential(pause_s), 1500) * SECOND_NS) + 987_654_321
        self.sessions.append(numbers)

    def arrive(self, directory: str, a_day: float, name: Callable[[int], str], size: int, weekend: float = 1.0) -> None:
        """Files that come by themselves over all three years."""
        time_ns, number = float(NOW_NS - _DAYS * DAY_NS), 0
        while True:
            rate = a_day * (weekend if int(time_ns // DAY_NS + 3) % 7 >= 5 else 1.0)
            time_ns += float(self.chance.exponential(1 / rate)) * DAY_NS
            if time_ns >= NOW_NS:
                return
            self.streams.append(self._put(f"{directory}/{name(number)}", int(time_ns), size))
            number += 1

    def install(self, directory: str, begin_ns: int, files: int) -> None:
        """A package, two thousand files a second."""
        for number in range(files):
            name = f"{directory}/p{number % 40}/f{number}.js"
            self.bulk.append(self._put(name, begin_ns + number * SECOND_NS // 2000, 4_000))

    def _put(self, name: str, time_ns: int, size: int) -> int:
        self.rows.append((name, time_ns, int(size * self.chance.lognormal(0, 0.5))))
        return len(self.rows) - 1

    def begins(self, number: int) -> Iterator[int]:
        """When sessions begin, oldest first: in the evening or by day, on so many different days."""
        days = np.sort(self.chance.choice(np.arange(3, _DAYS), number, replace=False))[::-1]
        for day in days.tolist():
            yield NOW_NS - day * DAY_NS - int(self.chance.uniform(0, 8) * HOUR_NS)

    def scan(self, root: bytes = b"/home/anna") -> Scan:
        """The home as a scan finds it; row i is file i."""
        return Scan(_files(self.rows, root), ())


def photographer(seed: int) -> Home:
    """Cards read in, hundreds of photos at once, and edited on other days; a catalogue that is backed up every week."""
    home = Home(np.random.default_rng([seed, 1]))
    for number, begin_ns in enumerate(home.begins(140)):
        event = f"Photos/shoot{number // 2}"
        if number % 2:
            names = [f"{event}/edit/IMG_{n:04}.tif" for n in range(int(home.chance.integers(6, 30)))]
            home.session(begin_ns, names, 300, 60_000_000)
        else:
            names = [f"{event}/IMG_{n:04}.NEF" for n in range(int(home.chance.integers(60, 250)))]
            home.session(begin_ns, names, 4, 24_000_000)
    home.arrive("Mail/cur", 8, lambda n: f"{1_700_000_000 + n}.M{n}.host:2,S", 30_000)
    home.arrive("Catalogue/backups", 1 / 4, lambda n: f"catalogue-{n}.zip", 90_000_000)
    home.install("Apps/raw-tool", NOW_NS - 200 * DAY_NS, 3_000)
    return home


def developer(seed: int) -> Home:
    """Sources in many projects, each with its packages, installed while it is worked on, and its history; logs."""
    home = Home(np.random.default_rng([seed, 2]))
    for number, begin_ns in enumerate(home.begins(260)):
        project, parts = f"src/project{number // 9}", ("core", "cli", "tests")
        files = int(home.chance.integers(4, 25))
        names = [f"{project}/{parts[n % 3]}/s{number}m{n}.py" for n in range(files)]
        names += [f"{project}/.git/objects/{n * 37 % 256:02x}/{number:06x}{n:032x}" for n in range(files // 2)]
        home.session(begin_ns, names, 240, 6_000)
        if number % 9 == 0:
            home.install(f"{project}/node_modules", begin_ns + 60 * SECOND_NS, 1_200)
    home.arrive("Mail/cur", 25, lambda n: f"{1_700_000_000 + n}.M{n}.host:2,RS", 20_000, weekend=0.2)
    home.arrive("logs", 2, lambda n: f"service.{n}.log", 400_000)
    return home


def office(seed: int) -> Home:
    """Letters, sheets and scans in a folder for each matter; mail on weekdays, faxes in a directory for each month."""
    home = Home(np.random.default_rng([seed, 3]))
    for number, begin_ns in enumerate(home.begins(240)):
        matter = f"Documents/matter{number // 6}"
        kinds = ("letter{}.odt", "sheet{}.ods", "scan{}.pdf")
        names = [f"{matter}/{kinds[n % 3].format(f'{number}-{n}')}" for n in range(int(home.chance.integers(4, 16)))]
        home.session(begin_ns, names, 400, 300_000)
    home.arrive("Mail/Inbox/cur", 14, lambda n: f"{1_700_000_000 + n}.M{n}.host:2,S", 45_000, weekend=0.1)
    home.arrive("Mail/Sent/cur", 4, lambda n: f"{1_700_000_000 + n}.M{n}.host:2,S", 45_000, weekend=0.1)
    home.arrive("Fax", 0.4, lambda n: f"{2024 + n // 150}/{1 + n // 13 % 12:02}/fax{n}.pdf", 80_000)
    home.install("Programs/suite", NOW_NS - 400 * DAY_NS, 2_500)
    return home


def collector(seed: int) -> Home:
    """Albums read in, some at an evening; podcasts fetched every day into the directory of what is fetched by hand."""
    home = Home(np.random.default_rng([seed, 4]))
    for number, begin_ns in enumerate(home.begins(170)):
        if number % 3:
            tracks = range(int(home.chance.integers(20, 60)))
            names = [f"Music/artist{number % 60}/album{number}-{n // 12}/{n % 12:02} track.flac" for n in tracks]
            home.session(begin_ns, names, 45, 30_000_000)
        else:
            names = [f"Downloads/fetched{number}-{n}.zip" for n in range(int(home.chance.integers(4, 12)))]
            home.session(begin_ns, names, 200, 5_000_000)
    home.arrive("Downloads", 1, lambda n: f"episode-{n}.mp3", 40_000_000)
    home.arrive("Mail/cur", 10, lambda n: f"{1_700_000_000 + n}.M{n}.host:2,S", 30_000)
    home.install("Games/quest", NOW_NS - 90 * DAY_NS, 4_000)
    return home


KINDS: dict[str, Callable[[int], Home]] = {
    "photographer": photographer,
    "developer": developer,
    "office": office,
    "collector": collector,
}


def _files(rows: list[tuple[str, int, int]], root: bytes) -> Files:
    """The rows as columns, in their own order."""
    numbers, parents, paths = {"": 0}, [NO_PARENT], [root]

    def directory(path: str) -> int:
        if path not in numbers:
            above = directory(os.path.dirname(path))
            numbers[path] = len(paths)
            parents.append(above)
            paths.append(root + b"/" + path.encode())
        return numbers[path]

    places = [directory(os.path.dirname(name)) for name, _, _ in rows]
    names = [os.path.basename(name).encode() for name, _, _ in rows]
    return Files(
        mtime_ns=np.array([time_ns for _, time_ns, _ in rows], np.int64),
        size_bytes=np.array([size for _, _, size in rows], np.int64),
        directory=np.array(places, np.int32),
        names=b"".join(names),
        name_ends=np.cumsum([len(name) for name in names], dtype=np.int64),
        directories=tuple(paths),
        parents=np.array(parents, np.int32),
    )
