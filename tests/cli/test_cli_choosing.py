"""pybackup create --select and --since-archive, as a process."""

import json
import os
from pathlib import Path

import pytest
from kit.command import Arguments, lines, run
from kit.trees import plant_docs

LETTER_NS = 1_700_000_000_123_456_789
HEADER = {"format": "pyactivity selection", "version": 1}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return plant_docs(tmp_path)


def files(archive: Path) -> set[str]:
    """Return the paths of the files and hard links in an archive."""
    listed = map(json.loads, run("list", "--json", archive).stdout.splitlines())
    return {entry["path"].get("text", "") for entry in listed if entry["kind"] in ("file", "hardlink")}


def select(docs: Path, *objects: object) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in ({**HEADER, "root": str(docs)}, *objects))


LETTER = {"path": "letter.txt", "size": 600, "mtime": "1700000000.123456789"}
ODD = {"path": "lat\udcff", "size": 3, "mtime": "1700000000.123456789"}
SUB = {"under": "sub", "from": "1700000000.0", "until": "1700000001.0", "by": "mtime", "files": 2, "bytes": 11}


def test_exactly_what_was_selected_is_archived(docs: Path, tmp_path: Path) -> None:
    chosen = select(docs, LETTER, ODD, {**SUB, "files": 1, "bytes": 4, "exclude": ["sub/b.tmp"]})
    (tmp_path / "chosen.jsonl").write_bytes(chosen)
    for options, stdin in ((["--select", "chosen.jsonl"], b""), (["--select", "-"], chosen)):
        done = run("create", *options, "-o", "out.xtar", "--overwrite", cwd=tmp_path, stdin=stdin)
        assert (done.returncode, done.stderr.count(b"0 problems")) == (0, 1)
        assert run("list", "--null", tmp_path / "out.xtar").stdout.split(b"\0")[:-1] == [
            b"docs",
            b"docs/lat\xff",
            b"docs/letter.txt",
            b"docs/sub",
            b"docs/sub/b.txt",
        ]


def test_exclusions_hold_for_what_is_selected(docs: Path, tmp_path: Path) -> None:
    done = run("create", "--select", "-", "--exclude", "*.tmp", "-o", "o.xtar", cwd=tmp_path, stdin=select(docs, SUB))
    assert done.returncode == 0
    assert files(tmp_path / "o.xtar") == {"docs/sub/b.txt"}


def test_what_changed_or_vanished_is_a_problem_each(docs: Path, tmp_path: Path) -> None:
    chosen = select(docs, {**LETTER, "size": 601}, {**ODD, "path": "gone"}, {**SUB, "files": 3})
    done = run("create", "--select", "-", "-o", "out.xtar", "--quiet", cwd=tmp_path, stdin=chosen)
    assert done.returncode == 1
    said = done.stderr.decode()
    assert "docs/letter.txt: changed: 601 bytes when it was selected, 600 now" in said
    assert "docs/gone: vanished: it was there when it was selected" in said
    assert "docs/sub: changed: 3 files of 11 bytes when they were selected, 2 files of 11 bytes now" in said
    assert files(tmp_path / "out.xtar") == {"docs/letter.txt", "docs/sub/b.tmp", "docs/sub/b.txt"}


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["--select", "gone", "-o", "o.xtar"], b"", "--select gone: No such file"),
        (["--select", "-", "-o", "o.xtar"], b"", "--select <stdin>: it is empty; pyactivity select writes"),
        (["--select", "-", "-o", "o.xtar"], b"docs/a.txt\n", "line 1: not a selection of pyactivity"),
        (["--select", "-"], b"", "--output gives a name"),
        (["--checksum", "docs"], b"", "--checksum has no effect without earlier archives"),
        (["--since-archive", "gone.xtar", "docs", "-o", "o.xtar"], b"", "gone.xtar"),
    ],
)
def test_wrong_usage(docs: Path, tmp_path: Path, arguments: Arguments, stdin: bytes, message: str) -> None:
    if arguments == ["--select", "-"]:
        stdin = select(docs, LETTER)
    done = run("create", *arguments, cwd=tmp_path, stdin=stdin)
    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert not (tmp_path / "o.xtar").exists()


def test_a_selection_of_which_nothing_is_left(docs: Path, tmp_path: Path) -> None:
    done = run("create", "--select", "-", "-o", "o.xtar", cwd=tmp_path, stdin=select(docs, {**ODD, "path": "gone"}))
    assert done.returncode == 2
    assert b"nothing to archive: no source is named; --select chooses no existing file" in done.stderr


# --since-archive


