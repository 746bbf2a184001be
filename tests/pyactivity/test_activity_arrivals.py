"""Streams: told from work on planted trees, and by laws that hold for any tree."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from activity_home import NOW, plant_home
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pyactivity.arrivals import find_streams, is_even, pattern_of
from pyactivity.cli import main
from pyactivity.clusters import HOUR_NS
from pyactivity.details import details
from pyactivity.model import NO_PARENT, Files, Scan
from pyactivity.render import group_lines
from pyactivity.scan import gather
from pyactivity.survey import STREAM, Survey, survey_of, take_survey

DAY_NS = 86_400 * 10**9
START_NS = 1_700_000_000 * 10**9


def tree(places: dict[str, list[int]], chance: random.Random | None = None) -> Files:
    """Files with these times in directories right below one; in another order, if that is left to chance."""
    names = list(places)
    rows = [(number + 1, time_ns) for number, name in enumerate(names) for time_ns in places[name]]
    if chance:
        # Files stay with their directories, and stand in another order in each.
        chance.shuffle(rows)
        rows.sort(key=lambda row: row[0])
    text = [b"%d" % number for number in range(len(rows))]
    return Files(
        mtime_ns=np.array([time_ns for _, time_ns in rows], np.int64),
        size_bytes=np.ones(len(rows), np.int64),
        directory=np.array([directory for directory, _ in rows], np.int32),
        names=b"".join(text),
        name_ends=np.cumsum([len(name) for name in text], dtype=np.int64),
        directories=(b"h", *(b"h/" + os.fsencode(name) for name in names)),
        parents=np.array([NO_PARENT, *[0] * len(names)], np.int32),
        ctime_ns=np.zeros(0, np.int64),
    )


def streams(files: Files) -> dict[bytes, list[int]]:
    found = find_streams(files, files.mtime_ns, np.ones(len(files), np.bool_))
    return {one.place: files.mtime_ns[one.members].tolist() for one in found}


def sessions(chance: random.Random, days: int, number: int, files: tuple[int, int]) -> Iterator[int]:
    """The times of somebody who works now and then."""
    for _ in range(number):
        at = START_NS + chance.randrange(days * DAY_NS)
        for _ in range(chance.randint(*files)):
            at += chance.randrange(1, 900 * 10**9)
            yield at


def mail(chance: random.Random, days: int, a_day: float, weekend: float = 1.0) -> Iterator[int]:
    at = float(START_NS)
    while at < START_NS + days * DAY_NS:
        rate = a_day * (weekend if int(at // DAY_NS + 3) % 7 >= 5 else 1.0)
        at += chance.expovariate(rate) * DAY_NS
        yield int(at)


@pytest.mark.parametrize("seed", range(20))
def test_what_arrives_and_what_is_worked_on(seed: int) -> None:
    chance = random.Random(seed)
    arriving = {
        "mail": list(mail(chance, 1000, 72)),
        "little mail": list(mail(chance, 400, 0.3)),
        "office mail": list(mail(chance, 700, 20, weekend=0.1)),
        "podcast": [START_NS + number * DAY_NS + chance.randrange(3_600 * 10**9) for number in range(60)],
        "weekly log": [START_NS + number * 7 * DAY_NS for number in range(52)],
        "minutes of two weeks": list(mail(chance, 15, 500)),
    }
    worked = {
        "thesis": list(sessions(chance, 200, 15, (4, 12))),
        "photos": list(sessions(chance, 700, 12, (30, 200))),
        "code": list(sessions(chance, 1000, 60, (3, 30))),
        "a month of sessions": [
            START_NS + n * 7 * DAY_NS + file * 600 * 10**9 for n in range(9) for file in range(chance.randint(4, 6))
        ],
        "one evening": list(sessions(chance, 1, 1, (100, 100))),
        "few": [START_NS + number * 9 * DAY_NS for number in range(30)],
        "now and then": [START_NS + number * 10 * DAY_NS + chance.randrange(DAY_NS) for number in range(80)],
    }
    files = tree(arriving | worked)
    assert set(streams(files)) == {b"h/" + os.fsencode(name) for name in arriving}


def test_a_planted_maildir(tmp_path: Path) -> None:
    chance = random.Random(1)
    for place, times in (("cur", mail(chance, 100, 3)), ("thesis", sessions(chance, 100, 10, (4, 10)))):
        (tmp_path / place).mkdir()
        for number, time_ns in enumerate(times):
            (tmp_path / place / str(number)).touch()
            os.utime(tmp_path / place / str(number), ns=(time_ns, time_ns))
    assert list(streams(gather([tmp_path]).files)) == [os.fsencode(tmp_path / "cur")]


def test_mail_neither_bridges_nor_shreds_what_was_worked_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a mail every twenty minutes the groups are those of the home alone; all of it is still in one place."""
    monkeypatch.setenv("TZ", "UTC0")
    home = plant_home(tmp_path)
    before = take_survey([tmp_path], radius_ns=HOUR_NS, now_ns=NOW)
    assert before.streams == ()
    for number in range(60 * 72):
        home.put(f"Mail/cur/{number}", NOW - number * 1200 * 10**9 - 5_000_000_321)
    with_mail = take_survey([tmp_path], radius_ns=HOUR_NS, now_ns=NOW, streams=False)
    survey = take_survey([tmp_path], radius_ns=HOUR_NS, now_ns=NOW)

    def groups(found: Survey) -> list[list[bytes]]:
        return [list(found.scan.files.paths(part.members)) for part in found.parts() if part.kind != STREAM]

    assert groups(survey) == groups(before) != groups(with_mail)
    (stream,) = survey.streams
    assert len(stream.members) == 60 * 72
    everything = np.concatenate([part.members for part in survey.parts()])
    assert sorted(everything.tolist()) == list(range(len(survey.scan.files)))
    (shown,) = (details(survey, part) for part in survey.parts() if part.kind == STREAM)
    (line, *_) = group_lines(shown, NOW, os.fsencode(tmp_path))
    assert line.endswith("Mail/cur (arrives by itself, about 72 a day)")
    week = take_survey([tmp_path], radius_ns=HOUR_NS, now_ns=NOW, since_ns=NOW - 7 * DAY_NS)
    assert sum(len(one.members) for one in week.streams) == 7 * 72
    assert main(["select", str(tmp_path), "--activity", "stream", "-o", "-"]) == 0
    told = capsys.readouterr()
    assert told.out.count("Mail/cur/") == 60 * 72 == told.out.count('"path"')
    assert main([str(tmp_path), "--json", "--quiet"]) == 0
    groups_told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (mail_told,) = [group for group in groups_told if group["group"] == "stream"]
    assert (mail_told["place"], mail_told["pattern"]) == ({"text": f"{tmp_path}/Mail/cur"}, None)
    assert main([str(tmp_path), "--no-streams", "--json", "--quiet"]) == 0
    assert '"stream"' not in capsys.readouterr().out


