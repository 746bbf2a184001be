"""Each verb that takes long shows one bar over its whole run; the commands are run on a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from kit.command import run

SECTOR = 2048
FRAME = re.compile(r"([a-z0-9 ]+): +(\d+)%\|(.*)\| (.*)")


@dataclass(frozen=True)
class Drawn:
    """What a run wrote to its terminal."""

    status: int
    text: str

    @property
    def frames(self) -> list[re.Match[str]]:
        """The drawings of the bar, one after the other."""
        return [found for line in re.split(r"[\r\n]+", self.text) if (found := FRAME.match(line))]

    @property
    def titles(self) -> list[str]:
        """The titles of the phases, in the order in which they were shown."""
        titles = [frame[1] for frame in self.frames]
        return [title for at, title in enumerate(titles) if at == 0 or titles[at - 1] != title]


def drawn(columns: int, *arguments: object, term: str = "xterm", colour: bool = True) -> Drawn:
    """Run a verb on a terminal with the given width."""
    reader, line = pty.openpty()
    termios.tcsetwinsize(line, (25, columns))
    environment = {**os.environ, "TERM": term, **({} if colour else {"NO_COLOR": "1"})}
    command = [sys.executable, "-m", "pybackup", *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=line, stderr=line, env=environment) as process:
        os.close(line)
        got = b""
        while piece := _read(reader):
            got += piece
    os.close(reader)
    return Drawn(process.returncode, got.decode())


def _read(reader: int) -> bytes:
    try:
        return os.read(reader, 1 << 16)
    except OSError:  # the other end is closed
        return b""


def check(found: Drawn, titles: Sequence[str], columns: int) -> None:
    """There is one bar: it never goes back, its lines fit the terminal, and it is removed at the end."""
    assert found.titles == list(titles)
    shares = [int(frame[2]) for frame in found.frames]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert max(len(frame[0]) for frame in found.frames) <= columns
    assert all(frame[4].rstrip().endswith(("left", "left]")) for frame in found.frames)
    assert "\x1b" not in found.text
    assert not FRAME.search(found.text.rpartition("\r")[2])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree, an archive of it, a damaged copy of that, and a set with a missing volume."""
    place = tmp_path_factory.mktemp("bars")
    (place / "src").mkdir()
    for number in range(6):
        (place / "src" / f"f{number}").write_bytes(os.urandom(400_000))
    assert run("create", place / "src", "-o", place / "a.xtar", "--quiet").returncode == 0
    create = ("create", place / "src", "--volumes", place / "v", "--volume-size", "1M", "--recovery-volumes", "1")
    assert run(*create, "--quiet").returncode == 0
    data = bytearray((place / "a.xtar").read_bytes())
    for sector in range(10, 300, 7):
        data[sector * SECTOR : (sector + 1) * SECTOR] = bytes(SECTOR)
    (place / "bad.xtar").write_bytes(data)
    return place


SURVEY = ["check sectors", "verify"]
MEND = ["check sectors", "merge", "repair", "check"]
SEAL = ["protect", "check sectors", "verify"]


@pytest.mark.parametrize("columns", [40, 80])
def test_verifying_several_is_one_run(place: Path, columns: int) -> None:
    volumes = sorted((place / "v").iterdir())
    assert len(volumes) == 4
    found = drawn(columns, "verify", "--deep", place / "v")
    check(found, 4 * [*SURVEY, "check contents"], columns)
    assert found.status == 0
    assert all(f"{volume.name}: intact" in found.text for volume in volumes)
    found = drawn(columns, "disc", "check", place / "v")
    check(found, 4 * SURVEY, columns)


@pytest.mark.parametrize(("term", "colour"), [("dumb", True), ("dumb", False), ("xterm", False)])
def test_a_terminal_that_can_do_nothing_gets_plain_lines(place: Path, term: str, colour: bool) -> None:
    check(drawn(80, "verify", place / "a.xtar", term=term, colour=colour), SURVEY, 80)


def test_mending(place: Path, tmp_path: Path) -> None:
    found = drawn(80, "repair", place / "bad.xtar", "-o", tmp_path / "fixed.xtar")
    check(found, MEND, 80)
    assert found.status == 0
    check(drawn(80, "salvage", place / "bad.xtar", "--to", tmp_path / "salvaged"), [*MEND, "salvage", "search"], 80)


def test_extracting_what_has_to_be_mended_is_one_run(place: Path, tmp_path: Path) -> None:
    found = drawn(80, "extract", place / "bad.xtar", "--to", tmp_path / "mended")
    check(found, ["extract", *MEND, "extract"], 80)
    assert found.status == 0
    _, *left = sorted((place / "v").iterdir())
    found = drawn(80, "extract", *left, "--to", tmp_path / "rebuilt")
    check(found, ["check sectors", "rebuild", "check", "extract"], 80)
    assert found.status == 0
    # Of two volumes that are away one recovery volume brings nothing.
    found = drawn(80, "extract", *left[1:], "--to", tmp_path / "less")
    assert found.status == 1
    check(found, found.titles, 80)


def test_rebuilding(place: Path, tmp_path: Path) -> None:
    _, *left = sorted((place / "v").iterdir())
    found = drawn(80, "rebuild", *left, "--to", tmp_path / "back")
    check(found, ["check sectors", "rebuild", "check", *SEAL], 80)
    assert found.status == 0
    found = drawn(80, "extract", *left, "--to", tmp_path / "out")
    check(found, ["check sectors", "rebuild", "check", "extract"], 80)


def test_discs(place: Path, tmp_path: Path) -> None:
    found = drawn(80, "disc", "build", place / "v", "--to", tmp_path / "images", "--medium", "cd650")
    check(found, 4 * ["copy", "protect"], 80)
    image = min((tmp_path / "images").iterdir())
    found = drawn(80, "disc", "burn", image, "--device", f"stdio:{tmp_path / 'disc'}", "--verify")
    check(found, ["check sectors", "burn", "read back"], 80)
    assert found.status == 0


def test_protecting(place: Path, tmp_path: Path) -> None:
    sidecar = tmp_path / "f.xpar"
    check(drawn(80, "protect", place / "src" / "f0", "-o", sidecar), SEAL, 80)
    again = drawn(80, "protect", place / "src" / "f0", "-o", sidecar, "--overwrite")
    check(again, ["check sectors", *SEAL], 80)
    found = drawn(80, "protect", place / "v", "--recovery-volumes", "1", "--to", tmp_path)
    check(found, ["check sectors", "measure volumes", "make recovery volumes"], 80)


def test_drilling_counts_its_rounds(place: Path) -> None:
    found = drawn(80, "drill", place / "a.xtar", "--rounds", "1", "--damage", "burst")
    check(found, [*SURVEY, "check contents", "rounds", "round 1 of 2", "round 2 of 2"], 80)


def test_entering_in_the_catalogue(place: Path, tmp_path: Path) -> None:
    catalogue = ("--catalogue", tmp_path / "catalogue.db")
    assert run("catalogue", "init", *catalogue).returncode == 0
    assert drawn(80, "catalogue", "add", place / "a.xtar", *catalogue).titles == ["enter"]
    assert drawn(80, "catalogue", "add", place / "src", *catalogue).titles == ["reading directories", "enter", "hash"]