def make(tmp_path: Path, name: str, *options: str) -> set[str]:
    done = run("create", "docs", "-o", name, "--workers", "1", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return files(tmp_path / name)


def stamp(path: Path, mtime_ns: int = LETTER_NS) -> None:
    os.utime(path, ns=(0, mtime_ns))


def test_only_what_is_new_or_changed_comes_in(docs: Path, tmp_path: Path) -> None:
    make(tmp_path, "full.xtar")
    assert make(tmp_path, "nothing.xtar", "--since-archive", "full.xtar") == set()
    (docs / "new").write_text("new")
    stamp(docs / "sub/b.txt", LETTER_NS + 1)  # a nanosecond later
    (docs / "sub/b.tmp").write_text("longer scratch")
    stamp(docs / "sub/b.tmp")
    made = make(tmp_path, "more.xtar", "--since-archive", "full.xtar")
    assert made == {"docs/new", "docs/sub/b.txt", "docs/sub/b.tmp"}
    # Directories come in all the same, the empty one too.
    assert b"docs/empty" in run("list", "--null", tmp_path / "more.xtar").stdout.split(b"\0")


def test_what_is_left_out_is_told_with_the_reason(docs: Path, tmp_path: Path) -> None:
    make(tmp_path, "full.xtar")
    done = run("create", "docs", "-o", "more.xtar", "--since-archive", "full.xtar", "--dry-run", cwd=tmp_path)
    assert "exclude  docs/letter.txt  (unchanged since full.xtar)" in lines(done.stdout)
    assert "exclude  docs/twin  (unchanged since full.xtar)" in lines(done.stdout)  # a hard link


def test_by_checksum_content_decides_and_not_the_time(docs: Path, tmp_path: Path) -> None:
    (docs / "sparse").touch()
    os.truncate(docs / "sparse", 1 << 22)
    make(tmp_path, "full.xtar")
    stamp(docs / "letter.txt", LETTER_NS + 10**9)
    stamp(docs / "sparse", LETTER_NS + 10**9)
    (docs / "sub/b.txt").write_text("kEEP")  # as long as before, and dated as before
    stamp(docs / "sub/b.txt")
    by_time = make(tmp_path, "time.xtar", "--since-archive", "full.xtar")
    assert by_time == {"docs/letter.txt", "docs/twin", "docs/sparse"}
    assert make(tmp_path, "hash.xtar", "--since-archive", "full.xtar", "--checksum") == {"docs/sub/b.txt"}


def test_of_several_archives_the_last_that_has_a_file_decides(docs: Path, tmp_path: Path) -> None:
    make(tmp_path, "1.xtar")
    (docs / "sub/b.txt").write_text("second state")
    assert make(tmp_path, "2.xtar", "--since-archive", "1.xtar") == {"docs/sub/b.txt"}
    (docs / "sub/b.txt").write_text("keep")
    stamp(docs / "sub/b.txt")  # as it was in the first: restored in order, the second would win
    both = ["--since-archive", "1.xtar", "--since-archive", "2.xtar"]
    assert make(tmp_path, "3.xtar", *both) == {"docs/sub/b.txt"}
    assert make(tmp_path, "4.xtar", *both, "--since-archive", "3.xtar") == set()


def test_restored_in_order_the_archives_give_the_tree(docs: Path, tmp_path: Path) -> None:
    make(tmp_path, "1.xtar")
    (docs / "letter.txt").write_text("changed")
    (docs / "sub/c.txt").write_text("new")
    make(tmp_path, "2.xtar", "--since-archive", "1.xtar")
    for archive in ("1.xtar", "2.xtar"):
        done = run("extract", archive, "--to", "out", "--overwrite", "always", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    for path in docs.rglob("*"):
        restored = tmp_path / "out/docs" / path.relative_to(docs)
        if path.is_file() and not path.is_symlink():
            assert restored.read_bytes() == path.read_bytes()
            assert restored.stat().st_mtime_ns == path.stat().st_mtime_ns


def test_an_archive_is_not_replaced_by_what_is_new_since_itself(docs: Path, tmp_path: Path) -> None:
    make(tmp_path, "full.xtar")
    before = (tmp_path / "full.xtar").read_bytes()
    (tmp_path / "link.xtar").symlink_to("full.xtar")
    for name in ("full.xtar", "./full.xtar"):
        done = run("create", "docs", "-o", name, "--overwrite", "--since-archive", "link.xtar", cwd=tmp_path)
        assert done.returncode == 2
        assert b"cannot replace an earlier one that it builds on" in done.stderr
    assert (tmp_path / "full.xtar").read_bytes() == before


def test_what_an_archive_no_longer_tells_of_counts_as_new(docs: Path, tmp_path: Path) -> None:
    make(tmp_path, "full.xtar", "--parity", "none")
    whole = (tmp_path / "full.xtar").read_bytes()
    (tmp_path / "torn.xtar").write_bytes(whole[: len(whole) // 3])
    done = run("create", "docs", "-o", "more.xtar", "--since-archive", "torn.xtar", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert b"files without an entry count as new" in done.stderr
    assert files(tmp_path / "more.xtar") != set()


def test_what_is_no_archive_is_refused(docs: Path, tmp_path: Path) -> None:
    (tmp_path / "no.xtar").write_text("no archive")
    done = run("create", "docs", "-o", "o.xtar", "--since-archive", "no.xtar", cwd=tmp_path)
    assert done.returncode == 4
    assert not (tmp_path / "o.xtar").exists()


def test_times_that_fat_has_cut_are_no_change(docs: Path, tmp_path: Path) -> None:
    assert run("create", "docs", "-o", "all.xtar", "--quiet", cwd=tmp_path).returncode == 0
    for path in docs.rglob("*"):
        if path.is_file() and not path.is_symlink():
            mtime_ns = path.stat().st_mtime_ns
            os.utime(path, ns=(0, mtime_ns - mtime_ns % (2 * 10**9)))
    done = run("create", "docs", "--since-archive", "all.xtar", "-o", "new.xtar", cwd=tmp_path)
    assert (done.returncode, files(tmp_path / "new.xtar")) == (0, set())
    assert sum("as coarse file systems cut times" in line for line in lines(done.stderr)) == 1
    os.utime(docs / "letter.txt", ns=(0, LETTER_NS + 2 * 10**9))
    run("create", "docs", "--since-archive", "all.xtar", "-o", "newer.xtar", "--quiet", cwd=tmp_path)
    assert files(tmp_path / "newer.xtar") == {"docs/letter.txt", "docs/twin"}  # a hard link