PLACES = st.lists(st.tuples(st.integers(0, 2**32), st.sampled_from(["mail", "work", "few"])), max_size=5)


def planted(seeds: list[tuple[int, str]]) -> dict[str, list[int]]:
    def times(seed: int, kind: str) -> list[int]:
        chance = random.Random(seed)
        if kind == "mail":
            return list(mail(chance, chance.randrange(20, 60), 4))
        return list(sessions(chance, 100, 2 if kind == "few" else 12, (2, 9)))

    return {f"{number} {kind}": times(seed, kind) for number, (seed, kind) in enumerate(seeds)}


@settings(deadline=None, max_examples=50)
@given(PLACES, st.integers(0, 2**32))
def test_no_file_is_of_two_streams_and_no_other_place_matters(seeds: list[tuple[int, str]], seed: int) -> None:
    places = planted(seeds)
    files = tree(places)
    found = find_streams(files, files.mtime_ns, np.ones(len(files), np.bool_))
    members = np.concatenate([np.zeros(0, np.intp), *(one.members for one in found)])
    assert len(np.unique(members)) == len(members)
    assert all(len(set(files.directory[one.members].tolist())) == 1 for one in found)
    assert all((np.diff(files.mtime_ns[one.members]) >= 0).all() for one in found)
    # Whatever else there is: each place by itself, and in any order.
    alone = [streams(tree({name: times})) for name, times in places.items()]
    together = streams(files)
    assert together == {path: times for one in alone for path, times in one.items()}
    assert streams(tree(places, random.Random(seed))) == together


