"""pybackup create, as a process."""

import json
import os
from pathlib import Path

import pytest
from kit.command import Arguments, lines, parsed, run
from kit.trees import plant_docs


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return plant_docs(tmp_path)


def names(archive: Path) -> list[bytes]:
    done = run("list", "--null", archive)
    assert done.returncode == 0
    return done.stdout.split(b"\0")[:-1]


def test_the_archive_is_named_after_its_source(docs: Path, tmp_path: Path) -> None:
    for source in ("docs", "docs/", "../" + tmp_path.name + "/docs"):
        done = run("create", source, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, b"")
        assert (tmp_path / "docs.xtar").exists()
        (tmp_path / "docs.xtar").unlink()
    assert run("create", ".", cwd=docs).returncode == 0
    assert (docs / "docs.xtar").exists()


def test_summary(docs: Path, tmp_path: Path) -> None:
    (said,) = lines(run("create", "docs", "--exclude", "*.tmp", cwd=tmp_path).stderr)
    assert said.startswith("pybackup: docs.xtar: 6 files, ")
    assert " in, " in said
    assert " out (" in said
    assert said.endswith(" s, 1 left out, 0 problems")


def test_quiet_is_silent(docs: Path, tmp_path: Path) -> None:
    done = run("create", "docs", "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_verbose_names_each_file_without_control_characters(docs: Path, tmp_path: Path) -> None:
    said = lines(run("create", "docs", "--verbose", cwd=tmp_path).stderr)
    assert {"docs/letter.txt", "docs/new\\nline", "docs/\\x1b[31mred", "docs/lat\\xff"} <= set(said)


def test_json(docs: Path, tmp_path: Path) -> None:
    result = parsed(run("create", "docs", "--json", "--quiet", cwd=tmp_path))
    size = (tmp_path / "docs.xtar").stat().st_size
    assert result["archive"] == {"text": "docs.xtar"}
    assert (result["files"], result["archive_bytes"], result["problems"]) == (7, size, [])


def test_exclusions(docs: Path, tmp_path: Path) -> None:
    (tmp_path / "patterns").write_text("# comment\nlat*\n")
    (docs / "cache").mkdir()
    (docs / "cache/CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n")
    (docs / "cache/big").write_text("x")
    (docs / ".DS_Store").write_text("x")
    options: Arguments = ["--exclude", "*.tmp", "--exclude-from", tmp_path / "patterns", "--exclude-dir", "empty"]
    done = run("create", "docs", *options, "--exclude-caches", "--skip-junk", "--quiet", cwd=tmp_path)
    assert done.returncode == 0
    kept = names(tmp_path / "docs.xtar")
    assert b"docs/sub/b.txt" in kept
    left_out = {b"docs/sub/b.tmp", b"docs/lat\xff", b"docs/empty", b"docs/cache/big", b"docs/.DS_Store"}
    assert not left_out & set(kept)


def test_exclusions_that_left_nothing_out_are_noted_once(docs: Path, tmp_path: Path) -> None:
    options: Arguments = [
        "--exclude",
        "docs/sub",
        "--exclude",
        docs / "sub",
        "--exclude",
        "*.tmp",
        "--exclude-dir",
        "Sub",
    ]
    where = " has left nothing out; its path begins below the source"
    notes = [
        f"pybackup: note: pattern 'docs/sub'{where}",
        f"pybackup: note: pattern '{docs}/sub'{where}",
        "pybackup: note: directory name 'Sub' has left nothing out",
    ]
    for verb in (["create"], ["structure", "save", "-o", "saved.tar"], ["disc", "plan"]):
        done = run(*verb, "docs", *options, cwd=tmp_path)
        assert done.returncode == 0
        assert [line for line in lines(done.stderr) if "nothing out" in line] == notes


def test_since(docs: Path, tmp_path: Path) -> None:
    (docs / "new").write_text("new")
    assert run("create", "docs", "--since", "1 hour ago", "--quiet", cwd=tmp_path).returncode == 0
    assert set(names(tmp_path / "docs.xtar")) >= {b"docs/new", b"docs/empty"}
    assert b"docs/letter.txt" not in names(tmp_path / "docs.xtar")


@pytest.mark.parametrize("null", [False, True])
def test_a_list_of_files(docs: Path, tmp_path: Path, null: bool) -> None:
    wanted = [b"docs/letter.txt", b"docs/sub/b.txt", b"docs/new\nline" if null else b"docs/lat\xff"]
    listed = (b"\0" if null else b"\n").join(wanted) + b"\n" * (not null)
    (tmp_path / "list").write_bytes(listed)
    form = ["--null"] if null else []
    for name in ("-", "list"):
        options = ["--files-from", name, *form, "-o", "x.xtar", "--overwrite", "--quiet"]
        done = run("create", *options, cwd=tmp_path, stdin=listed)
        assert (done.returncode, done.stderr) == (0, b"")
        assert sorted(names(tmp_path / "x.xtar")) == sorted([b"docs", b"docs/sub", *wanted])


def test_an_empty_list_is_wrong_usage(tmp_path: Path) -> None:
    done = run("create", "--files-from", "-", "-o", "x.xtar", cwd=tmp_path)
    assert done.returncode == 2
    assert b"--files-from lists nothing" in done.stderr


def test_what_vanished_from_the_list_is_a_problem_named_twice(docs: Path, tmp_path: Path) -> None:
    options = ["--files-from", "-", "-o", "x.xtar"]
    done = run("create", *options, cwd=tmp_path, stdin=b"docs/letter.txt\ndocs/gone\n")
    assert done.returncode == 1
    said = lines(done.stderr)
    assert sum("docs/gone: vanished: " in line for line in said) == 2
    assert "pybackup: 1 problem:" in said
    assert said[-1].endswith(", 1 problem")
    again = run(
        "create", *options, "--overwrite", "--quiet", "--json", cwd=tmp_path, stdin=b"docs/letter.txt\ndocs/gone\n"
    )
    assert lines(again.stderr)[1:] == ["pybackup: 1 problem"]
    (problem,) = parsed(again)["problems"]
    assert (problem["path"], problem["trouble"]) == ({"text": "docs/gone"}, "vanished")


def test_dry_run_shows_the_plan_and_writes_nothing(docs: Path, tmp_path: Path) -> None:
    options = ["docs", "--exclude", "*.tmp", "--dry-run"]
    done = run("create", *options, cwd=tmp_path)
    shown = lines(done.stdout)
    assert done.returncode == 0
    assert shown[0] == "exclude  docs/sub/b.tmp  (pattern '*.tmp')"
    assert shown[1].startswith("docs.xtar: would hold 11 entries, 6 files of ")
    assert shown[1].endswith("; 1 left out")
    assert "include  docs/new\\nline" in lines(run("create", *options, "--verbose", cwd=tmp_path).stdout)
    plan = parsed(run("create", *options, "--json", "--verbose", cwd=tmp_path))
    assert plan["excluded"] == [{"path": {"text": "docs/sub/b.tmp"}, "reason": "pattern '*.tmp'"}]
    assert len(plan["paths"]) == plan["entries"] == 11
    assert sorted(tmp_path.iterdir()) == [docs]


def test_the_archive_itself_is_left_out(docs: Path) -> None:
    for _ in range(2):
        assert run("create", ".", "--overwrite", "--quiet", cwd=docs).returncode == 0
        assert b"docs/docs.xtar" not in names(docs / "docs.xtar")
    assert (
        "docs/docs.xtar  (the archive itself)"
        in run("create", ".", "--overwrite", "--dry-run", cwd=docs).stdout.decode()
    )


def test_packing_options_reach_the_archive(docs: Path, tmp_path: Path) -> None:
    (docs / "large.txt").write_bytes(b"ab" * (3 << 19))
    (tmp_path / "work").mkdir()
    options = ["--compression", "small", "--segment-size", "1M", "--comment", "für später", "--workers", "1"]
    done = run("create", "docs", *options, "--store", "raw", "--work-dir", "work", "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    told = json.loads(run("info", "--json", "docs.xtar", cwd=tmp_path).stdout)["settings"]
    assert (told["compression"], told["segment_bytes"], told["comment"]) == ("small", 1 << 20, "für später")
    entry = json.loads(run("list", "--json", "docs.xtar", "docs/large.txt", cwd=tmp_path).stdout)
    assert (entry["segments"], entry["packed_bytes"] < 10_000) == (3, True)
    assert list((tmp_path / "work").iterdir()) == []


def test_suffixes_that_are_stored(docs: Path, tmp_path: Path) -> None:
    (docs / "large.dng").write_bytes(b"ab" * (1 << 19))
    for option, stored in ((["--store", "+DNG"], True), (["--store", "raw"], False), ([], False)):
        assert run("create", "docs", *option, "--overwrite", "--quiet", cwd=tmp_path).returncode == 0
        entry = json.loads(run("list", "--json", "docs.xtar", "docs/large.dng", cwd=tmp_path).stdout)
        assert (entry["packed_bytes"] > 1 << 20) == stored


def test_the_same_bytes_with_any_number_of_workers(docs: Path, tmp_path: Path) -> None:
    for workers in ("1", "2"):
        assert run("create", "docs", "-o", workers, "--workers", workers, "--quiet", cwd=tmp_path).returncode == 0
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_a_link_to_a_directory_is_stored_as_link_and_that_is_said(docs: Path, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to("docs")
    done = run("create", "way", cwd=tmp_path)
    assert (
        "note: way is a symbolic link and archived as such; to archive what it points to, name way/"
        in done.stderr.decode()
    )
    assert names(tmp_path / "way.xtar") == [b"way"]
    assert b"note" not in run("create", "way/", "--overwrite", cwd=tmp_path).stderr
    assert b"way/letter.txt" in names(tmp_path / "way.xtar")


def test_names_that_look_like_options(docs: Path, tmp_path: Path) -> None:
    os.rename(docs, tmp_path / "-x")
    assert run("create", "-o", "x.xtar", "--quiet", "--", "-x", cwd=tmp_path).returncode == 0
    done = run("list", "x.xtar", "--", "-x/letter.txt", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, b"-x/letter.txt\n")


def test_options_and_sources_in_any_order(docs: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    assert run("create", "docs", "-o", "x.xtar", "--quiet", "more", cwd=tmp_path).returncode == 0
    assert b"more" in names(tmp_path / "x.xtar")
