"""The damage models of the benchmarks hit what they say, the same every time; what came back is judged as it is."""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks import harm, ordeal
from benchmarks.contenders import Step
from benchmarks.harm import MODELS, SECTOR_BYTES, HarmError, Model, Shift
from benchmarks.ordeal import Ordeal, Outcome
from benchmarks.picture import drawn
from benchmarks.required import CORPUS, CUT, OFFICE, REQUIREMENTS, RIGHT, Suffered, judge
from benchmarks.survivors import OWN_BARE, Place, Recipe, Survivor

Offsets = npt.NDArray[np.int64]

SECTORS = 2_000
DATA = np.random.default_rng(1).integers(1, 256, SECTORS * SECTOR_BYTES, dtype=np.uint8).tobytes()  # no byte is zero
BY_NAME = {model.name: model for model in MODELS}


def damaged(name: str, data: bytes = DATA, seed: int = 0) -> bytes:
    (found,) = harm.hit([data], BY_NAME[name], seed)
    return found


def changed(after: bytes, before: bytes = DATA) -> Offsets:
    """The offsets of bytes that differ."""
    assert len(after) == len(before)
    return np.flatnonzero(np.frombuffer(after, np.uint8) != np.frombuffer(before, np.uint8))


def shared(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    length = min(len(one), len(other))
    odd = changed(one[:length], other[:length])
    return int(odd[0]) if len(odd) else length


def runs(offsets: Offsets) -> list[tuple[int, int]]:
    """Consecutive offsets as (from, to)."""
    edges = [0, *(np.flatnonzero(np.diff(offsets) != 1) + 1).tolist(), len(offsets)]
    return [(int(offsets[a]), int(offsets[b - 1]) + 1) for a, b in pairwise(edges)]


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_same_seed_same_damage(model: Model) -> None:
    first, again, other = (harm.hit([DATA[:1_000_000]], model, seed) for seed in (7, 7, 8))
    assert first == again
    assert first != [DATA[:1_000_000]]
    fixed = model.family in ("start", "end", "both", "cut")
    assert (first == other) is fixed


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
@pytest.mark.parametrize("size", [1, 100, SECTOR_BYTES, 5 * SECTOR_BYTES + 1])
def test_tiny_media(model: Model, size: int) -> None:
    """Whatever is asked for, no more is hit than there is."""
    found = damaged(model.name, DATA[:size])
    if model.family == "inserted":
        assert len(found) == size + int(model.strength)
    else:
        assert len(found) <= size


@pytest.mark.parametrize(
    ("name", "count"), [("flips-50", 50), ("flips-1e-6", 4), ("flips-1e-5", 41), ("flips-1e-4", 410)]
)
def test_flips_change_that_many_bytes(name: str, count: int) -> None:
    assert len(changed(damaged(name))) == count


def test_50_flips_change_one_bit_each() -> None:
    after = damaged("flips-50")
    assert {(after[at] ^ DATA[at]).bit_count() for at in changed(after).tolist()} == {1}


@pytest.mark.parametrize(
    ("name", "count"), [("sectors-10", 10), ("sectors-0.1%", 2), ("sectors-1%", 20), ("sectors-9%", 180)]
)
def test_sectors_are_zeroed_whole(name: str, count: int) -> None:
    after = damaged(name)
    zeroed = {at // SECTOR_BYTES for at in changed(after).tolist()}
    assert len(zeroed) == count
    for number in zeroed:
        assert after[number * SECTOR_BYTES : (number + 1) * SECTOR_BYTES] == bytes(SECTOR_BYTES)
    assert len(changed(after)) == count * SECTOR_BYTES


@pytest.mark.parametrize(("name", "sectors"), [("burst-1%", 20), ("burst-5%", 100), ("burst-9%", 180)])
def test_a_burst_is_one_run_of_zeros(name: str, sectors: int) -> None:
    after = damaged(name)
    ((start, end),) = runs(changed(after))
    assert start % SECTOR_BYTES == 0
    assert end - start == sectors * SECTOR_BYTES
    assert not any(after[start:end])


@pytest.mark.parametrize(("name", "sectors"), [("garbage-1%", 20), ("garbage-9%", 180)])
def test_garbage_stays_within_one_run(name: str, sectors: int) -> None:
    where = changed(damaged(name))
    assert 0 <= sectors * SECTOR_BYTES - (int(where[-1]) + 1 - int(where[0])) < 16
    assert len(where) / (sectors * SECTOR_BYTES) == pytest.approx(255 / 256, abs=0.01)


def test_garbage_at_the_start() -> None:
    where = changed(damaged("garbage-start"))
    assert 64 * 1024 - 16 < int(where[-1]) < 64 * 1024


@pytest.mark.parametrize(("name", "sectors"), [("scratches-1%", 20), ("scratches-5%", 100)])
@pytest.mark.parametrize("seed", range(5))
def test_scratches_sum_up(name: str, sectors: int, seed: int) -> None:
    found = runs(changed(damaged(name, seed=seed)))
    assert sum(end - start for start, end in found) == sectors * SECTOR_BYTES
    lengths = [(end - start) // SECTOR_BYTES for start, end in found]
    assert sum(length < 4 for length in lengths) <= 1  # the last one has what was left
    assert len(lengths) >= sectors // 64


def test_scratches_never_overlap() -> None:
    rng = np.random.default_rng(0)
    for amount in (0.05, 0.5, 1.0):
        found = harm.scratched(len(DATA), amount, rng)
        assert all(one[1] <= other[0] for one, other in pairwise(found))
        assert found[-1][1] <= len(DATA)
        assert sum(end - start for start, end in found) == round(amount * SECTORS) * SECTOR_BYTES


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("start-64K", 65_536, 0),
        ("start-5%", len(DATA) // 20, 0),
        ("end-64K", 0, 65_536),
        ("end-5%", 0, len(DATA) // 20),
        ("both-64K", 65_536, 65_536),
        ("both-2%", len(DATA) // 50, len(DATA) // 50),
    ],
)
def test_lost_ends_are_zeros(name: str, start: int, end: int) -> None:
    assert damaged(name) == bytes(start) + DATA[start : len(DATA) - end] + bytes(end)


@pytest.mark.parametrize(("name", "share"), [("cut-95%", 0.95), ("cut-60%", 0.6)])
def test_a_cut_leaves_the_front(name: str, share: float) -> None:
    assert damaged(name) == DATA[: round(len(DATA) * share)]


@pytest.mark.parametrize("count", [1, 1_000, SECTOR_BYTES])
def test_inserted_and_deleted_bytes(count: int) -> None:
    for whole, part in ((damaged(f"inserted-{count}"), DATA), (DATA, damaged(f"deleted-{count}"))):
        assert len(whole) == len(part) + count
        front, back = shared(whole, part), shared(whole[::-1], part[::-1])
        assert front + back >= len(part)  # more when bytes at the edges happen to be the same
        assert len(DATA) // 4 <= front <= 3 * len(DATA) // 4 + 16


def test_pieces_are_cut_as_they_were() -> None:
    pieces = [DATA[:1_000], b"", DATA[1_000:300_000], DATA[300_000:400_001]]
    found = harm.hit(pieces, BY_NAME["sectors-1%"], 3)
    assert [len(piece) for piece in found] == [len(piece) for piece in pieces]
    assert b"".join(found) == b"".join(harm.hit([b"".join(pieces)], BY_NAME["sectors-1%"], 3))


def test_a_cut_empties_the_last_pieces() -> None:
    found = harm.hit([bytes(60), bytes(30), bytes(10)], BY_NAME["cut-60%"], 0)
    assert [len(piece) for piece in found] == [60, 0, 0]


@pytest.mark.parametrize(
    ("shift", "moved"),
    [(Shift(50, 10), [40, 50, 61, 110]), (Shift(45, -10), [40, 45, 45, 90]), (Shift(60, -40), [40, 50, 51, 60])],
)
def test_boundaries_move(shift: Shift, moved: list[int]) -> None:
    assert [shift.moved(end) for end in (40, 50, 51, 100)] == moved


def test_choosing_models() -> None:
    assert [model.name for model in harm.chosen("cut,flips-50")] == ["flips-50", "cut-95%", "cut-92%", "cut-60%"]
    assert harm.chosen(None) == list(MODELS)
    with pytest.raises(HarmError, match="no such model: rot"):
        harm.chosen("rot")


def plant(tree: Path, **files: bytes) -> Path:
    tree.mkdir()
    for name, content in files.items():
        (tree / name).write_bytes(content)
    return tree


def test_files_are_compared_by_name_and_content(tmp_path: Path) -> None:
    wanted = ordeal.contents(plant(tmp_path / "tree", a=b"1", b=b"22", c=b"333", d=b"4444"))
    found = plant(tmp_path / "found", a=b"1", b=b"2x", c=b"333", other=b"4444")
    assert ordeal.compare(wanted, found) == (2, 4, 1, 1)
    assert ordeal.compare(wanted, tmp_path / "nowhere") == (0, 0, 0, 4)


def test_bytes_in_their_places_count_in_files_in_part_too(tmp_path: Path) -> None:
    tree = plant(tmp_path / "tree", a=b"1234", b=b"5678", c=b"9999", d=b"abcd")
    found = plant(tmp_path / "found", a=b"12", b=b"56x8yy", c=b"", **{"d.partial": b"\0\0cd", "e": b"abcd"})
    assert ordeal.right_bytes(tree, found) == 2 + 3 + 0 + 2
    assert ordeal.right_bytes(tree, tmp_path / "nowhere") == 0


def test_bytes_that_come_back_are_judged() -> None:
    def results(own: int, tarlz: int) -> dict[str, Suffered]:
        return {
            name: Suffered(1, 1, 100, tuple(Outcome(model, 0, 0, 0, 0, 1, (1,), right) for model in (*RIGHT, CUT)))
            for name, right in ((OWN_BARE.name, own), ("tarlz", tarlz))
        }

    def outcomes(own: int, tarlz: int) -> list[str]:
        return [one.outcome for one in judge({OFFICE: results(own, tarlz)}) if "of bytes" in one.text]

    assert outcomes(85, 85) == ["PASS", "PASS", "PASS"]
    assert outcomes(84, 85) == ["FAIL", "PASS", "FAIL"]
    assert outcomes(74, 20) == ["FAIL", "FAIL", "PASS"]


def copying(name: str, *recipes: str) -> Survivor:
    """A contender that copies one file, its recipes the commands of a shell."""

    def shell(command: str) -> Recipe:
        return lambda at: [Step(("sh", "-c", command, str(at.medium / "f"), str(at.to / "f"), str(at.tree / "f")))]

    def make(at: Place) -> list[Step]:
        return [Step(("cp", str(at.tree / "f"), str(at.medium / "f")))]

    return Survivor(name, (), make, tuple(map(shell, recipes)))


@pytest.mark.parametrize(
    ("recipes", "intact", "wrong", "missing", "statuses"),
    [
        (['cp "$0" "$1"'], 0, 1, 0, (0,)),  # wrong and silent
        (["true", 'cp "$2" "$1"'], 0, 0, 1, (0,)),  # who is told that all is well looks no further
        (["false", 'cp "$2" "$1"'], 1, 0, 0, (1, 0)),
        (['cp "$2" "$1"; false', "false"], 1, 0, 0, (1, 1)),  # the better of the two
        (['cp "$2" "$1"; sleep 60'], 0, 0, 1, (None,)),  # a hang restores nothing
    ],
)
def test_the_best_recipe_counts(
    tmp_path: Path, recipes: list[str], intact: int, wrong: int, missing: int, statuses: tuple[int | None, ...]
) -> None:
    tree = plant(tmp_path / "tree", f=DATA[:10_000])
    (tmp_path / "work").mkdir()
    trial = Ordeal(tree, tmp_path / "work", 1.0)
    survivor = copying("one", *recipes)
    medium = trial.make(survivor)
    found = trial.suffer(survivor, medium, ordeal.contents(tree), BY_NAME["flips-50"], 0)
    right = 10_000 * intact + (10_000 - 50) * wrong
    assert found == Outcome("flips-50", 0, intact, 10_000 * intact, wrong, missing, statuses, right)
    assert found.silent is (statuses == (0,))


def test_what_a_step_leaves_running_is_killed(tmp_path: Path) -> None:
    late = tmp_path / "late"
    script = f"import subprocess; subprocess.Popen(['sh', '-c', 'sleep 1; touch {late}'])"
    assert ordeal.run(Step((sys.executable, "-c", script)), 30) == 0
    time.sleep(1.5)
    assert not late.exists()


def suffered(model: str, *intact: int, wrong: int = 0, status: int = 1) -> Suffered:
    outcomes = [Outcome(model, seed, n, n, wrong, 300 - n - wrong, (status,)) for seed, n in enumerate(intact)]
    return Suffered(1, 300, 300, tuple(outcomes))


def test_means_are_judged() -> None:
    name, first = OWN_BARE.name, REQUIREMENTS[0]
    for intact, expected in (((290, 291, 289), "PASS"), ((290, 290, 289), "FAIL")):
        verdicts = judge({CORPUS: {name: suffered(first.model, *intact)}})
        assert verdicts[0].outcome == expected
        assert {verdict.outcome for verdict in verdicts[1 : len(REQUIREMENTS)]} == {"NOT RUN"}
    assert {verdict.outcome for verdict in judge({})} == {"NOT RUN"}


@pytest.mark.parametrize(
    ("wrong", "status", "expected"), [(0, 1, ["PASS", "PASS"]), (1, 1, ["FAIL", "PASS"]), (0, 0, ["PASS", "FAIL"])]
)
def test_wrong_files_and_silence_are_judged(wrong: int, status: int, expected: list[str]) -> None:
    found = {OWN_BARE.name: suffered("flips-50", 290, wrong=wrong, status=status)}
    honest = [
        verdict.outcome for verdict in judge({"home": found}) if verdict.text.startswith(f"{OWN_BARE.name}: never")
    ]
    assert honest == expected


def test_a_failure_is_no_pass() -> None:
    failed = Suffered(0, 300, 300, (), "it broke")
    verdicts = judge({CORPUS: {OWN_BARE.name: failed}})
    assert [verdict.outcome for verdict in verdicts[:6]] == ["FAIL"] * 6


def test_the_picture_shows_every_figure() -> None:
    results = {CORPUS: {OWN_BARE.name: suffered("flips-50", 300), "7z": suffered("flips-50", 150, status=0)}}
    svg = drawn(results, {CORPUS: "300 files & more"}, [BY_NAME["flips-50"]], "files")
    assert ">100<" in svg
    assert ">50.0<" in svg
    assert "300 files &amp; more" in svg
    assert svg.count("<circle") == 1  # the legend's
    assert svg.count('class="mark" d=') == 2  # the legend's and that of the silent one
