"""Two hundred days of a directory beside a model that knows nothing but contents and what each scan tells.

Files come, change, are renamed, copied and deleted; every tenth scan is killed; some discs are lost, one is damaged. At
the end each disc holds what the model says, and everything that is lost was told.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from pathlib import Path

import pytest

import pybackup
from pybackup.stage.state import StageState
from pybackup.stage.state_file import open_state
from pybackup.stage.values import ChangeKind, StageChange

from .making import DAY_NS, Stage, files_below, rescued

DAYS = 200
START = 1_600_000_000 * 10**9
STAGED = {
    ChangeKind.NEW, ChangeKind.SIZE, ChangeKind.TIME, ChangeKind.STATUS, ChangeKind.CONTENT, ChangeKind.AGAIN,
}  # fmt: skip


class Killed(BaseException):
    """Raised in place of killing the process."""


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


def kill_after(copies: int, patch: pytest.MonkeyPatch) -> None:
    real, count = StageState.set_file, 0

    def die(state: StageState, path: bytes, known: object) -> None:
        nonlocal count
        count += 1
        if count > copies:
            raise Killed
        real(state, path, known)  # type: ignore[arg-type]

    patch.setattr(StageState, "set_file", die)


def test_two_hundred_days(tmp_path: Path) -> None:
    chance = random.Random(16)
    stage = Stage(tmp_path).init()
    model = Model(stage, chance)
    for day in range(DAYS):
        model.live_a_day()
        at = START + day * DAY_NS
        if day % 10 == 9:
            with pytest.MonkeyPatch.context() as patch:
                kill_after(chance.randrange(2), patch)
                with contextlib.suppress(Killed):
                    model.take([*stage.scan(at).changes])
            follow(model, stage, at)
        else:
            model.take([*stage.scan(at).changes])
        # On no disc, and not staged for one, is nothing that was there.
        assert set(model.tree.values()) <= model.everywhere()
        closed = [number for number in sorted(model.discs)[:-1] if number not in model.lost]
        if day in (90, 150) and closed:
            model.lose(chance.choice(closed))
            model.take([*stage.scan(at).changes])
    stage.close(START + DAYS * DAY_NS)
    assert len(model.discs) > 5
    assert stage.heard.problems == []
    for number, expected in model.discs.items():
        to = tmp_path / f"back/{number}"
        image = stage.image(number)
        if number == 2:
            damage(image, tmp_path / "damaged.iso", chance)
            pybackup.repair(tmp_path / "damaged.iso", output=tmp_path / "mended.iso")
            image = tmp_path / "mended.iso"
        if number % 5 == 1:
            assert rescued(image, to) == expected
        else:
            pybackup.extract(image, to=to, workers=1)
            assert files_below(to) == expected
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
