"""Rebuilding lost volumes: byte for byte, and never with wrong bytes where too many are lost."""

from __future__ import annotations

import itertools
import os
import random
from pathlib import Path

import pytest
from kit.damage import overwritten
from kit.sets import create
from kit.small_sets import NAME, SmallSet, contents, rebuilt, sectors, small_set
from kit.trees import plant_noise

import pybackup
from pybackup.archive.find import find_volumes
from pybackup.archive.volume_set import gather
from pybackup.disc.build import perform_build
from pybackup.disc.plan_build import BuildOptions, plan_build
from pybackup.errors import Damaged, UsageError
from pybackup.make.add_recovery import RecoveryOptions, add_recovery
from pybackup.make.rebuilt import Outcome
from pybackup.monitor import Monitor


def outcomes(given: SmallSet, lost: tuple[str, ...], room: Path) -> dict[str, Outcome]:
    done = rebuilt(given.write(room / "given", dict.fromkeys(lost)), room / "to")
    return {os.fsdecode(volume.info.file_name): volume.outcome for volume in done.volumes}


def test_the_set_is_one_of_different_sizes() -> None:
    whole = small_set()
    assert len(whole.data) == 4
    assert len(whole.recovery) == 2
    assert len({len(whole.volumes[name]) for name in whole.data}) > 2


PATTERNS = [
    pattern
    for count in (1, 2)
    for pattern in itertools.combinations(small_set().volumes, count)
    if not set(small_set().recovery) <= set(pattern)
]


@pytest.mark.parametrize("lost", PATTERNS, ids="+".join)
def test_any_as_many_as_there_are_recovery_volumes_come_back(lost: tuple[str, ...], room: Path) -> None:
    whole = small_set()
    found = outcomes(whole, lost, room)
    assert found == {name: Outcome.REBUILT if name in lost else Outcome.WHOLE for name in whole.volumes}
    assert contents(room / "to") == {name: whole.volumes[name] for name in lost}


@pytest.mark.parametrize("lost", [*itertools.combinations(small_set().data, 3), tuple(small_set().data)], ids="+".join)
def test_one_more_gives_nothing_and_says_what_would_help(lost: tuple[str, ...], room: Path) -> None:
    whole = small_set()
    done = rebuilt(whole.write(room / "given", dict.fromkeys(lost)), room / "to")
    assert not done.complete
    assert {os.fsdecode(volume.info.file_name) for volume in done.volumes if volume.outcome is Outcome.BEYOND} == set(
        lost
    )
    assert done.needed == len(lost) - 2
    assert [os.fsdecode(info.file_name) for info in done.helpful] == list(lost)
    assert contents(room / "to") == {}


def test_lost_recovery_volumes_count_too(room: Path) -> None:
    whole = small_set()
    lost = (whole.data[0], whole.data[2], whole.recovery[0])
    done = rebuilt(whole.write(room / "given", dict.fromkeys(lost)), room / "to")
    assert done.needed == 1
    assert [info.label for info in done.helpful] == [f"{NAME} 1", f"{NAME} 3", f"{NAME} R1"]
    assert contents(room / "to") == {}


def test_without_any_recovery_volume_nothing_is_missed_where_all_are_whole(room: Path) -> None:
    whole = small_set()
    monitor = Monitor()
    done = rebuilt(whole.write(room / "given", dict.fromkeys(whole.recovery)), room / "to", monitor=monitor)
    assert done.complete
    assert not (room / "to").exists()
    assert monitor.problems == []


def test_without_any_recovery_volume_own_parity_and_copies_mend(room: Path) -> None:
    """Regression: this was refused, though `repair` of each volume would have worked."""
    whole = small_set()
    first, second, *_ = whole.data
    hurt = overwritten(whole.volumes[first], range(4))
    # The damage is beyond the volume's parity, but another copy has the lost sectors.
    half = sectors(whole.volumes[second]) // 2
    copies = {
        "a.xtar": overwritten(whole.volumes[second], range(half)),
        "b.xtar": overwritten(whole.volumes[second], range(half, 2 * half)),
    }
    changed = {**dict.fromkeys(whole.recovery), first: hurt, second: None, **copies}
    done = rebuilt(whole.write(room / "given", changed), room / "to")
    assert done.complete
    assert {one.info.number for one in done.volumes if one.outcome is Outcome.REBUILT} == {1, 2}
    assert contents(room / "to") == {name: whole.volumes[name] for name in (first, second)}


