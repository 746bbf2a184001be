"""Every verb with every kind of input that it may meet: the exit status, and the last line printed."""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import FrameType

import pytest

import pybackup
from pybackup.cli import verbs
from pybackup.cli.main import main

COMMANDS = {
    "create": "{x} -o {y} --workers 1",
    "list": "{x}",
    "info": "{x}",
    "extract": "{x} --to {y} --workers 1",
    "restore": "{x} --to {y} --workers 1",
    "chain merge": "{x} -o {y} --workers 1",
    "diff": "{x} {x}",
    "export": "{x} --to {y} --format zip",
    "unpack": "{x} --to {y}",
    "verify": "{x}",
    "protect": "{x}",
    "repair": "{x} -o {y}",
    "rebuild": "{x} --to {y}",
    "salvage": "{x} --to {y} --workers 1",
    "forecast": "{x}",
    "drill": "{x} --rounds 1 --damage burst --workers 1",
    "disc plan": "{x} --volume-size cd700 --workers 1",
    "disc build": "{x} --to {y}",
    "disc burn": "{x} --device stdio:{y}",
    "disc check": "{x}",
    "disc label": "{x} --to {y}",
    "structure save": "{x} -o {y}",
    "structure restore": "{x} --to {y}",
}
TREES = ("create", "disc plan", "structure save")  # what they take is a tree, and any file is one
MAKES_FILE = ("create", "chain merge", "export", "repair", "structure save")
MAKES_DIRECTORY = ("extract", "restore", "unpack", "salvage", "disc build", "disc label", "structure restore")

NO_ARCHIVE = (4, "{x}: no archive, or nothing of one is left")
NO_HEADER = (4, "{x}: no archive, or its first header is damaged; .*")
NO_STREAM = (4, "{x}: no parity stream ends here; .*")
NO_SUMS = (4, "{x}: no parity and no checksums are left of it; .*")
NO_IMAGE = (2, "{x}: has no parity over all of it, .*")
NO_SET = (2, "no volume of a set is whole enough to tell which set it is; add one that is")
NO_FILES = (2, "{x}: no files in this directory")
NO_VOLUMES = (2, r"{x}: no volumes \(\*.xtar\) in this directory")
NONE_HERE = (2, "{x}: no archive is in this directory")
NO_FILE = (2, "{x}: is a directory; a regular file or a block device is needed")
DONE = (0, ".*")
SAID_ON_STDOUT = (4, "")

