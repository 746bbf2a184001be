"""Recovery volumes of archives that are no set: any as many come back byte for byte, whatever their sizes."""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from kit.command import run
from kit.damage import overwritten
from kit.memory import fast_directory
from kit.small_sets import contents, rebuilt, sectors

import pybackup
from pybackup.archive.covered import covered, name_of_archives
from pybackup.archive.find import find_volumes
from pybackup.archive.measure import header_of
from pybackup.disc.build import perform_build
from pybackup.disc.plan_build import BuildOptions, plan_build
from pybackup.errors import Damaged, UsageError
from pybackup.layout.recovery import MAGIC, RecoveryHeader
from pybackup.make.cover_archives import are_no_set
from pybackup.make.rebuilt import Outcome
from pybackup.monitor import Monitor

PARITY = {"tiny.xtar": "10%", "bare.xtar": "none", "big.xtar": "30%", "filled.xtar": "fill:150K"}
RECOVERY = ("tiny..filled-R01.xtar", "tiny..filled-R02.xtar")


@cache
def archives() -> dict[str, bytes]:
    """Archives of different sizes and parities, and two recovery volumes of them, by name."""
    with fast_directory() as base:
        for seed, (name, parity) in enumerate(PARITY.items()):
            tree = base / f"tree-{seed}"
            tree.mkdir()
            (tree / "noise").write_bytes(random.Random(seed).randbytes(1000 + 37_111 * seed))
            pybackup.create(tree, output=base / name, parity=parity, workers=1)
        paths = [base / name for name in PARITY]
        pybackup.add_recovery_volumes(paths, recovery_volumes=2, to=base / "recovery")
        found = {name: (base / name).read_bytes() for name in PARITY}
        return found | {name: (base / "recovery" / name).read_bytes() for name in RECOVERY}


def written(directory: Path, changed: Mapping[str, bytes] | None = None, *, without: tuple[str, ...] = ()) -> Path:
    directory.mkdir()
    for name, data in {**archives(), **(changed or {})}.items():
        if name not in without:
            (directory / name).write_bytes(data)
    return directory


def test_the_archives_are_of_different_sizes_and_of_no_set() -> None:
    assert len({len(data) for name, data in archives().items() if name in PARITY}) == len(PARITY)


@pytest.mark.parametrize(
    "lost",
    [lost for count in (1, 2) for lost in itertools.combinations(archives(), count) if lost != RECOVERY],
    ids="+".join,
)
def test_any_as_many_as_there_are_recovery_volumes_come_back(lost: tuple[str, ...], room: Path) -> None:
    done = rebuilt(written(room / "given", without=lost), room / "to")
    assert {os.fsdecode(each.info.file_name) for each in done.volumes if each.outcome is Outcome.REBUILT} == {*lost}
    assert done.complete
    assert contents(room / "to") == {name: archives()[name] for name in lost}


def test_one_more_gives_nothing_and_says_what_would_help(room: Path) -> None:
    lost = tuple(PARITY)[:3]
    done = rebuilt(written(room / "given", without=lost), room / "to")
    assert not done.complete
    assert done.needed == 1
    assert [os.fsdecode(info.file_name) for info in done.helpful] == [*lost]
    assert contents(room / "to") == {}