def test_without_any_recovery_volume_what_is_beyond_is_told(room: Path) -> None:
    whole = small_set()
    first, second, third, last = whole.data
    hurt = overwritten(whole.volumes[first], range(4, sectors(whole.volumes[first]) // 2))
    given = whole.write(room / "given", {**dict.fromkeys(whole.recovery), first: hurt, second: None})
    monitor = Monitor()
    done = rebuilt(given, room / "to", monitor=monitor)
    assert not done.complete
    assert [one.outcome for one in done.volumes] == [Outcome.BEYOND, Outcome.BEYOND, Outcome.WHOLE, Outcome.WHOLE]
    assert [problem.reason for problem in monitor.problems] == [
        "docs: no recovery volume was given, or too little is left of it; with one, lost volumes could be restored"
    ]
    assert contents(room / "to") == {}
    # It also says what is not known.
    given = whole.write(room / "some", {**dict.fromkeys(whole.recovery), third: None, last: None})
    monitor = Monitor()
    assert rebuilt(given, room / "to", monitor=monitor).complete
    assert [problem.reason for problem in monitor.problems] == ["docs: whether any volume follows docs 2 is not known"]


def test_without_any_recovery_volume_images_are_undressed_and_mended(room: Path) -> None:
    whole = small_set()
    given = whole.write(room / "given", dict.fromkeys(whole.recovery))
    name = whole.data[-1]
    options = BuildOptions(medium_bytes=2_000_000)
    (room / "discs").mkdir()
    plan = plan_build(os.fsencode(given / name), os.fsencode(room / "discs"), options)
    image = Path(os.fsdecode(perform_build(plan, Monitor()).path))
    (given / name).unlink()
    image.write_bytes(bytes(65_536) + image.read_bytes()[65_536:])
    assert rebuilt([given, image], room / "to").complete
    assert contents(room / "to") == {name: whole.volumes[name]}


@pytest.mark.parametrize("parity", ["none", "fill", "8K"])
def test_however_they_are_dressed(parity: str, room: Path) -> None:
    whole = small_set(parity=parity)
    lost = (whole.data[1], whole.recovery[1])
    assert set(outcomes(whole, lost, room).values()) == {Outcome.REBUILT, Outcome.WHOLE}
    assert contents(room / "to") == {name: whole.volumes[name] for name in lost}


@pytest.mark.parametrize("count", [1, 3])
def test_a_single_volume(count: int, room: Path) -> None:
    whole = small_set((2_000_000,), count)
    assert len(whole.data) == 1
    for kept in whole.recovery:
        lost = [name for name in whole.volumes if name != kept]
        given = whole.write(room / f"given {kept}", dict.fromkeys(lost))
        assert rebuilt(given, room / f"to {kept}").complete
        assert contents(room / f"to {kept}") == {name: whole.volumes[name] for name in lost}


def test_more_recovery_volumes_than_volumes(room: Path) -> None:
    whole = small_set((300_000, 250_000), 4)
    assert len(whole.data) == 2 < len(whole.recovery)
    for pattern in itertools.combinations(whole.volumes, 4):
        if any(name in whole.recovery for name in whole.volumes if name not in pattern):
            given, to = room / f"given {'+'.join(pattern)}", room / f"to {'+'.join(pattern)}"
            assert rebuilt(whole.write(given, dict.fromkeys(pattern)), to).complete
            assert contents(to) == {name: whole.volumes[name] for name in pattern}


def test_nothing_is_written_where_nothing_is_lost(room: Path) -> None:
    done = rebuilt(small_set().write(room / "given"), room / "to")
    assert {volume.outcome for volume in done.volumes} == {Outcome.WHOLE}
    assert not (room / "to").exists()


def test_recovery_volumes_are_added_later_and_mixed(room: Path) -> None:
    """The third recovery volume is as if made from the start, except for the group recorded in it."""
    whole = small_set()
    given = whole.write(room / "given")
    added = add_recovery([os.fsencode(given)], RecoveryOptions(2, os.fsencode(room / "more")), monitor=Monitor())
    assert [os.fsdecode(os.path.basename(made.path)) for made in added.made] == ["docs-R03.xtar", "docs-R04.xtar"]
    assert contents(given) == dict(whole.volumes)
    more = contents(room / "more")
    everything = SmallSet({**whole.volumes, **more})
    for lost in itertools.combinations(whole.data, 3):
        for gone in (whole.recovery[0], *more):
            name = "+".join((*lost, gone))
            there = everything.write(room / name, dict.fromkeys((*lost, gone)))
            assert rebuilt(there, room / f"to {name}").complete
            assert contents(room / f"to {name}") == {one: everything.volumes[one] for one in (*lost, gone)}


def test_recovery_volumes_are_the_same_however_many(room: Path) -> None:
    """Besides shard and own parity, they differ only in the header of the shard."""
    whole = small_set()
    given = whole.write(room / "given", dict.fromkeys(whole.recovery))
    add_recovery([os.fsencode(given)], RecoveryOptions(1, os.fsencode(room / "one")), monitor=Monitor())
    add_recovery([os.fsencode(given)], RecoveryOptions(2, os.fsencode(room / "two")), monitor=Monitor())
    assert contents(room / "two") == {name: whole.volumes[name] for name in whole.recovery}
    one, first = contents(room / "one")["docs-R01.xtar"], whole.volumes["docs-R01.xtar"]
    assert len(one) == len(first)
    start = first.index(b"XTRECOVR") + 2048
    shard = slice(start, first.index(b"XTRECOVR", start))
    assert one[shard] == first[shard]


def test_adding_needs_all_volumes_and_whole_ones(room: Path) -> None:
    whole = small_set()
    options = RecoveryOptions(1, os.fsencode(room / "more"))
    given = whole.write(room / "some", {whole.data[1]: None})
    with pytest.raises(UsageError, match="not among these: docs 2"):
        add_recovery([os.fsencode(given)], options, monitor=Monitor())
    given = whole.write(room / "no last", {whole.data[3]: None} | dict.fromkeys(whole.recovery))
    with pytest.raises(UsageError, match="the last volume of docs is not among these"):
        add_recovery([os.fsencode(given)], options, monitor=Monitor())
    hurt = bytearray(whole.volumes[whole.data[1]])
    hurt[50_000] ^= 1
    given = whole.write(room / "damaged", {whole.data[1]: bytes(hurt)})
    with pytest.raises(Damaged, match=r"docs 2.*is damaged"):
        add_recovery([os.fsencode(given)], options, monitor=Monitor())
    assert not (room / "more").exists()


def test_adding_to_a_set_that_was_made_anew_is_refused(room: Path) -> None:
    """Content of the same size and time gives the same set id."""
    whole, twin = small_set(), _made_anew(room)
    given = whole.write(room / "given", {whole.data[0]: twin.volumes[whole.data[0]]})
    with pytest.raises(Damaged, match="docs 1: has changed since"):
        add_recovery([os.fsencode(given)], RecoveryOptions(1, os.fsencode(room / "more")), monitor=Monitor())


def _made_anew(room: Path) -> SmallSet:
    """Make a set of the same tree with the same sizes and mtimes, but one byte changed."""
    top = plant_noise(room / "anew" / "top")
    path = top / "d0" / "file 0"
    status = path.stat()
    path.write_bytes(b"\xa5" + path.read_bytes()[1:])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    create(top, room / "anew" / "set", (200_000, 130_000), 2)
    return SmallSet(contents(room / "anew" / "set"))


def test_a_whole_volume_of_other_content_is_found_out(room: Path) -> None:
    whole, twin = small_set(), _made_anew(room)
    assert twin.volumes[whole.data[0]] != whole.volumes[whole.data[0]]
    monitor = Monitor()
    changed = {whole.data[0]: twin.volumes[whole.data[0]], whole.data[2]: None}
    done = rebuilt(whole.write(room / "given", changed), room / "to", monitor=monitor)
    assert done.complete
    assert contents(room / "to") == {name: whole.volumes[name] for name in (whole.data[0], whole.data[2])}
    (problem,) = monitor.problems
    assert problem.path.endswith(b"docs-001.xtar")
    assert "not what it was" in problem.reason


def test_any_order_any_name_and_twice(room: Path) -> None:
    whole = small_set()
    lost = (whole.data[0], whole.data[3])
    given = whole.write(room / "given", dict.fromkeys(lost))
    paths = []
    for number, path in enumerate(sorted(given.iterdir())):
        paths.append(path.rename(given / f"{number * 7 % 5} disc"))
    paths.append(given / "copy")
    paths[-1].write_bytes(paths[0].read_bytes())
    random.Random(1).shuffle(paths)
    heard: list[str] = []

    class Hearing(Monitor):
        def note(self, text: str) -> None:
            heard.append(text)

    monitor = Hearing()
    assert rebuilt([*paths, paths[0], given], room / "to", monitor=monitor).complete
    assert contents(room / "to") == {name: whole.volumes[name] for name in lost}
    assert not monitor.problems
    (text,) = heard
    assert "docs 2 once more, beside" in text


def test_a_volume_of_another_set_is_refused_by_name(room: Path) -> None:
    whole, other = small_set(), small_set((300_000, 250_000), 4)
    given = whole.write(room / "given", {whole.data[0]: None})
    stray = room / "stray"
    stray.write_bytes(other.volumes[other.data[0]])
    with pytest.raises(UsageError, match=r"stray \(docs 1\): belongs to another set than .*given/docs-002"):
        rebuilt([given, stray], room / "to")
    assert not (room / "to").exists()


def test_what_is_no_volume_is_named(room: Path) -> None:
    whole = small_set()
    given = whole.write(room / "given", {whole.data[0]: None})
    (given / "notes.txt").write_text("found by itself, and not worth a word")
    (room / "photo").write_bytes(b"no archive" * 1000)
    monitor = Monitor()
    (room / "to").mkdir()
    assert rebuilt([given, room / "to", room / "photo"], room / "to", monitor=monitor).complete
    assert not monitor.problems  # it may have been the one that was rebuilt
    assert rebuilt([given, room / "to", room / "photo"], room / "to", monitor=monitor).complete
    assert [(problem.path, problem.reason) for problem in monitor.problems] == [
        (os.fsencode(room / "photo"), "nothing of a volume is in it")
    ]
    with pytest.raises(UsageError, match="no volume of a set is whole enough"):
        rebuilt([room / "photo"], room / "to 2", monitor=monitor)


@pytest.mark.parametrize("name", ["docs-002.xtar", "docs-R01.xtar"])
def test_what_exists_is_not_replaced(name: str, room: Path) -> None:
    whole = small_set()
    given = whole.write(room / "given", dict.fromkeys(("docs-002.xtar", "docs-R01.xtar")))
    (room / "to").mkdir()
    (room / "to" / name).write_bytes(b"precious")
    with pytest.raises(UsageError, match=f"{name}: exists"):
        rebuilt(given, room / "to")
    assert contents(room / "to") == {name: b"precious"}


def test_finished_recovery_volumes_stay_when_a_creation_goes_on(room: Path) -> None:
    whole = small_set()
    top = plant_noise(room / "top")
    given = whole.write(room / "set", {whole.recovery[1]: None})
    before = (given / whole.recovery[0]).stat().st_mtime_ns
    create(top, given, (200_000, 130_000), 2, resume=True)
    assert contents(given) == dict(whole.volumes)
    assert (given / whole.recovery[0]).stat().st_mtime_ns == before


def test_recovery_volumes_fit_where_volumes_have_no_parity() -> None:
    """Data volumes are short enough for a recovery volume to hold a shard and everything beside it."""
    for sizes in ((150_000,), (300_000, 120_000)):
        whole = small_set(sizes, 1, "none")
        assert all(len(whole.volumes[name]) <= max(sizes) for name in whole.volumes)


def test_a_recovery_volume_that_does_not_fit_is_said_before(room: Path) -> None:
    whole = small_set()
    given = whole.write(room / "given", dict.fromkeys(whole.recovery))
    with pytest.raises(UsageError, match=r"has at least \d+ bytes, but 50000 fit"):
        add_recovery(
            [os.fsencode(given)], RecoveryOptions(1, os.fsencode(room / "more"), volume_bytes=50_000), monitor=Monitor()
        )
    assert not (room / "more").exists()


def test_the_same_from_python(room: Path) -> None:
    whole = small_set()
    given = whole.write(room / "given", dict.fromkeys(("docs-R01.xtar", "docs-R02.xtar")))
    added = pybackup.add_recovery_volumes([given], 1, room / "more", volume_size=500_000)
    assert (len(added.made), added.data_volumes) == (1, 4)
    (given / "docs-002.xtar").unlink()
    assert pybackup.rebuild([given, room / "more"], str(room / "to"), work_dir=room).complete
    assert contents(room / "to") == {"docs-002.xtar": whole.volumes["docs-002.xtar"]}
    with pytest.raises(UsageError, match="a whole number of 1 or more: 0"):
        pybackup.add_recovery_volumes(given, 0)


def test_a_recovery_volume_alone_tells_of_all_others(room: Path) -> None:
    whole = small_set()
    (room / "alone").write_bytes(whole.volumes["docs-R02.xtar"])
    volume_set = gather(find_volumes([os.fsencode(room / "alone")]).volumes, Monitor())
    assert (sorted(volume_set.tables), volume_set.last, volume_set.missing) == ([1, 2, 3, 4], 4, [1, 2, 3, 4])
