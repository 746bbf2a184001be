"""Many days of a directory beside a model that knows nothing but contents and what each scan tells.

Files come, change, are renamed, copied and deleted; discs are of different sizes; every tenth run is killed by SIGKILL,
also while it closes a disc; some discs are lost, others damaged at 5 %. At the end each disc holds what the model says,
and what was told as gone is what no disc and no file has. PYBACKUP_EVERY_DAMAGE=1 makes 200 days of several lives.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.thorough import so_many

import pybackup
from pybackup.jobs import stage_archive, stage_close
from pybackup.jobs.stage_init import make_or_change
from pybackup.options.stages import StageInitRequest
from pybackup.stage import open_disc
from pybackup.stage.state import StageState
from pybackup.stage.state_file import open_state
from pybackup.stage.values import ChangeKind, StageChange

from .making import DAY_NS, Stage, files_below, rescued

DAYS = so_many(60, 200)
SIZES = ("2M", "2500K", "3M", "2200K")
START = 1_600_000_000 * 10**9
STAGED = {
    ChangeKind.NEW, ChangeKind.SIZE, ChangeKind.TIME, ChangeKind.STATUS, ChangeKind.CONTENT, ChangeKind.AGAIN,
}  # fmt: skip


class Model:
    """A model of a stage: which contents are in the tree, on the open disc (by path), on closed discs, on lost ones."""

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self.stage, self.chance = stage, chance
        self.tree: dict[str, bytes] = {}
        self.discs: dict[int, dict[str, bytes]] = {1: {}}
        self.lost: set[int] = set()
        self.gone: set[bytes] = set()
        self.number = 0

    def live_a_day(self) -> None:
        for _ in range(self.chance.randrange(1, 4)):
            what = self.chance.choice("aaaccrtd")
            if what == "a" or len(self.tree) < 5:
                self._put(self._new_name(), self._content())
                continue
            path = self.chance.choice(sorted(self.tree))
            if what == "c":
                self._put(path, self._content())
            elif what == "t":
                self._put(self._new_name(), self.tree[path])
            else:
                content = self.tree.pop(path)
                if what == "r":
                    to = self._new_name()
                    (self.stage.watched / to).parent.mkdir(parents=True, exist_ok=True)
                    os.rename(self.stage.watched / path, self.stage.watched / to)
                    self.tree[to] = content
                else:
                    (self.stage.watched / path).unlink()

    def _put(self, path: str, content: bytes) -> None:
        self.stage.write(path, content)
        self.tree[path] = content

    def _new_name(self) -> str:
        self.number += 1
        return f"{self.chance.choice('abc')}/{self.number}"

    def _content(self) -> bytes:
        return self.chance.randbytes(self.chance.choice([10, 1_000, 30_000, 60_000]))

    def take(self, changes: list[StageChange]) -> None:
        """Change the model by what a scan says it did."""
        for change in changes:
            path = os.fsdecode(change.path)
            if change.kind is ChangeKind.CLOSED:
                self.discs[change.disc + 1] = {}
            elif change.kind in STAGED:
                self._stage(self.discs[change.disc], path)
            elif change.kind is ChangeKind.RENAMED and change.disc == max(self.discs):
                disc, former = self.discs[change.disc], os.fsdecode(change.other)
                if disc.get(former) == self.tree[path]:
                    disc[path] = disc.pop(former)

    def _stage(self, disc: dict[str, bytes], path: str) -> None:
        before = disc.pop(path, None)
        disc[path] = self.tree[path]
        if before is None or before in self.everywhere():
            return
        # The only copy of it: it stays for whoever in the tree has it still, under that name.
        heir = next((other for other in sorted(self.tree) if other != path and self.tree[other] == before), None)
        if heir is not None:
            disc[heir] = before

    def everywhere(self) -> set[bytes]:
        return {each for number, disc in self.discs.items() if number not in self.lost for each in disc.values()}

    def lose(self, number: int) -> None:
        self.lost.add(number)
        gone = set(self.discs[number].values()) - self.everywhere() - set(self.tree.values())
        told = pybackup.stage_lost(self.stage.staging, str(number))
        assert {self.discs[number][os.fsdecode(each.path)] for each in told.gone} == gone
        self.gone |= gone


# Where a run is killed: before the state has a file, before a copy has its name, between the steps of closing a disc.
MOMENTS: list[tuple[object, str]] = [
    (StageState, "set_file"), (StageState, "add_copy"), (StageState, "commit"), (open_disc, "place_copy"),
    (stage_archive, "perform_create"), (stage_archive, "enter_archives"), (stage_close, "make_image"),
    (stage_close, "make_labels"), (StageState, "set_built"), (stage_archive, "remove_tree"),
]  # fmt: skip


def killed(run: Callable[[], object], chance: random.Random) -> bool:
    """Let a process of its own do something, which SIGKILL ends at some moment; return whether that came."""
    (owner, name), calls = chance.choice(MOMENTS), chance.randrange(3)
    child = os.fork()
    if not child:
        real, count = getattr(owner, name), 0

        def die(*given: object, **named: object) -> object:
            nonlocal count
            count += 1
            if count > calls:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **named)

        setattr(owner, name, die)
        with contextlib.suppress(BaseException):
            run()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def change_size(stage: Stage, size: str) -> None:
    """From now on discs have this size, as if a job had been changed, if nothing is on the open one yet."""
    if not pybackup.stage_status(stage.staging).open_disc.files:  # type: ignore[union-attr]
        make_or_change(StageInitRequest(stage.watched, stage.staging, medium=size, settle=0), stage.heard)


@pytest.mark.parametrize("seed", range(16, so_many(17, 20)))
def test_many_days(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    stage = Stage(tmp_path).init()
    model = Model(stage, chance)
    kills = 0
    for day in range(DAYS):
        model.live_a_day()
        at = START + day * DAY_NS
        if day % 10 == 9:
            closes = chance.random() < 0.4
            kills += killed(lambda: stage.close(at) if closes else stage.scan(at), chance)  # noqa: B023
            follow(model, stage, at)
        else:
            model.take([*stage.scan(at).changes])
        # On no disc, and not staged for one, is nothing that was there; and no disc stays open that is full.
        assert set(model.tree.values()) <= model.everywhere()
        status = pybackup.stage_status(stage.staging)
        assert status.open_disc is not None
        assert status.open_disc.used_bytes < status.settings.full_bytes
        assert (status.waiting, status.lost_files) == ((), 0)
        change_size(stage, chance.choice(SIZES))
        closed = [number for number in sorted(model.discs)[:-1] if number not in model.lost]
        if day % 45 == 44 and closed:
            model.lose(chance.choice(closed))
            model.take([*stage.scan(at).changes])
    if model.discs[max(model.discs)]:
        stage.close(START + DAYS * DAY_NS)
    else:
        model.discs.popitem()
    assert kills
    assert len(model.discs) > DAYS // 40
    assert stage.heard.problems == []
    for number, expected in model.discs.items():
        to = tmp_path / f"back/{number}"
        image = stage.image(number)
        if number % 3 == 2:
            damage(image, tmp_path / "damaged.iso", chance)
            image = tmp_path / f"mended-{number}.iso"
            pybackup.repair(tmp_path / "damaged.iso", output=image)
        if number % 5 == 1:
            assert rescued(image, to) == expected
        else:
            pybackup.extract(image, to=to, workers=1)
            assert files_below(to) == expected
    # What was told as gone came back only where the directory had that content again.
    assert model.gone.isdisjoint(model.everywhere())


def follow(model: Model, stage: Stage, at: int) -> None:
    """Scan again after one that was killed; what that one did is found by looking at its disc."""
    stage.scan(at)
    with open_state(os.fsencode(stage.staging)) as state:
        for disc in state.discs():
            if disc.number >= max(model.discs):
                at_disc = stage.staging / f"discs/{disc.name}"
                model.discs[disc.number] = files_below(at_disc) if at_disc.exists() else _on_disc(stage, disc.number)


def _on_disc(stage: Stage, number: int) -> dict[str, bytes]:
    to = stage.base / f"closed-{number}"
    pybackup.extract(stage.image(number), to=to, workers=1)
    return files_below(to)


def damage(image: Path, to: Path, chance: random.Random) -> None:
    """Zero a burst of 5 % of a disc."""
    shutil.copy(image, to)
    size = image.stat().st_size
    with open(to, "r+b") as file:
        file.seek(chance.randrange(size * 9 // 10))
        file.write(bytes(size // 20))
