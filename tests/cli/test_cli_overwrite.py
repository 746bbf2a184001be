"""No verb replaces an existing file unless asked to, and then only by a complete one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path

import pytest
from kit.command import COMMAND, ENVIRONMENT, Arguments, run

# What each verb is to write, in a directory where `docs` is a tree and `a.xtar` an archive of it, damaged `hurt.xtar`.
_SET = ("--volume-size", "2M", "--name", "docs")
WRITERS: dict[str, tuple[Arguments, str]] = {
    "create": (["create", "docs", "-o", "out"], "out"),
    "create by default": (["create", "docs"], "docs.xtar"),
    "sidecar of create": (["create", "docs", "-o", "new", "--parity-sidecar"], "new.xpar"),
    "volumes": (["create", "docs", "--volumes", "set", *_SET], "set/docs-001.xtar"),
    "recovery volumes": (
        ["protect", "volumes", "--recovery-volumes", "1", "--first-number", "1"],
        "volumes/docs-R01.xtar",
    ),
    "protect": (["protect", "other"], "other.xpar"),
    "repair": (["repair", "hurt.xtar", "-o", "out"], "out"),
    "structure save": (["structure", "save", "docs", "-o", "out"], "out"),
    "page": (["verify", "a.xtar", "--html", "out.html"], "out.html"),
    "report": (["salvage", "a.xtar", "--to", "back", "--report", "out.json"], "out.json"),
}
# Verbs refuse, whatever is asked for, to replace what was never made by them.
_ANY_FILE = {"repair", "page", "report", "recovery volumes", "volumes"}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("ground")
    (base / "docs").mkdir()
    (base / "docs/letter").write_bytes(os.urandom(9000))
    (base / "other").write_text("other")
    assert run("create", "docs", "-o", "a.xtar", cwd=base).returncode == 0
    assert run("create", "docs", "--volumes", "volumes", *_SET, cwd=base).returncode == 0
    data = bytearray((base / "a.xtar").read_bytes())
    data[4096:6144] = bytes(2048)
    (base / "hurt.xtar").write_bytes(data)
    return base


@pytest.fixture
def place(ground: Path, tmp_path: Path) -> Path:
    """A directory for one test, with links to all inputs."""
    for entry in ground.iterdir():
        if entry.name == "volumes":
            (tmp_path / "volumes").mkdir()
            for volume in entry.iterdir():
                os.link(volume, tmp_path / "volumes" / volume.name)
        else:
            (tmp_path / entry.name).symlink_to(entry)
    (tmp_path / "docs").unlink()
    (tmp_path / "docs").mkdir()
    os.link(ground / "docs/letter", tmp_path / "docs/letter")
    return tmp_path


def found(place: Path) -> list[str]:
    return sorted(os.fspath(path.relative_to(place)) for path in place.rglob("*"))


@pytest.mark.parametrize("verb", WRITERS)
def test_what_exists_stays_until_it_is_said_to_be_replaced(verb: str, place: Path) -> None:
    words, output = WRITERS[verb]
    first = run(*words, cwd=place)
    assert first.returncode == 0, first.stderr
    made = (place / output).read_bytes()
    inode = (place / output).stat().st_ino
    before = found(place)
    again = run(*words, cwd=place)
    assert again.returncode == 2
    assert b"exists" in again.stderr or b"contains a volume already" in again.stderr
    assert b"--overwrite" in again.stderr
    assert (place / output).stat().st_ino == inode
    assert found(place) == before
    always = ["always"] if verb == "report" else []
    last = run(*words, "--overwrite", *always, cwd=place)
    assert last.returncode == 0, last.stderr
    assert (place / output).stat().st_ino != inode
    if verb not in ("page", "report"):
        assert (place / output).read_bytes() == made
    assert found(place) == before


@pytest.mark.parametrize("verb", WRITERS)
def test_what_is_no_regular_file_is_never_replaced(verb: str, place: Path) -> None:
    words, output = WRITERS[verb]
    os.makedirs((place / output).parent, exist_ok=True)
    os.mkfifo(place / output)
    before = found(place)
    for more in ([], ["--overwrite", *(["always"] if verb == "report" else [])]):
        done = run(*words, *more, cwd=place)
        assert done.returncode == 2, done.stderr
        assert b"is no regular file" in done.stderr
        assert found(place) == before


@pytest.mark.parametrize("verb", [verb for verb in WRITERS if verb not in _ANY_FILE])
def test_a_slip_of_the_hand_costs_no_photo(verb: str, place: Path) -> None:
    words, output = WRITERS[verb]
    (place / output).write_bytes(b"\xff\xd8 a photo" * 99)
    done = run(*words, "--overwrite", cwd=place)
    assert done.returncode == 2
    assert b"exists and is no" in done.stderr
    assert (place / output).read_bytes() == b"\xff\xd8 a photo" * 99


def test_directories_of_an_output_are_made_by_each_verb(place: Path) -> None:
    """Verbs that are not given the name of an output are left out."""
    for number, (verb, (words, output)) in enumerate(WRITERS.items()):
        if output in words:
            deep = f"no/such/{number}/{output}"
            done = run(*(deep if word == output else word for word in words), cwd=place)
            assert done.returncode == 0, (verb, done.stderr)
            assert (place / deep).is_file()


def test_another_set_is_not_put_among_volumes(place: Path) -> None:
    before = found(place)
    for more in ([], ["--overwrite"]):
        done = run("create", "docs", "--volumes", "volumes", "--volume-size", "2M", "--name", "new", *more, cwd=place)
        assert done.returncode == 2
        assert b"docs-001.xtar: belongs to another set, docs" in done.stderr
        assert found(place) == before


@pytest.mark.parametrize("recovery", [(), ("--recovery-volumes", "2")])
def test_a_smaller_set_leaves_nothing_of_the_one_that_it_replaces(place: Path, recovery: tuple[str, ...]) -> None:
    """Regression: volumes of the old set with higher numbers stayed, and were taken for those of the new set."""
    (place / "tree").mkdir()
    for number in range(4):
        (place / "tree" / str(number)).write_bytes(os.urandom(600_000))
    create = ("create", "tree", "--volumes", "set", "--volume-size", "1M")
    assert run(*create, *recovery, cwd=place).returncode == 0
    before = {path.name for path in (place / "set").iterdir()}
    assert len(before) == 3 + len(recovery)
    # What merely is called so is nobody's but its owner's.
    for name in ("tree-009.xtar", "notes.txt"):
        (place / "set" / name).write_bytes(b"mine")
    for number in (1, 2, 3):
        (place / "tree" / str(number)).unlink()
    done = run(*create, "--overwrite", cwd=place)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (place / "set").iterdir()} == {"tree-001.xtar", "tree-009.xtar", "notes.txt"}
    removed = before - {"tree-001.xtar"}
    assert all(
        f"set/{name}: removed; it belongs to the set that was replaced" in done.stderr.decode() for name in removed
    )
    (place / "set/tree-009.xtar").unlink()
    assert run("verify", "set", cwd=place).returncode == 0
    assert b"tree/0" in run("list", "set", cwd=place).stdout


def test_a_rebuilt_volume_replaces_what_it_is_told_to_and_no_more(place: Path) -> None:
    create = ("create", "docs", "--volumes", "whole", "--volume-size", "1M", "--recovery-volumes", "1")
    assert run(*create, cwd=place).returncode == 0
    (volume,) = (path for path in (place / "whole").iterdir() if "R" not in path.stem)
    right = volume.read_bytes()
    (place / "back").mkdir()
    volume.rename(place / "back" / volume.name)
    for content, more, status in (
        (b"a photo" * 999, (), 2),
        (b"a photo" * 999, ("--overwrite",), 0),
        (right[: len(right) // 3], ("--overwrite",), 0),
        (right, (), 0),
        (right, ("--overwrite",), 0),
    ):
        (place / "back" / volume.name).write_bytes(content)
        (place / "back/mine").write_bytes(b"mine")
        done = run("rebuild", "whole", "--to", "back", *more, cwd=place)
        assert done.returncode == status, done.stderr
        there = (place / "back" / volume.name).read_bytes()
        assert there == (content if status else right)
        assert {path.name for path in (place / "back").iterdir()} == {volume.name, "mine"}


def test_a_public_tree_gives_public_results(place: Path) -> None:
    """Output made of files that everybody can read can be read by everybody too, as far as the umask permits."""
    top = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        top.chmod(0o755)
        (top / "docs").mkdir(mode=0o755)
        (top / "docs/letter").write_bytes(b"Dear reader" * 99)
        (top / "docs/letter").chmod(0o644)
        for umask, mode in ((0o022, 0o644), (0o027, 0o640), (0o077, 0o600)):
            made = top / f"{umask:o}"
            made.mkdir(mode=0o755)
            made.chmod(0o755)
            public = partial(subprocess.run, cwd=made, umask=umask, check=True, capture_output=True)
            for words in (
                ("create", "../docs", "-o", "a.xtar"),
                ("create", "../docs", "--volumes", "set", "--volume-size", "1M"),
                ("protect", "../docs/letter", "-o", "letter.xpar"),
                ("disc", "build", "a.xtar", "--to", "."),
                ("verify", "a.xtar", "--html", "a.html"),
                ("repair", "a.xtar", "-o", "fixed.xtar"),
            ):
                public([*COMMAND, *words], env=ENVIRONMENT)
            files = [path for path in made.rglob("*") if path.is_file()]
            assert len(files) == 6
            assert {path.name: path.stat().st_mode & 0o777 for path in files} == {path.name: mode for path in files}
    finally:
        shutil.rmtree(top)


def test_what_comes_there_meanwhile_is_not_replaced(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pybackup.errors import Exists
    from pybackup.host.output import Output

    path = place / "late"
    with Output(os.fsencode(path), replace=False) as output:
        output.write(b"ours")
        path.write_text("theirs")
        with pytest.raises(Exists, match="late: exists"):
            output.publish()
    assert path.read_text() == "theirs"
    assert [name for name in os.listdir(place) if name.endswith(".tmp")] == []


def test_results_are_read_by_nobody_who_could_not_read_what_they_are_made_of(place: Path) -> None:
    place.chmod(0o755)
    os.umask(0o022)
    for mode in (0o600, 0o640, 0o644):
        secret, archive = place / "secret", place / "secret.xtar"
        for left in place.glob("secret*"):
            left.unlink()
        secret.write_bytes(b"secret" * 999)
        secret.chmod(mode)
        for words in (["protect", "secret"], ["create", "secret"], ["verify", "secret.xtar", "--html", "secret.html"]):
            assert run(*words, cwd=place).returncode == 0
        # What lies above it counts as well: pytest's directories are its user's alone.
        modes = {(place / name).stat().st_mode & 0o777 for name in ("secret.xpar", "secret.xtar", "secret.html")}
        assert modes == {0o600}
        archive.chmod(mode)
        assert run("repair", "secret.xtar", "-o", "secret.fixed", cwd=place).returncode == 0
        assert (place / "secret.fixed").stat().st_mode & 0o777 == 0o600


def test_json_of_a_taken_name(place: Path) -> None:
    assert run("create", "docs", cwd=place).returncode == 0
    done = run("create", "docs", "--json", cwd=place)
    assert (done.returncode, done.stdout) == (2, b"")