def surveyed(
    rows: list[tuple[str, int, str]],
) -> tuple[set[frozenset[bytes]], set[bytes], dict[bytes, frozenset[bytes]]]:
    """The activities, what came in bulk, and the streams by their places; all as paths."""
    files = named(rows)
    survey = survey_of(Scan(files, ()), radius_ns=HOUR_NS, now_ns=START_NS + 4000 * DAY_NS)
    everything = np.concatenate([np.zeros(0, np.intp), *(part.members for part in survey.parts())])
    assert sorted(everything.tolist()) == list(range(len(files)))
    activities = {frozenset(files.paths(part.members)) for part in survey.parts() if part.kind != STREAM}
    arriving = {stream.place: frozenset(files.paths(stream.members)) for stream in survey.streams}
    return activities, set(files.paths(np.flatnonzero(survey.bulk))), arriving


def rows_of(seed: int, kind: str, place: str) -> list[tuple[str, int, str]]:
    chance = random.Random(seed)
    begin = START_NS + chance.randrange(100 * DAY_NS)
    times: Iterable[int] = mail(chance, chance.randrange(20, 60), 4)
    if kind == "work":
        times = sessions(chance, 100, 12, (2, 9))
    elif kind == "install":
        times = (begin + n * 10**6 for n in range(chance.randrange(150, 400)))
    elif kind == "package":
        times = ((begin // 10**9 + n * 9000) * 10**9 for n in range(chance.randrange(80, 200)))
    return [(place, time_ns, f"{n}") for n, time_ns in enumerate(times)]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 2**32), st.sampled_from(["mail", "work", "install", "package"])), max_size=5),
    st.integers(0, 2**32),
    st.sampled_from(["arriving", "0 in", "home/mail"]),
)
def test_a_stream_more_changes_no_other_activity_and_the_order_of_files_none(
    others: list[tuple[int, str]], seed: int, place: str
) -> None:
    # What a package is told by is what else its directory holds.
    assume(place != "0 in" or not others or others[0][1] != "package")
    # What was made here, by which a package is told from a file system without nanoseconds.
    before = rows_of(7, "work", "here") + rows_of(8, "work", "here/more") + rows_of(9, "work", "there")
    for number, (other, kind) in enumerate(others):
        before += rows_of(other, kind, f"{number} in")
    before = sorted(before)
    activities, bulk, streams_before = surveyed(before)
    arriving = [(place, time_ns, f"new{n}.eml") for n, time_ns in enumerate(mail(random.Random(seed), 90, 3))]
    everything = sorted(before + arriving)
    after, bulk_after, streams_after = surveyed(everything)
    new = {f"h/{place}/{name}".encode() for _, _, name in arriving}
    assert new <= frozenset().union(*streams_after.values())
    assert (after, bulk_after) == (activities, bulk)
    assert {path: some - new for path, some in streams_after.items() if some - new} == streams_before
    random.Random(seed).shuffle(everything)
    assert surveyed(sorted(everything, key=lambda row: row[0])) == (after, bulk_after, streams_after)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=80))
