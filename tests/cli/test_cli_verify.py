"""pybackup verify, as a process."""

import json
import os
from pathlib import Path

import pytest
from kit.command import lines, parsed, run
from kit.damage import invert
from kit.trees import plant_docs


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive with one file large enough to be hit by damage."""
    docs = plant_docs(tmp_path)
    (docs / "noise.jpg").write_bytes(bytes(range(256)) * 400)
    assert run("create", "docs", "--quiet", cwd=tmp_path).returncode == 0
    return tmp_path / "docs.xtar"


@pytest.fixture
def bare(archive: Path) -> Path:
    """The same archive without parity."""
    assert run("create", "docs", "--quiet", "--parity", "none", "--overwrite", cwd=archive.parent).returncode == 0
    return archive


@pytest.mark.parametrize("depth", [[], ["--deep"]])
def test_intact(archive: Path, depth: list[str]) -> None:
    done = run("verify", archive, *depth)
    assert (done.returncode, done.stderr) == (0, b"")
    assert lines(done.stdout)[0].startswith(f"{archive}: intact: 8 files, ")
    quiet = run("verify", archive, *depth, "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, b"", b"")
    told = parsed(run("verify", archive, *depth, "--json"))
    assert (told["state"], told["files"], told["damage"], told["files_damaged"]) == ("intact", 8, [], [])


def test_a_lost_file_is_beyond_repair_and_named(bare: Path) -> None:
    invert(bare, bare.read_bytes().index(bytes(range(256))) + 5000, 2)
    done = run("verify", bare)
    assert done.returncode == 4
    assert "damaged beyond repair" in lines(done.stdout)[0]
    assert "  lost: docs/noise.jpg" in lines(done.stdout)
    assert (done.stdout + done.stderr).count(b"docs/noise.jpg") == 1
    assert "1 of 8 files lost" in lines(done.stdout)[0]
    quiet = run("verify", bare, "--quiet", "--json")
    assert quiet.returncode == 4
    assert parsed(quiet)["files_damaged"] == [{"text": "docs/noise.jpg"}]
    assert sum("docs/noise.jpg" in line for line in lines(quiet.stderr)) == 1


def test_a_damaged_index_is_repairable(bare: Path) -> None:
    """The last 512 bytes are not content of any file."""
    invert(bare, bare.stat().st_size - 512, 512)
    done = run("verify", bare)
    assert done.returncode == 3
    assert "damaged, but no content is lost" in lines(done.stdout)[0]
    assert any(line.startswith("  damaged: ") for line in lines(done.stdout))
    assert parsed(run("verify", bare, "--json"))["state"] == "repairable"


def test_parity_makes_it_repairable(archive: Path) -> None:
    invert(archive, archive.read_bytes().index(bytes(range(256))) + 5000, 2000)
    done = run("verify", archive)
    assert done.returncode == 3
    first, parity, *rest = lines(done.stdout)
    assert "'pybackup repair' restores all of it" in first
    assert parity.startswith("  parity: ")
    assert parity.endswith(" left to spare")
    assert any(line.startswith("  bad: ") and line.endswith(" sectors of data") for line in rest)
    assert "  needs repair: docs/noise.jpg" in rest
    told = parsed(run("verify", archive, "--json"))["parity"]
    assert (told["state"], told["groups_beyond"]) == ("repairable", 0)
    assert 1 <= told["bad_sectors"]["data"] <= 2


def test_more_than_parity_is_beyond(archive: Path) -> None:
    invert(archive, 2048 * 10, 2048 * 20)
    done = run("verify", archive)
    assert done.returncode == 4
    assert "beyond repair" in lines(done.stdout)[1]


def test_against_the_same_tree(archive: Path, tmp_path: Path) -> None:
    for against in (tmp_path, tmp_path / "docs"):
        done = run("verify", archive, "--against", against)
        assert (done.returncode, done.stderr) == (0, b"")
        assert lines(done.stdout)[-1].endswith(f": 0 differences to {against}")


def test_against_a_tree_that_differs(archive: Path, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    (docs / "letter.txt").write_text("other")
    (docs / "sub/b.txt").unlink()
    (docs / "sub/b.txt").mkdir()
    (docs / "sub/b.tmp").unlink()
    (docs / "extra").touch()
    done = run("verify", archive, "--against", docs)
    assert done.returncode == 1
    assert done.stderr == b""
    shown = lines(done.stdout)
    assert any(line.startswith("docs/letter.txt: ") and "size" in line and "time" in line for line in shown)
    assert any(line.startswith("docs/sub/b.txt: type: ") for line in shown)
    assert any(line.startswith("docs/sub/b.tmp: missing: ") for line in shown)
    assert any(line.startswith("docs/extra: extra: ") for line in shown)
    quiet = run("verify", archive, "--against", docs, "--quiet")
    assert (quiet.returncode, quiet.stderr) == (1, b"")
    assert lines(quiet.stdout) == [line for line in shown[1:-1] if not line.startswith(" ")]
    told = parsed(run("verify", archive, "--against", docs, "--json"))
    kinds = {difference["path"]["text"]: difference["kinds"] for difference in told["differences"]}
    assert kinds["docs/extra"] == ["extra"]
    assert kinds["docs/sub/b.tmp"] == ["missing"]


@pytest.mark.parametrize(("step_ns", "cut"), [(2 * 10**9, True), (10**7, True), (100, True), (3, False)])
def test_against_a_tree_whose_times_were_cut(tmp_path: Path, step_ns: int, cut: bool) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file").write_bytes(b"text")
    times_ns = {tree: 1_700_000_001_987_654_321, tree / "file": 1_600_000_001_987_654_321}
    for path, mtime_ns in times_ns.items():
        os.utime(path, ns=(0, mtime_ns))
    assert run("create", tree, "-o", tmp_path / "a.xtar").returncode == 0
    for path, mtime_ns in times_ns.items():
        os.utime(path, ns=(0, mtime_ns // step_ns * step_ns if cut else mtime_ns + step_ns))
    done = run("verify", tmp_path / "a.xtar", "--against", tree)
    assert done.returncode == (0 if cut else 1)
    assert done.stderr.count(b"FAT to 2 s") == (1 if cut else 0)
    assert (b"tree/file: time: modified" in done.stdout) == (not cut)


def test_one_of_which_nothing_is_left_stops_no_other(tmp_path: Path) -> None:
    """Regression: it was ignored in a directory, with status 0, and ended the run if it was named."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_bytes(os.urandom(50_000))
    (tmp_path / "set").mkdir()
    assert run("create", "tree", "-o", "set/b.xtar", "--quiet", cwd=tmp_path).returncode == 0
    (tmp_path / "set" / "a.xtar").write_bytes(bytes(5000))
    for names in (["set"], ["set/a.xtar", "set/b.xtar"], ["set/b.xtar", "set/a.xtar"]):
        done = run("verify", *names, cwd=tmp_path)
        assert done.returncode == 4
        said = sorted(line for line in lines(done.stdout) if not line.startswith(" "))
        assert said[0].startswith("set/a.xtar: damaged beyond repair: no archive")
        assert said[1].startswith("set/b.xtar: intact")
        assert (len(said), done.stderr) == (2, b"")
        told = [json.loads(line) for line in run("verify", *names, "--json", cwd=tmp_path).stdout.splitlines()]
        assert sorted(each["state"] for each in told) == ["beyond", "intact"]
