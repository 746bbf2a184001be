"""pybackup list, info, extract, unpack and structure, as processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from kit.command import ENVIRONMENT, Arguments, lines, parsed, run
from kit.trees import plant_docs


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with docs and docs.xtar, which tests do not change."""
    root = tmp_path_factory.mktemp("archived")
    plant_docs(root)
    assert run("create", "docs", "--quiet", "--comment", "a \x1b[31mcomment", cwd=root).returncode == 0
    return root


@pytest.fixture(scope="module")
def headless(archived: Path) -> Path:
    """The archive cut off in the middle: its indexes and some of its files are lost."""
    data = (archived / "docs.xtar").read_bytes()
    path = archived / "headless.xtar"
    path.write_bytes(data[: len(data) // 3])
    return path


def test_list(archived: Path) -> None:
    done = run("list", archived / "docs.xtar")
    assert (done.returncode, done.stderr) == (0, b"")
    shown = lines(done.stdout)
    assert len(shown) == 12
    assert {"docs", "docs/new\\nline", "docs/lat\\xff", "docs/back\\\\slash", "docs/\\x1b[31mred"} <= set(shown)
    exact = run("list", "--null", archived / "docs.xtar").stdout.split(b"\0")
    assert {b"docs/new\nline", b"docs/lat\xff", b"docs/back\\slash"} <= set(exact)


def test_list_of_what_matches(archived: Path) -> None:
    done = run("list", archived / "docs.xtar", "docs/sub", "*.txt")
    assert lines(done.stdout) == ["docs/letter.txt", "docs/sub", "docs/sub/b.tmp", "docs/sub/b.txt"]


def test_long_list(archived: Path) -> None:
    shown = lines(run("list", "--long", archived / "docs.xtar").stdout)
    status = (archived / "docs/letter.txt").stat()
    (letter,) = (line for line in shown if line.endswith(":13 docs/letter.txt"))
    assert letter.startswith("-rw-")
    assert f" {status.st_size} 2023-11-14 22:13 docs/letter.txt" in letter
    assert any(line.startswith("l") and line.endswith(" docs/link -> letter.txt") for line in shown)
    assert any(line.startswith("h") and line.endswith(" docs/twin link to docs/letter.txt") for line in shown)


def test_json_list(archived: Path) -> None:
    entries = [json.loads(line) for line in run("list", "--json", archived / "docs.xtar").stdout.splitlines()]
    assert len(entries) == 12
    (letter,) = (entry for entry in entries if entry["path"] == {"text": "docs/letter.txt"})
    assert (letter["kind"], letter["size"], letter["mtime_ns"]) == ("file", 600, 1_700_000_000_123_456_789)
    assert {"bytes": "ZG9jcy9sYXT/"} in [entry["path"] for entry in entries]
    (twin,) = (entry for entry in entries if entry["kind"] == "hardlink")
    assert twin["target"] == {"text": "docs/letter.txt"}


NOT_FOR_A_LIST = {
    # Of others, which take long to load.
    "py7zr",
    "tqdm",
    "multiprocessing",
    "reedsolo",
    "tempfile",
    # What only sets, chains, and damaged archives need.
    "pybackup.archive.chain",
    "pybackup.archive.joined",
    "pybackup.codes.rs255_repair",
    "pybackup.container.scan",
    "pybackup.layout.guard",
    "pybackup.mend.mender",
}


def test_list_loads_what_it_needs_and_no_more(archived: Path) -> None:
    code = "import sys; from pybackup.cli.main import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    for arguments, unwanted in (
        (["list", archived / "docs.xtar"], NOT_FOR_A_LIST),
        (["--version"], NOT_FOR_A_LIST | {"numpy"}),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], env=ENVIRONMENT, capture_output=True, check=True, timeout=60
        )
        loaded = set(done.stderr.decode().split())
        assert not unwanted & loaded
        # What ends a process is there before anything else; it loads nothing.
        assert {name for name in loaded if name.startswith("pyactivity.")} == {"pyactivity.ending"}


