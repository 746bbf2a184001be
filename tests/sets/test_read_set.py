"""Sets as they are read: any volumes, in any order, damaged ones and strangers among them."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from kit.command import lines, run
from kit.hearing import Notes
from kit.manifest import differences, manifest
from kit.sets import make, volumes

import pybackup
from pybackup.archive.open import open_archive
from pybackup.errors import UsageError
from pybackup.jobs.extract import restore
from pybackup.jobs.salvage import salvage
from pybackup.mend import mender
from pybackup.mend.copies import GivenCopy, open_copies
from pybackup.model.entry import Kind
from pybackup.model.problem import Trouble
from pybackup.model.verdict import Fate
from pybackup.monitor import Monitor
from pybackup.restore.plan import RestoreOptions
from pybackup.restore.result import Extracted

SECTOR = 2048


def damaged(path: Path, to: Path, fraction: float, *, start: bool = False) -> Path:
    """A copy of which so many sectors, and the first 64 KiB if asked for, are zeros."""
    data = bytearray(path.read_bytes())
    for number in random.Random(fraction).sample(range(len(data) // SECTOR), int(len(data) // SECTOR * fraction)):
        data[number * SECTOR : (number + 1) * SECTOR] = bytes(SECTOR)
    if start:
        data[: 64 << 10] = bytes(64 << 10)
    to.write_bytes(data)
    return to


def extracted(paths: list[Path], to: Path, heard: Monitor) -> Extracted:
    first, *more = map(os.fsencode, paths)
    with open_archive(first, more, monitor=heard) as archive:
        assert archive.patterns == []
        return restore(archive, (), os.fsencode(to), RestoreOptions(workers=1), monitor=heard)


def test_volumes_in_any_order_and_twice(tree: Path, docs: Path, tmp_path: Path) -> None:
    paths = volumes(docs)
    twin = tmp_path / "twin"
    twin.write_bytes(paths[1].read_bytes())
    heard = Monitor()
    extracted([*reversed(paths), twin, paths[0]], tmp_path / "out", heard)
    assert heard.problems == []
    assert differences(manifest(tree), manifest(tmp_path / "out/tree")) == []


@pytest.mark.parametrize("number", [0, 3, -1])
def test_what_lies_on_a_lost_volume_is_lost_and_nothing_else(
    tree: Path, docs: Path, tmp_path: Path, number: int
) -> None:
    paths = volumes(docs)
    lost = paths.pop(number)
    with open_archive(os.fsencode(docs)) as archive:
        listing = archive.listing
        label = archive.volume_set.label(int(lost.stem[-3:])) if archive.volume_set else ""
    with open_archive(os.fsencode(lost)) as alone:
        assert alone.volume_set is not None
        rows, names = alone.volume_set.tables[int(lost.stem[-3:])]
        there = {path for row, path in enumerate(names) if rows.kinds[row] == Kind.FILE}
    heard = Monitor()
    extracted(paths, tmp_path / "out", heard)
    missing = manifest(tree).keys() - manifest(tmp_path / "out/tree").keys()
    files = {path.removeprefix(b"tree/") for path in there}
    # A hard link has nothing to link to where its file is lost.
    assert missing - {b"d7/link to text1"} == files
    told = {problem.path: problem for problem in heard.problems if problem.trouble is Trouble.LOST}
    if number == -1:
        assert set(told) & {path for path in listing.paths if path.removeprefix(b"tree/") in missing} <= set(told)
        assert f"the volumes after {label[:-1]}" in told[b""].reason or "are not here" in told[b""].reason
    else:
        assert there <= set(told)
        assert all(label in told[path].reason for path in there)
    # The count of links of a file is another where one of them is lost.
    twins = (b"d0/text1", b"d7/link to text1") if missing & {b"d0/text1", b"d7/link to text1"} else ()
    kept, found = manifest(tree), manifest(tmp_path / "out/tree")
    kept = {path: fact for path, fact in kept.items() if path not in missing and path not in twins}
    found = {path: fact for path, fact in found.items() if path not in twins}
    assert differences(kept, found) == []


def test_only_the_volumes_that_are_needed_are_asked_for(docs: Path, tmp_path: Path) -> None:
    with open_archive(os.fsencode(docs)) as archive:
        assert archive.volume_set is not None
        rows, names = archive.volume_set.tables[2]
        wanted = next(path for row, path in enumerate(names) if rows.kinds[row] == Kind.FILE and b"text" in path)
    one, two, last = volumes(docs)[0], volumes(docs)[1], volumes(docs)[-1]
    done = run("extract", two, last, wanted, "--to", tmp_path / "out")
    assert (done.returncode, b"needed" in done.stderr) == (0, False)
    assert (tmp_path / "out" / os.fsdecode(wanted)).is_file()
    done = run("extract", one, last, wanted, "--to", tmp_path / "none")
    assert done.returncode == 1
    assert "pybackup: note: needed, but not given: docs 2" in lines(done.stderr)
    assert not (tmp_path / "none" / os.fsdecode(wanted)).exists()


def test_damage_of_several_volumes_is_mended_on_the_way(tree: Path, docs: Path, tmp_path: Path) -> None:
    for number, path in enumerate(volumes(docs)):
        damaged(path, tmp_path / path.name, 0.02 if number % 2 else 0.0, start=number in (3, 4))
    heard = Monitor()
    done = extracted([tmp_path], tmp_path / "out", heard)
    assert heard.problems == []
    assert done.unplaced == 0
    assert differences(manifest(tree), manifest(tmp_path / "out/tree")) == []
    assert not [path for path in tmp_path.iterdir() if "mended" in path.name]


def test_salvage_of_a_set_takes_each_volume_as_far_as_it_goes(tree: Path, docs: Path, tmp_path: Path) -> None:
    paths = volumes(docs)
    bad = damaged(paths[4], tmp_path / "bad", 0.3)
    given = [path for number, path in enumerate(paths) if number not in (1, 4)]
    heard = Monitor()
    options = RestoreOptions(workers=1)
    names = [os.fsencode(path) for path in (bad, *given)]
    done = salvage(names, os.fsencode(tmp_path / "out"), work_dir=os.fsencode(tmp_path), options=options, monitor=heard)
    fates = {verdict.path: verdict for verdict in done.restored.verdicts}
    assert len(fates) == sum(path.is_file() and not path.is_symlink() for path in tree.rglob("*")) - 1  # one hard link
    gone = [verdict for verdict in fates.values() if verdict.fate is Fate.LOST and verdict.needed == "docs 2"]
    assert gone
    assert any("of docs 5, from another copy" in verdict.needed for verdict in fates.values())
    for path, verdict in fates.items():
        place = tmp_path / "out" / os.fsdecode(path)
        if verdict.fate in (Fate.INTACT, Fate.REPAIRED):
            assert place.read_bytes() == (tree.parent / os.fsdecode(path)).read_bytes()
        else:
            assert not place.exists()


def test_a_file_that_is_in_part_on_a_lost_volume_survives_in_part(tree: Path, docs: Path, tmp_path: Path) -> None:
    with open_archive(os.fsencode(docs)) as archive:
        assert archive.volume_set is not None
        on = [number for number, (_, names) in archive.volume_set.tables.items() if b"tree/d3/big" in names]
    assert len(on) > 1
    given = [os.fsencode(path) for path in volumes(docs) if int(path.stem[-3:]) != on[0]]
    done = salvage(given, os.fsencode(tmp_path / "out"), options=RestoreOptions(workers=1), monitor=Monitor())
    verdict = next(verdict for verdict in done.restored.verdicts if verdict.path == b"tree/d3/big")
    assert (verdict.fate, verdict.needed) == (Fate.PARTIAL, f"docs {on[0]}")
    whole = (tree / "d3/big").read_bytes()
    found = (tmp_path / "out/tree/d3/big.partial").read_bytes()
    assert 0 < verdict.present.n_bytes < len(whole) == len(found)
    assert all(found[start:end] == whole[start:end] for start, end in verdict.present)


def test_volumes_of_another_set_and_other_files_are_told_apart(tree: Path, docs: Path, tmp_path: Path) -> None:
    make(tree, tmp_path / "other", size=3_000_000, first=())
    stranger = volumes(tmp_path / "other")[0]
    with pytest.raises(UsageError, match=r"docs-001\.xtar \(docs 1\): belongs to another set than"):
        open_archive(os.fsencode(volumes(docs)[0]), [os.fsencode(stranger)])
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for number, path in enumerate((volumes(docs)[0], stranger)):
        (mixed / f"{number}.xtar").write_bytes(path.read_bytes())
    done = run("list", mixed)
    assert done.returncode == 2
    assert b"belongs to another set than" in done.stderr
    # A pattern that is also the name of a file here stays a pattern.
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/d0").write_text("no volume")
    done = run("list", docs, "tree/d0", cwd=tmp_path)
    assert (done.returncode, lines(done.stdout)[0]) == (0, "tree/d0")


def test_verify_takes_several_and_names_what_is_missing(docs: Path, tmp_path: Path) -> None:
    paths = volumes(docs)
    done = run("verify", docs)
    assert (done.returncode, done.stdout.count(b": intact: ")) == (0, len(paths))
    assert b"not here" not in done.stderr
    bad = damaged(paths[2], tmp_path / "bad.xtar", 0.02)
    done = run("verify", paths[0], bad, paths[-1])
    assert done.returncode == 3
    assert b"not here: docs 2, docs 4" in done.stderr
    assert run("verify", "--quiet", docs).stdout == b""


def test_a_file_that_is_wholly_there_is_no_problem_whatever_else_is_missing(
    tree: Path, docs: Path, tmp_path: Path
) -> None:
    """It ended with 1, as if more could belong to it; below a directory more can."""
    first = volumes(docs)[0]
    for dry in ((), ("--dry-run",)):
        for pattern in ("tree/d0/text1", "./tree/d0/text1"):
            done = run("extract", first, pattern, "--to", tmp_path / "out", "--overwrite", "always", *dry)
            assert done.returncode == 0, done.stderr
            assert b" 0 problems" in done.stderr or dry
        for pattern in ("tree/d0", "tree/d0/", "tree/d0/text*", "tree/d0/text[1]"):
            done = run("extract", first, "tree/d0/text1", pattern, "--to", tmp_path / "more", *dry)
            assert (done.returncode, b"are not here" in done.stderr) == (1, True), pattern
    assert (tmp_path / "out/tree/d0/text1").read_bytes() == (tree / "d0/text1").read_bytes()
    done = run("extract", first, "tree/d0/text1", "--to", tmp_path / "out", "--overwrite", "always")
    assert b"note: the volumes after docs 1 are not here, and what they hold is not known; the entries" in done.stderr
    # Of what goes on elsewhere, not all is there.
    has_part = next(each for each in volumes(docs) if run("list", each, "tree/d3/big").stdout)
    assert run("extract", has_part, "tree/d3/big", "--to", tmp_path / "part").returncode == 1


def test_verify_counts_a_file_over_several_volumes_once(tree: Path, docs: Path) -> None:
    """Each volume counted all the bytes of a file of which it has a part."""
    found = [json.loads(line) for line in lines(run("verify", docs, "--json").stdout)]
    *each, total = found
    sizes = [path.stat().st_size for path in tree.rglob("*") if path.is_file() and not path.is_symlink()]
    paths = volumes(docs)
    assert [told["volume"] for told in each] == [f"docs {number}" for number in range(1, len(paths) + 1)]
    assert (total["set"], total["volumes"]) == ("docs", [told["volume"] for told in each])
    # One name of two is a hard link.
    linked = (tree / "d0/text1").stat().st_size
    assert (total["files"], total["content_bytes"]) == (len(sizes) - 1, sum(sizes) - linked)
    assert (total["files_elsewhere"], total["files_lost"]) == (0, [])
    assert sum(told["files"] for told in each) > total["files"]
    # Of a sparse file the holes are not stored, so the bytes of its segments are fewer.
    assert sum(told["content_bytes"] for told in each) <= total["content_bytes"]
    first = json.loads(lines(run("verify", *paths[:-1], "--json").stdout)[-1])
    assert first["files_elsewhere"] == 0 < total["files"] - first["files"]
    later = json.loads(lines(run("verify", *paths[1:], "--json").stdout)[-1])
    assert later["files"] + later["files_elsewhere"] == total["files"]
    assert later["files_elsewhere"] > 0


def test_from_python(tree: Path, tmp_path: Path) -> None:
    made = pybackup.create_set(tree, tmp_path / "set", 3_000_000, name="docs", recovery_volumes=1, workers=1)
    assert [volume.info.label for volume in made.volumes][-1] == "docs R1"
    paths = [Path(os.fsdecode(volume.path)) for volume in made.volumes]
    paths.pop(1).unlink()
    heard = pybackup.Monitor()
    pybackup.extract(paths, tmp_path / "out", workers=1, monitor=heard)
    assert heard.problems == []
    assert differences(manifest(tree), manifest(tmp_path / "out/tree")) == []
    assert b"tree/d3/big" in {stored.entry.path for stored in pybackup.list([tmp_path / "set"])}
    with pytest.raises(UsageError, match="is no volume"):
        pybackup.list([paths[0], __file__])


def test_of_a_file_over_several_volumes_only_the_damaged_one_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "big").write_bytes(random.Random(1).randbytes(4_500_000))
    (tree / "small").write_bytes(b"x" * 1000)
    make(tree, tmp_path / "set", first=(), size=2_000_000)
    *_, third, _ = volumes(tmp_path / "set")
    data = bytearray(third.read_bytes())
    data[500_000:520_000] = bytes(20_000)
    third.write_bytes(data)
    read: list[bytes] = []
    real = open_copies

    def recording(paths: Sequence[bytes], maps: Sequence[bytes]) -> AbstractContextManager[Sequence[GivenCopy]]:
        read.extend(paths)
        return real(paths, maps)

    monkeypatch.setattr(mender, "open_copies", recording)
    heard = Notes()
    done = extracted([tmp_path / "set"], tmp_path / "out", heard)
    assert (heard.problems, done.mended, read) == ([], 1, [os.fsencode(third)])
    assert [note for note in heard.notes if "mending" in note] == [
        f"{third}: damaged; mending a copy of it in {tmp_path}"
    ]
    assert differences(manifest(tree), manifest(tmp_path / "out/tree")) == []


def test_what_is_on_a_volume_that_is_not_here_is_called_so(docs: Path, tmp_path: Path) -> None:
    one, two, *_ = volumes(docs)
    done = run("extract", two, "--to", tmp_path / "out")
    assert done.returncode == 1
    assert b": lost: it is on docs 1, which is not here\n" in done.stderr
    done = run("extract", one, tmp_path / "none.iso", "--to", tmp_path / "none")
    assert done.returncode == 4
    assert b"none.iso: no file here, and nothing that is known of the archive matches" in done.stderr


@pytest.mark.parametrize("number", [2, -1])
@pytest.mark.parametrize("cut", [False, True])
def test_a_volume_without_any_tree_index_and_parity_gives_up_its_files(
    tree: Path, docs: Path, tmp_path: Path, number: int, cut: bool
) -> None:
    """Its headers tell which volume it is; `extract` and `salvage` of the set passed it over."""
    for path in volumes(docs):
        (tmp_path / "set").mkdir(exist_ok=True)
        (tmp_path / "set" / path.name).write_bytes(path.read_bytes())
    hurt = volumes(tmp_path / "set")[number]
    data = hurt.read_bytes()
    end = data.rindex(b".pybackup/set\0")
    hurt.write_bytes(data[:end] if cut else data[:end] + bytes(len(data) - end))
    heard = Notes()
    done = extracted([tmp_path / "set"], tmp_path / "out", heard)
    assert done.unplaced == 0
    assert differences(manifest(tree), manifest(tmp_path / "out/tree")) == []
    assert f"{hurt}: damaged so much that it does not tell which volume it is" in heard.notes
    # Of the last one, nobody tells that it is.
    unknown = ["the volumes after docs 11 are not here, and what they hold is not known"] if number < 0 else []
    assert [problem.reason.replace(f"docs {len(volumes(docs))} ", "docs 11 ") for problem in heard.problems] == unknown
    names = [os.fsencode(path) for path in volumes(tmp_path / "set")]
    saved = salvage(names, os.fsencode(tmp_path / "saved"), options=RestoreOptions(workers=1), monitor=Monitor())
    assert {verdict.fate for verdict in saved.restored.verdicts} == {Fate.INTACT}
    assert differences(manifest(tree), manifest(tmp_path / "saved/tree")) == []