def test_damage_beyond_the_parity_of_archives_and_recovery_volumes_is_mended_across(room: Path) -> None:
    """Regression: a recovery volume without checksums was trusted when the parity of another one had mended that."""
    whole = archives()
    hurt = {
        "big.xtar": overwritten(whole["big.xtar"], range(sectors(whole["big.xtar"]) // 2)),
        "tiny.xtar": overwritten(whole["tiny.xtar"], range(sectors(whole["tiny.xtar"]) - 2)),
        RECOVERY[0]: overwritten(
            whole[RECOVERY[0]], range(sectors(whole[RECOVERY[0]]) - 60, sectors(whole[RECOVERY[0]]))
        ),
    }
    done = rebuilt(written(room / "given", hurt), room / "to")
    assert done.complete
    assert contents(room / "to") == {name: whole[name] for name in hurt}


def test_the_header_alone_tells_of_archives_where_the_rest_of_a_recovery_volume_is_lost(room: Path) -> None:
    whole = archives()
    at = whole[RECOVERY[0]].index(MAGIC) // 2048
    last = sectors(whole[RECOVERY[0]])
    shard = RecoveryHeader.unpack(whole[RECOVERY[0]][at * 2048 :]).shard_bytes // 2048
    # One header of a member is left, too, which says that this is an archive.
    hurt = overwritten(whole[RECOVERY[0]], [*range(at - 1), *range(at + shard + 2, last)])
    given = written(room / "given", {RECOVERY[0]: hurt}, without=("filled.xtar", RECOVERY[1]))
    done = rebuilt(given, room / "to")
    assert done.complete
    assert contents(room / "to") == {name: whole[name] for name in ("filled.xtar", *RECOVERY)}


def test_more_can_be_made_later_from_files_in_any_order_and_under_other_names(room: Path) -> None:
    given = written(room / "given", without=(RECOVERY[0],))
    (given / "big.xtar").rename(given / "renamed.xtar")
    made = pybackup.add_recovery_volumes([given], recovery_volumes=1, to=room / "more").made
    assert [os.path.basename(each.path).decode() for each in made] == ["tiny..filled-R03.xtar"]
    shutil.copy(room / "more/tiny..filled-R03.xtar", given)
    for name in ("renamed.xtar", "bare.xtar"):
        (given / name).unlink()
    assert rebuilt(given, room / "to").complete
    assert contents(room / "to") == {name: archives()[name] for name in ("bare.xtar", "big.xtar", RECOVERY[0])}


def test_an_archive_that_has_changed_is_refused(room: Path) -> None:
    given = written(room / "given")
    tree = room / "tree-0"
    tree.mkdir()
    (tree / "all").write_bytes(b"other")
    pybackup.create(tree, output=given / "tiny.xtar", overwrite=True, workers=1)
    with pytest.raises(UsageError, match=r"tiny\.xtar: is no volume of a set"):
        rebuilt([*sorted(given.iterdir())], room / "to")
    # Its id is another: what was made of the former one is left out, and the new ones are of other archives.
    heard = Monitor()
    done = pybackup.add_recovery_volumes([given], recovery_volumes=1, to=room / "more", monitor=heard)
    assert done.data_volumes == len(PARITY)
    header = header_of(find_volumes([done.made[0].path]).volumes[0])
    assert header.set_id != header_of(find_volumes([os.fsencode(given / RECOVERY[0])]).volumes[0]).set_id


def test_two_archives_under_one_name_are_refused(room: Path) -> None:
    given = written(room / "given")
    (room / "other").mkdir()
    (given / "bare.xtar").rename(room / "other/tiny.xtar")
    with pytest.raises(UsageError, match=r"would be rebuilt under the same name as .*tiny\.xtar; rename one"):
        pybackup.add_recovery_volumes(
            [given / "tiny.xtar", room / "other/tiny.xtar"], recovery_volumes=1, to=room / "more"
        )


def test_a_damaged_archive_is_refused(room: Path) -> None:
    hurt = overwritten(archives()["big.xtar"], [20])
    given = written(room / "given", {"big.xtar": hurt})
    with pytest.raises(Damaged, match=r"big\.xtar \(big\): is damaged; first repair it"):
        pybackup.add_recovery_volumes([given], recovery_volumes=1, to=room / "more")


def test_a_stranger_among_them_is_refused(room: Path) -> None:
    given = written(room / "given", without=("big.xtar",))
    (room / "tree").mkdir()
    pybackup.create(room / "tree", output=given / "stranger.xtar", workers=1)
    with pytest.raises(UsageError, match=r"stranger\.xtar: is no volume of a set"):
        rebuilt(given, room / "to")
    (given / "stranger.xtar").unlink()
    # One that is damaged so much that it tells nothing is none of them, either.
    (given / "noise.xtar").write_bytes(b"noise" * 10_000)
    heard = Monitor()
    assert rebuilt(given, room / "to", monitor=heard).complete
    assert contents(room / "to") == {"big.xtar": archives()["big.xtar"]}


def test_images_of_discs_are_covered_as_what_lies_on_them(room: Path) -> None:
    given = written(room / "given", without=RECOVERY)
    images = room / "images"
    images.mkdir()
    for name in ("big.xtar", "tiny.xtar"):
        perform_build(plan_build(os.fsencode(given / name), os.fsencode(images), BuildOptions()), Monitor())
    discs = sorted(images.iterdir())
    pybackup.add_recovery_volumes([*discs, given / "bare.xtar"], recovery_volumes=1, to=room / "recovery")
    lost = discs[0]
    volume = find_volumes([os.fsencode(lost)]).volumes[0]
    with volume.open() as file:
        expected = file.read_at(0, volume.n_bytes)
    done = rebuilt([discs[1], given / "bare.xtar", room / "recovery"], room / "to")
    assert done.complete
    # What lay on the disc is the archive without its own parity, which an image has around it.
    assert contents(room / "to") == {lost.with_suffix(".xtar").name: expected}
    assert pybackup.verify(room / "to" / lost.with_suffix(".xtar").name).state == "intact"


def test_what_covers_archives_is_told_by_recovery_volumes_alone(room: Path) -> None:
    volumes = find_volumes([os.fsencode(written(room / "given"))]).volumes
    told = covered(volumes)
    assert [os.fsdecode(info.own_name) for info in told.values()] == list(PARITY)
    assert [info.label for info in told.values()] == ["tiny", "bare", "big", "filled"]
    assert are_no_set(volumes)
    assert covered([volume for volume in volumes if volume.info is None]) == {}


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [(b"a.xtar", b"b.xtar", "a..b"), (b"a.xtar", b"a.xtar", "a"), (b" .xtar", b" .xtar", "archives")],
)
def test_archives_are_called_after_the_first_and_the_last(first: bytes, last: bytes, name: str) -> None:
    assert name_of_archives(first, last) == name
    assert len(os.fsencode(name_of_archives(b"\xe4" * 195 + b".xtar", b"b" * 195 + b".xtar"))) <= 200


def test_by_the_command_line(room: Path) -> None:
    given = written(room / "given", without=RECOVERY)
    run("protect", *(given / name for name in PARITY), "--recovery-volumes", "2", "--to", room / "recovery")
    assert contents(room / "recovery") == {name: archives()[name] for name in RECOVERY}
    (given / "filled.xtar").unlink()
    done = run("rebuild", given, room / "recovery", "--to", room / "to")
    assert b"filled: rebuilt, " in done.stdout
    assert contents(room / "to") == {"filled.xtar": archives()["filled.xtar"]}