def test_info(archived: Path) -> None:
    done = run("info", archived / "docs.xtar")
    shown = dict(line.split(":", 1) for line in lines(done.stdout))
    assert done.returncode == 0
    assert shown["entries"].strip() == "12 (7 files, 3 directories, 2 links)"
    assert shown["comment"].strip() == "a \\x1b[31mcomment"
    told = parsed(run("info", "--json", archived / "docs.xtar"))
    assert (told["files"], told["complete"], told["damage"]) == (7, True, [])
    assert told["archive_bytes"] == (archived / "docs.xtar").stat().st_size


def test_extract(archived: Path, tmp_path: Path) -> None:
    done = run("extract", archived / "docs.xtar", "--to", tmp_path / "out")
    assert (done.returncode, done.stdout) == (0, b"")
    (said,) = lines(done.stderr)
    assert ": 7 of 7 files, " in said
    assert said.endswith(", 0 problems")
    subprocess.run(["diff", "-r", "--no-dereference", archived / "docs", tmp_path / "out/docs"], check=True)


def test_extract_does_not_replace_and_names_what_it_did_not(archived: Path, tmp_path: Path) -> None:
    target: Arguments = ["extract", archived / "docs.xtar", "docs/letter.txt", "--to", tmp_path]
    assert run(*target, "--quiet").returncode == 0
    (tmp_path / "docs/letter.txt").write_text("mine")
    done = run(*target)
    assert done.returncode == 1
    assert sum("docs/letter.txt: exists: " in line for line in lines(done.stderr)) == 2
    quiet = run(*target, "--quiet", "--json")
    assert [line.split(":")[1].strip() for line in lines(quiet.stderr)] == ["docs/letter.txt", "1 problem"]
    assert [problem["trouble"] for problem in parsed(quiet)["problems"]] == ["exists"]
    (tmp_path / "docs/letter.txt").write_text("mine")
    assert run(*target, "--overwrite", "older").returncode == 1
    assert (tmp_path / "docs/letter.txt").read_text() == "mine"
    os.utime(tmp_path / "docs/letter.txt", (0, 0))
    assert run(*target, "--overwrite", "older").returncode == 0
    (tmp_path / "docs/letter.txt").write_text("mine")
    assert run(*target, "--overwrite", "always", "--workers", "2", "--numeric-owner", "--no-owner").returncode == 0
    assert (tmp_path / "docs/letter.txt").read_bytes() == (archived / "docs/letter.txt").read_bytes()


@pytest.mark.parametrize("overwrite", ["never", "older", "always"])
def test_what_is_the_same_already_is_done(archived: Path, tmp_path: Path, overwrite: str) -> None:
    """A second run over the files, links, segments and holes that the first one restored changes nothing."""
    plant_docs(tmp_path)
    with open(tmp_path / "docs/sparse", "wb") as sparse:
        sparse.seek(3 << 20)
        sparse.write(b"end")
    (tmp_path / "docs/long").write_bytes(os.urandom(3 << 20))
    assert run("create", "docs", "-o", "all.xtar", "--segment-size", "1M", cwd=tmp_path).returncode == 0
    command: Arguments = ["extract", "all.xtar", "--to", "out", "--overwrite", overwrite]
    first = run(*command, cwd=tmp_path)
    inodes = {path: path.lstat().st_ino for path in tmp_path.glob("out/**/*")}
    again = run(*command, cwd=tmp_path)
    assert (first.returncode, again.returncode) == (0, 0)
    (said,) = lines(again.stderr)
    assert ": 9 of 9 files, " in said
    assert said.endswith(", 0 problems")
    subprocess.run(["diff", "-r", "--no-dereference", tmp_path / "docs", tmp_path / "out/docs"], check=True)
    if overwrite != "always":
        assert {path: path.lstat().st_ino for path in tmp_path.glob("out/**/*")} == inodes
    # What differs is named, and so is what replaces it.
    (tmp_path / "out/docs/long").write_bytes(bytes(3 << 20))
    (tmp_path / "out/docs/letter.txt").unlink()
    last = run(*command, cwd=tmp_path)
    assert (tmp_path / "out/docs/letter.txt").exists()
    if overwrite == "always":
        assert last.returncode == 0
    else:
        assert last.returncode == 1
        named = [line.removeprefix("pybackup: ") for line in lines(last.stderr) if ": exists: " in line]
        # As it happens, and again at the end.
        assert [line.split(":")[0] for line in named] == ["docs/long", "  docs/long"]
        assert b"--overwrite always replaces it" in last.stderr
        assert (tmp_path / "out/docs/long").read_bytes() == bytes(3 << 20)


