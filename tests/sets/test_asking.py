"""Volumes that are needed and not there are asked for at a terminal, by their labels."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from kit.discs import changing
from kit.manifest import differences, manifest
from kit.sets import make, volumes
from kit.terminal import at_terminal

from pybackup.archive import open as inspect
from pybackup.cli import asking
from pybackup.cli.monitor import Talk
from pybackup.errors import EnvironmentFailed
from pybackup.monitor import Monitor


def test_the_volume_that_is_asked_for_is_taken_and_another_is_not(tree: Path, docs: Path, tmp_path: Path) -> None:
    make(tree, tmp_path / "strangers", first=(), size=4_000_000)
    paths = volumes(docs)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(paths[2].read_bytes())
    given = [path for number, path in enumerate(paths) if number != 2]
    answers = [str(given[0]), str(tmp_path / "nothing"), str(volumes(tmp_path / "strangers")[0]), str(elsewhere)]
    status, shown = at_terminal("extract", *given, "--to", tmp_path / "out", answers=answers)
    assert status == 0, shown
    assert shown.count("docs 3 is needed") == 4
    assert f"{given[0]}: that is docs 1, not docs 3" in shown.replace("\r\n", "")
    assert "nothing: no such file or device" in shown.replace("\r\n", "")
    assert "belongs to another set than" in shown
    assert differences(manifest(tree), manifest(tmp_path / "out/tree")) == []


def test_who_has_it_not_goes_on_without(docs: Path, tmp_path: Path) -> None:
    given = [path for number, path in enumerate(volumes(docs)) if number not in (1, 2)]
    status, shown = at_terminal("extract", *given, "--to", tmp_path / "out", answers=["", ""])
    assert status == 1
    assert "docs 2 is needed" in shown
    assert "docs 3 is needed" in shown
    assert (tmp_path / "out/tree/d7").is_dir()


def test_another_volume_that_is_needed_too_is_taken(docs: Path, tmp_path: Path) -> None:
    paths = volumes(docs)
    given = [path for number, path in enumerate(paths) if number not in (1, 2)]
    answers = [str(paths[2]), str(paths[1])]
    status, shown = at_terminal("extract", *given, "--to", tmp_path / "out", answers=answers)
    assert status == 0, shown
    assert shown.count("docs 2 is needed") == 2
    assert "docs 3 is needed" not in shown
    assert "that is docs 3, not docs 2" in shown


def test_what_is_not_known_is_said_once(docs: Path, tmp_path: Path) -> None:
    """Where a directory is wanted, both the job and the command told that there may be more of it."""
    status, shown = at_terminal("extract", volumes(docs)[0], "tree/d0", "--to", tmp_path / "out", answers=[])
    assert status == 1
    # As it happens, and again at the end.
    assert shown.count("what they hold is not known") == 2
    assert "1 problem:" in shown
    assert "salvage" not in shown


@pytest.mark.parametrize("first", [0, -1])
def test_one_drive_for_all_discs(first: int, tree: Path, docs: Path, tmp_path: Path) -> None:
    """With the last disc first all others are known; with the first one, each tells only of those before."""
    discs = volumes(docs)
    drive, out = tmp_path / "drive", tmp_path / "out"
    shutil.copy(discs.pop(first), drive)
    status, shown = at_terminal(
        "extract", drive, "--one-drive", "--to", out, answers=[""] * len(discs), before=changing(drive, discs)
    )
    assert status == 0, shown
    assert shown.count("and press Enter") == len(discs)
    assert differences(manifest(tree), manifest(out / "tree")) == []
    assert sorted(os.listdir(tmp_path)) == ["drive", "out"]


def test_the_drive_still_has_another_disc(docs: Path, tmp_path: Path) -> None:
    discs = volumes(docs)
    drive = tmp_path / "drive"
    shutil.copy(discs[-1], drive)
    then = [discs[-1], discs[0]]
    status, shown = at_terminal(
        *("extract", drive, "--one-drive", "--to", tmp_path / "out"),
        answers=["", "", *["-"] * (len(discs) - 2)],
        before=lambda number: changing(drive, then)(number) if number < 2 else None,
    )
    assert status == 1
    assert f"drive: that is docs {len(discs)}, not docs 1" in shown.replace("\r\n", "")
    assert (tmp_path / "out/tree").is_dir()
    assert "docs 2" in shown
    assert sorted(os.listdir(tmp_path)) == ["drive", "out"]


def test_one_drive_and_a_damaged_disc(tree: Path, docs: Path, tmp_path: Path) -> None:
    """What is in the way of the index and of some files is mended by the disc's own parity, which is in the copy."""
    discs = volumes(docs)
    drive, hurt = tmp_path / "drive", tmp_path / "hurt"
    data = bytearray(discs[1].read_bytes())
    data[len(data) // 3 : len(data) // 3 + 8192] = bytes(8192)
    hurt.write_bytes(data)
    shutil.copy(discs[-1], drive)
    then = [discs[0], hurt, *discs[2:-1]]
    status, shown = at_terminal(
        "extract",
        drive,
        "--one-drive",
        "--to",
        tmp_path / "out",
        answers=[""] * len(then),
        before=changing(drive, then),
    )
    assert status == 0, shown
    assert differences(manifest(tree), manifest(tmp_path / "out/tree")) == []


def test_a_drive_without_a_disc_is_asked_for_again(
    docs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [os.fsencode(path) for path in volumes(docs)]
    answers = iter([paths[0], paths[0]])
    real, tries = inspect.open_archive, itertools.count()

    def opened(path: bytes, candidates: Sequence[bytes], *, monitor: Monitor) -> inspect.OpenArchive:
        if next(tries) == 0:
            raise EnvironmentFailed("drive: No medium found")
        return real(path, candidates, monitor=monitor)

    talk = Talk()
    monkeypatch.setattr(inspect, "open_archive", opened)
    monkeypatch.setattr(asking, "is_somebody_there", lambda talk: True)
    monkeypatch.setattr(asking, "_ask", lambda question, without: next(answers))
    with ExitStack() as stack:
        archive = stack.enter_context(real(paths[1], paths[2:]))
        found = asking.ask_for_volumes(archive, paths[2:], stack, talk)
        assert found.volume_set is not None
        assert sorted(found.volume_set.data) == list(range(1, len(paths) + 1))
    assert "No medium found" in capsys.readouterr().err