# What is given instead of what is wanted: a directory without anything, an empty file, one of another kind.
TABLE: dict[str, tuple[tuple[int, str], tuple[int, str], tuple[int, str]]] = {
    "create": (DONE, DONE, DONE),
    "list": (NONE_HERE, NO_ARCHIVE, NO_ARCHIVE),
    "info": (NONE_HERE, NO_ARCHIVE, NO_ARCHIVE),
    "extract": (NONE_HERE, NO_ARCHIVE, NO_ARCHIVE),
    "chain merge": (NONE_HERE, NO_ARCHIVE, NO_ARCHIVE),
    "restore": (NONE_HERE, NO_ARCHIVE, NO_ARCHIVE),
    "diff": ((2, "{x}: is a live directory; name the archive first"), NO_ARCHIVE, NO_ARCHIVE),
    "export": (NONE_HERE, NO_ARCHIVE, NO_ARCHIVE),
    "unpack": (NONE_HERE, NO_ARCHIVE, NO_ARCHIVE),
    "verify": (NONE_HERE, NO_ARCHIVE, NO_ARCHIVE),
    "protect": (NO_FILE, (2, "{x}: is empty: there is nothing to protect"), DONE),
    "repair": (NO_FILES, NO_SUMS, NO_SUMS),
    "rebuild": (NO_SET, NO_SET, NO_SET),
    "salvage": (NO_FILES, NO_ARCHIVE, NO_ARCHIVE),
    "forecast": (NONE_HERE, NO_STREAM, NO_STREAM),
    "drill": (NO_FILE, NO_STREAM, NO_STREAM),
    "disc plan": (DONE, DONE, DONE),
    "disc build": (NO_VOLUMES, NO_HEADER, NO_HEADER),
    "disc burn": (NONE_HERE, (2, "{x}: is empty: there is nothing to burn"), NO_IMAGE),
    "disc check": (NONE_HERE, SAID_ON_STDOUT, SAID_ON_STDOUT),
    "disc label": (NO_VOLUMES, NO_HEADER, NO_HEADER),
    "structure save": (DONE, DONE, DONE),
    "structure restore": (NONE_HERE, NO_ARCHIVE, NO_ARCHIVE),
}
# The same command a second time.
AGAIN = {
    **dict.fromkeys(COMMANDS, DONE),
    **dict.fromkeys(MAKES_FILE, (2, "{y}: exists; --overwrite replaces it")),
    "protect": (2, r"{x}\.xpar: exists; --overwrite replaces it"),
    "extract": (0, "{y}: 2 of 2 files, .*, 0 problems"),
    "restore": (0, "{y}: 2 of 2 files, .*, 0 problems"),
    "unpack": (0, "{y}: 2 members, .*, 0 problems"),
    "rebuild": (2, "{x}: is no volume of a set"),
    "disc build": (2, r"{y}/.*\.iso: exists; --overwrite replaces it"),
    "disc label": (2, r"{y}/.*\.svg: exists; --overwrite replaces it"),
    "disc burn": (2, "stdio:{y}: the disc in it is out already, .*"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree, an archive of it, its structure, and an image."""
    base = tmp_path_factory.mktemp("made")
    (base / "tree").mkdir()
    (base / "tree/letter.txt").write_text("Dear reader\n" * 50)
    (base / "tree/b.txt").write_text("b\n")
    for command in (
        f"create {base}/tree -o {base}/whole.xtar --workers 1",
        f"structure save {base}/tree -o {base}/structure",
        f"disc build {base}/whole.xtar --to {base}",
    ):
        assert ended(command)[0] == 0
    return base


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ended(command: str) -> tuple[int, str]:
    """Run a command line in this process, and return its exit status and the last line it printed."""
    said = io.StringIO()
    with redirect_stdout(io.TextIOWrapper(io.BytesIO())), redirect_stderr(said):
        status = main(command.split())
    assert "Traceback" not in said.getvalue()
    last = said.getvalue().splitlines()[-1:] or [""]
    return status, last[0].removeprefix("pybackup: ")


def command(verb: str) -> str:
    return f"{verb} {COMMANDS[verb]}".format(x="in", y="out")


def agree(found: tuple[int, str], wanted: tuple[int, str]) -> bool:
    return found[0] == wanted[0] and re.fullmatch(wanted[1].format(x="in", y="out"), found[1]) is not None


def give(verb: str, made: Path) -> None:
    """Put an input that the verb accepts at the path of its input."""
    if verb in TREES:
        shutil.copytree(made / "tree", "in")
    else:
        names = {"structure restore": "structure", "disc burn": "whole.iso"}
        shutil.copyfile(made / names.get(verb, "whole.xtar"), "in")


def test_all_verbs_are_here() -> None:
    # Verbs that take a database, job files, a directory of snapshots or of staging have tests of their own, and the one
    # that ends when somebody unmounts.
    others = ("catalogue", "jobs", "mount", "run", "snapshot", "stage")
    archives = {verb for verb in verbs.SUMMARIES if verb.split()[0] not in others}
    assert {*COMMANDS} == archives - {"completion"}


@pytest.mark.parametrize("verb", COMMANDS)
def test_once_and_again(verb: str, made: Path) -> None:
    give(verb, made)
    first = ended(command(verb))
    assert first[0] == (2 if verb == "rebuild" else 0), first
    found = ended(command(verb))
    assert agree(found, AGAIN[verb]), found


@pytest.mark.parametrize("verb", COMMANDS)
def test_no_input(verb: str) -> None:
    found = ended(command(verb))
    assert agree(found, (2, "in: (no such file|No such file or directory)")), found
    assert os.listdir() == []


@pytest.mark.parametrize("verb", [verb for verb in COMMANDS if verb not in TREES])
def test_unreadable_input(verb: str) -> None:
    """Make a symbolic link that points to itself: not even root can read it."""
    os.symlink("in", "in")
    found = ended(command(verb))
    said = "" if verb == "disc check" else "in: Too many levels of symbolic links"  # a row of its table says it
    assert agree(found, (5, said)), found
    assert os.listdir() == ["in"]


@pytest.mark.parametrize("kind", ["directory", "empty", "foreign"])
@pytest.mark.parametrize("verb", TABLE)
def test_other_input(verb: str, kind: str) -> None:
    if kind == "directory":
        os.mkdir("in")
    else:
        Path("in").write_bytes(b"" if kind == "empty" else b"nothing of the kind\n" * 500)
    found = ended(command(verb))
    wanted = TABLE[verb][("directory", "empty", "foreign").index(kind)]
    assert agree(found, wanted), found
    if wanted is not DONE:
        assert os.listdir() == ["in"]


@pytest.mark.parametrize("verb", [*MAKES_FILE, *MAKES_DIRECTORY])
def test_the_output_is_a_file_already(verb: str, made: Path) -> None:
    give(verb, made)
    Path("out").write_text("mine")
    found = ended(command(verb))
    said = "{y}: exists; --overwrite replaces it" if verb in MAKES_FILE else ".*out:? is no directory"
    assert agree(found, (2, said)), found
    assert Path("out").read_text() == "mine"


@pytest.mark.parametrize("verb", [*MAKES_FILE, *MAKES_DIRECTORY])
def test_the_output_is_a_directory_already(verb: str, made: Path) -> None:
    give(verb, made)
    os.mkdir("out")
    Path("out/mine").write_text("mine")
    found = ended(command(verb))
    assert agree(found, (2, "{y}: is a directory; name a file in it") if verb in MAKES_FILE else DONE), found
    assert Path("out/mine").read_text() == "mine"


_PACKAGE = os.path.dirname(pybackup.__file__)


class Interrupting:
    """Raises KeyboardInterrupt at the n-th call of a function of the package since the start of the verb."""

    def __init__(self, at: int | None) -> None:
        self.calls = 0
        self._at = at

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(_PACKAGE) and not name.startswith(f"{_PACKAGE}/cli/"):
            self.calls += 1
            if self.calls == self._at:
                sys.setprofile(None)
                raise KeyboardInterrupt


def interrupted(verb: str, at: int | None, monkeypatch: pytest.MonkeyPatch) -> tuple[int, tuple[int, str]]:
    """Run a verb, interrupted at a call; return the number of calls, and the exit status."""
    profile = Interrupting(at)
    # Where Python loses what is raised, in finalizers, whoever uses the library tries again, as this does.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: sys.setprofile(Interrupting(1)))
    sys.setprofile(profile)
    try:
        found = ended(command(verb))
    finally:
        sys.setprofile(None)
    return profile.calls, found


@pytest.mark.parametrize("verb", [verb for verb in COMMANDS if verb not in ("rebuild", "disc burn")])
def test_ctrl_c_at_ten_moments(verb: str, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give(verb, made)
    ended(command(verb).replace("out", "warm"))  # modules are loaded
    shutil.rmtree("warm", ignore_errors=True)
    for left in ("warm", "in.xpar"):
        if os.path.isfile(left):
            os.unlink(left)
    calls, _ = interrupted(verb, None, monkeypatch)
    for moment in range(10):
        for left in ("out", "in.xpar"):
            if os.path.isdir(left):
                shutil.rmtree(left)
            elif os.path.exists(left):
                os.unlink(left)
        _, found = interrupted(verb, 1 + calls * moment // 10, monkeypatch)
        assert found == (130, "interrupted")
        names = [path.name for path in tmp_path.rglob("*")]
        assert [name for name in names if name.startswith(".pybackup-") or name.endswith((".tmp", ".partial"))] == []
        assert verb not in MAKES_FILE or not os.path.exists("out")