@pytest.mark.parametrize("overwrite", ["never", "older", "always"])
def test_two_entries_never_become_one(tmp_path: Path, overwrite: str) -> None:
    for name in ("x/a", "y/a", "x/d/1", "y/d/2"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    assert run("create", "x", "y", "-o", "xy.xtar", cwd=tmp_path).returncode == 0
    command: Arguments = ["extract", "xy.xtar", "--strip-components", "1", "--overwrite", overwrite, "--to", "out"]
    done = run(*command, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"x/a and y/a would both become a" in done.stderr
    assert not (tmp_path / "out").exists()
    # Directories do.
    done = run(*command[:2], "x/d", "y/d", *command[2:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out/d").iterdir()) == ["1", "2"]


def test_extract_parts_with_components_cut_off(archived: Path, tmp_path: Path) -> None:
    parts: Arguments = [archived / "docs.xtar", "docs/sub/*.txt", "--strip-components", "1", "--to", tmp_path]
    shown = lines(run("extract", *parts, "--dry-run").stdout)
    assert shown[:-1] == ["sub/", "sub/b.txt"]
    assert shown[-1].endswith(": would get 2 entries, 1 file of 4 B")
    assert list(tmp_path.iterdir()) == []
    plan = parsed(run("extract", *parts, "--dry-run", "--json"))
    assert plan["paths"] == [{"text": "sub"}, {"text": "sub/b.txt"}]
    assert run("extract", *parts, "--quiet").returncode == 0
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "sub", tmp_path / "sub/b.txt"]


@pytest.mark.parametrize("pattern", [b"docs/letter.txt", b"docs/twin", b"*/letter*", b"./docs/letter.txt"])
def test_extract_to_stdout(archived: Path, pattern: bytes) -> None:
    done = run("extract", archived / "docs.xtar", pattern, "--stdout")
    assert (done.returncode, done.stdout, done.stderr) == (0, (archived / "docs/letter.txt").read_bytes(), b"")


def test_what_is_lost_is_said_and_changes_the_status(headless: Path, tmp_path: Path) -> None:
    verbs: list[Arguments] = [["list", headless], ["info", headless], ["extract", headless, "--to", tmp_path]]
    for verb in verbs:
        done = run(*verb)
        assert done.returncode == 1
        assert sum(": lost: " in line for line in lines(done.stderr)) >= 2
    assert "note: the entries were found by the member headers" in run("list", headless).stderr.decode()
    assert b"note" not in run("list", "--quiet", headless).stderr
    assert run("list", "--quiet", headless, "docs/*").returncode == 1
    assert run("extract", "--quiet", headless, "docs", "--to", tmp_path / "part").returncode == 1


def test_unpack(archived: Path, tmp_path: Path) -> None:
    done = run("unpack", archived / "docs.xtar", "--to", tmp_path / "members")
    assert done.returncode == 0
    assert "members, " in lines(done.stderr)[0]
    assert (tmp_path / "members/docs/letter.txt.7z").exists()
    result = parsed(run("unpack", archived / "docs.xtar", "--to", tmp_path / "again", "--json", "--quiet"))
    assert (result["members"], result["problems"]) == (7, [])


def test_unpack_a_second_time_is_done_and_leaves_what_differs(archived: Path, tmp_path: Path) -> None:
    out = tmp_path / "members"
    command: Arguments = ["unpack", archived / "docs.xtar", "--to", out]
    assert run(*command).returncode == 0
    made = {path: (path.lstat().st_ino, path.read_bytes()) for path in out.rglob("*") if path.is_file()}
    again = run(*command)
    assert (again.returncode, len(lines(again.stderr))) == (0, 1)
    assert ": 7 members, " in lines(again.stderr)[0]
    assert made == {path: (path.lstat().st_ino, path.read_bytes()) for path in out.rglob("*") if path.is_file()}
    # One that is missing is written; what differs, by its length or not, stays and is named: there is no --overwrite.
    shorter, other, gone = out / "docs/letter.txt.7z", out / ".pybackup/README.txt", out / "docs/sub/b.txt.7z"
    assert {shorter, other, gone} < set(made)
    shorter.write_bytes(made[shorter][1][:-1])
    other.write_bytes(made[other][1].swapcase())
    gone.unlink()
    done = run(*command)
    assert done.returncode == 1
    named = {
        line.removeprefix("pybackup:").split(":")[0].strip() for line in lines(done.stderr) if ": exists: " in line
    }
    assert named == {".pybackup/README.txt", "docs/letter.txt.7z"}
    assert b"what exists with other content stays; choose another directory" in done.stderr
    assert b"--overwrite" not in done.stderr
    assert gone.read_bytes() == made[gone][1]
    assert (shorter.read_bytes(), other.read_bytes()) == (made[shorter][1][:-1], made[other][1].swapcase())


def test_structure(archived: Path, tmp_path: Path) -> None:
    saved = parsed(run("structure", "save", archived / "docs", "-o", tmp_path / "s.tar", "--json", "--exclude", "sub"))
    assert saved["entries"] == 3
    assert saved["bytes"] == (tmp_path / "s.tar").stat().st_size
    restored = parsed(run("structure", "restore", tmp_path / "s.tar", "--to", tmp_path / "a", "--json"))
    assert (restored["entries"], restored["problems"]) == (3, [])
    assert sorted(path.name for path in (tmp_path / "a").rglob("*")) == ["docs", "empty", "link"]
    done = run("structure", "restore", archived / "docs.xtar", "--to", tmp_path / "b", "--quiet")
    assert (done.returncode, done.stderr) == (0, b"")
    assert sorted(path.name for path in (tmp_path / "b").rglob("*")) == ["docs", "empty", "link", "sub"]


def test_what_damage_cost_comes_back_by_parity_or_is_said_to_be_lost(tmp_path: Path) -> None:
    docs = plant_docs(tmp_path)
    (docs / "noise.jpg").write_bytes(bytes(range(256)) * 400)
    for parity, comes_back in (("10%", True), ("none", False)):
        archive = tmp_path / f"{comes_back}.xtar"
        assert run("create", docs, "-o", archive, "--quiet", "--parity", parity).returncode == 0
        data = bytearray(archive.read_bytes())
        at = data.index(bytes(range(256))) + 5000
        data[at : at + 9] = b"\xff" * 9
        archive.write_bytes(data)
        done = run("extract", archive, "--to", tmp_path / f"out-{comes_back}")
        assert done.returncode == (0 if comes_back else 1)
        restored = tmp_path / f"out-{comes_back}/docs/noise.jpg"
        assert restored.exists() == comes_back
        assert not comes_back or restored.read_bytes() == bytes(range(256)) * 400
        assert (b"came back by parity" in done.stderr) == comes_back
        assert (b"pybackup salvage" in done.stderr) != comes_back
        assert archive.read_bytes() == data
        done = run("extract", archive, "docs/noise.jpg", "--stdout", "--work-dir", tmp_path)
        assert done.returncode == (0 if comes_back else 4)
        assert done.stdout == (bytes(range(256)) * 400 if comes_back else b"")
        assert not [path for path in tmp_path.iterdir() if "mended" in path.name]
