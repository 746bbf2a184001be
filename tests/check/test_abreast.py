"""Sums and hashes checked side by side: the same verdicts as one after the other, and an end to every way it ends."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.specimen import Specimen

from pybackup.check import abreast
from pybackup.check import verify as job
from pybackup.check.abreast import Abreast, GivenUp
from pybackup.errors import PybackupError
from pybackup.host.storage import ArchiveFile
from pybackup.make.sidecar import protect_file
from pybackup.monitor import Monitor
from pybackup.parity.stream.geometry import ParityOptions

STEP = 1 << 20


class Counting(Monitor):
    """Notes what it was told, and that only one thread told it."""

    def __init__(self) -> None:
        super().__init__()
        self.n_bytes = 0
        self.threads: set[int] = set()

    def advance(self, files: int, n_bytes: int) -> None:
        self.threads.add(threading.get_ident())
        self.n_bytes += n_bytes


def said(path: Path) -> tuple[object, ...]:
    monitor = Counting()
    try:
        verdict = job.verify(os.fsencode(path), workers=1, monitor=monitor)
    except PybackupError as error:
        return (type(error), str(error))
    assert monitor.threads <= {threading.get_ident()}
    health = verdict.health
    return (
        verdict.state,
        tuple(verdict.damage),
        tuple(verdict.files_damaged),
        verdict.files,
        verdict.n_bytes,
        verdict.way,
        verdict.missing,
        health and (health.state, health.bad.tolist(), tuple(health.zones)),
        tuple(monitor.problems),
        monitor.n_bytes,
    )


@pytest.mark.parametrize("sidecar", [False, True])
def test_the_same_verdicts(small: Specimen, room: Path, sidecar: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    path = room / "a.xtar"
    path.write_bytes(small.data)
    if sidecar:
        protect_file(os.fsencode(path), os.fsencode(f"{path}.xpar"), ParityOptions(sidecar=True), monitor=Monitor())
    began = []
    begin = Abreast.__init__

    def counted(self: Abreast[object], work: Callable[[Callable[[int], None]], object]) -> None:
        began.append(1)
        begin(self, work)

    monkeypatch.setattr(Abreast, "__init__", counted)
    size = len(small.data)
    damages = [small.data, small.data + b"more", *(small.data[:length] for length in range(1000, size, size // 9))]
    damages += [small.data[:at] + bytes(700) + small.data[at + 700 :] for at in range(0, size, size // 31)]
    for data in damages:
        path.write_bytes(data)
        monkeypatch.setattr(job, "_LEAST_AT_ONCE_BYTES", 1 << 60)
        before = len(began)
        alone = said(path)
        assert len(began) == before
        monkeypatch.setattr(job, "_LEAST_AT_ONCE_BYTES", 0)
        assert said(path) == alone
    assert len(began) >= len(damages) // 2


def test_a_drive_is_read_in_one_place(small: Specimen, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = room / "a.xtar"
    path.write_bytes(small.data)

    def never(*_: object) -> None:
        raise AssertionError("two at a time")

    monkeypatch.setattr(ArchiveFile, "is_drive", True)
    monkeypatch.setattr(job, "_LEAST_AT_ONCE_BYTES", 0)
    monkeypatch.setattr(job, "Abreast", never)
    assert said(path)[0] == "intact"


def test_neither_is_far_ahead() -> None:
    total = 4 * abreast._AHEAD_BYTES
    behind: list[int] = []
    caller = 0

    def work(progress: Callable[[int], None]) -> str:
        for at in range(0, total, STEP):
            behind.append(at - caller)
            progress(STEP)
        return "done"

    told: list[int] = []
    with Abreast(work) as beside:
        while caller < total:
            beside.advance(STEP)
            caller += STEP
            assert caller <= len(behind) * STEP + abreast._AHEAD_BYTES + STEP
        assert beside.result(told.append) == "done"
    assert sum(told) == total
    assert max(behind) <= abreast._AHEAD_BYTES + STEP


def test_what_the_work_raises_is_raised_and_holds_up_nobody() -> None:
    def work(progress: Callable[[int], None]) -> None:
        progress(1)
        raise ValueError("no")

    with Abreast(work) as beside:
        beside.advance(10 * abreast._AHEAD_BYTES)
        with pytest.raises(ValueError, match="no"):
            beside.result(lambda _: None)


def test_an_interrupted_caller_ends_the_work() -> None:
    ended: list[type[BaseException]] = []

    def work(progress: Callable[[int], None]) -> None:
        try:
            while True:
                progress(STEP)
        except BaseException as error:
            ended.append(type(error))
            raise

    def interrupted() -> None:
        with Abreast(work):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ended == [GivenUp]