def test_any_times_can_be_asked(times: list[int]) -> None:
    assert is_even(np.sort(np.array(times, np.int64))) in (True, False)


@pytest.mark.parametrize("shift", [-(2**62), 0, 2**61])
def test_what_is_even_is_so_at_any_time(shift: int) -> None:
    times = np.arange(40, dtype=np.int64) * DAY_NS
    assert is_even(times + shift)
    assert not is_even(times[:39] + shift)
    assert not is_even(times // 4 + shift)


def named(rows: list[tuple[str, int, str]]) -> Files:
    """Files of these directories (below one), times and names."""
    places = sorted({place for place, _, _ in rows})
    text = [name.encode() for _, _, name in rows]
    return Files(
        mtime_ns=np.array([time_ns for _, time_ns, _ in rows], np.int64),
        size_bytes=np.ones(len(rows), np.int64),
        directory=np.array([places.index(place) + 1 for place, _, _ in rows], np.int32),
        names=b"".join(text),
        name_ends=np.cumsum([len(name) for name in text], dtype=np.int64),
        directories=(b"h", *(b"h/" + place.encode() for place in places)),
        parents=np.array([NO_PARENT, *(parent_of(place, places) for place in places)], np.int32),
        ctime_ns=np.zeros(0, np.int64),
    )


def parent_of(place: str, places: list[str]) -> int:
    above = place.rpartition("/")[0]
    return places.index(above) + 1 if above in places else 0


@pytest.mark.parametrize("seed", range(10))
def test_a_pattern_of_names_beside_what_is_worked_on(seed: int) -> None:
    chance = random.Random(seed)
    podcast = [("Downloads", time_ns, f"episode-{n}.mp3") for n, time_ns in enumerate(mail(chance, 300, 1))]
    fetched = [
        ("Downloads", time_ns, f"paper{n} {'abc'[n % 3]}.pdf")
        for n, time_ns in enumerate(sessions(chance, 300, 12, (2, 9)))
    ]
    files = named(podcast + fetched)
    (found,) = find_streams(files, files.mtime_ns, np.ones(len(files), np.bool_))
    assert (found.place, found.pattern) == (b"h/Downloads", b"episode-*.mp3")
    assert sorted(found.members.tolist()) == list(range(len(podcast)))


def test_directories_named_by_numbers_count_as_the_one_they_lie_in() -> None:
    chance = random.Random(3)
    places = [
        "Mail",
        *(f"Mail/{year}" for year in (2023, 2024)),
        *(f"Mail/{y}/{m:02}" for y in (2023, 2024) for m in range(1, 13)),
    ]
    arriving = list(mail(chance, 700, 2))
    rows = [(places[3 + n * 24 // len(arriving)], time_ns, f"{n}.eml") for n, time_ns in enumerate(arriving)]
    files = named([*rows, *((place, START_NS, "index") for place in places)])
    usual = np.arange(len(files)) < len(arriving)
    (found,) = find_streams(files, files.mtime_ns, usual)
    assert (found.place, found.pattern, len(found.members)) == (b"h/Mail", b"", len(arriving))


def test_what_a_version_control_keeps_is_no_stream() -> None:
    rows = [("src/.git/objects/3f", START_NS + n * DAY_NS, f"{n}") for n in range(100)]
    files = named(rows)
    assert find_streams(files, files.mtime_ns, np.ones(100, np.bool_)) == ()


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        (b"1637263.V801I2c3fM12.host:2,RS", b"*.*.host"),
        (b"episode-12.mp3", b"episode-*.mp3"),
        (b"syslog.1.gz", b"syslog.*.gz"),
        (b"IMG_0042.JPG", b"IMG_*.JPG"),
        (b"2026", b"*"),
        (b"\xff1\n", b"\xff*\n"),
        (b"thesis.tex", b"thesis.tex"),
    ],
)
def test_patterns_of_names(name: bytes, pattern: bytes) -> None:
    assert pattern_of(name) == pattern
