"""The verbs called from Python."""

import os
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from kit.trees import plant_docs

import pybackup
from pybackup.cli.main import main


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    docs = plant_docs(tmp_path)
    created = pybackup.create(docs, tmp_path / "docs.xtar", exclude=["*.tmp"], compression="fast", comment="hello")
    assert (created.path, created.files, created.entries) == (os.fsencode(tmp_path / "docs.xtar"), 6, 11)
    return tmp_path / "docs.xtar"


def test_everything_promised_is_there() -> None:
    assert all(hasattr(pybackup, name) for name in pybackup.__all__)
    assert all(getattr(pybackup, name).__doc__ for name in pybackup.__all__ if not name.startswith("_"))
    assert issubclass(pybackup.errors.UsageError, pybackup.errors.PybackupError)


@pytest.mark.parametrize("kind", [str, os.fsencode, Path])
def test_paths_of_any_kind(kind: type, tmp_path: Path) -> None:
    docs = plant_docs(tmp_path)
    path = kind(str(tmp_path / "x.xtar"))
    pybackup.create([kind(str(docs))], path, workers=1)
    assert pybackup.info(path).files == 7
    assert [stored.entry.path for stored in pybackup.list(path, ["docs/sub/*"])] == [
        b"docs/sub/b.tmp",
        b"docs/sub/b.txt",
    ]
    assert pybackup.extract(path, kind(str(tmp_path / "out"))).files == 7
    assert pybackup.compare(path, kind(str(tmp_path / "out"))).differences == []


def test_verify_and_info(archive: Path) -> None:
    assert pybackup.verify(archive).state == "intact"
    assert pybackup.verify(archive, deep=True, workers=1).files == 6
    assert pybackup.info(archive).settings["comment"] == "hello"


def test_extract_parts(archive: Path, tmp_path: Path) -> None:
    done = pybackup.extract(archive, tmp_path / "out", ["docs/sub"], strip_components=1)
    assert (done.files, done.complete) == (1, True)
    assert (tmp_path / "out/sub/b.txt").read_text() == "keep"


@pytest.mark.parametrize("make", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor(make: type[ThreadPoolExecutor | ProcessPoolExecutor], archive: Path, tmp_path: Path) -> None:
    with make(2) as executor:
        pybackup.create(
            tmp_path / "docs", tmp_path / "x.xtar", exclude=["*.tmp"], executor=executor, compression="fast"
        )
        assert pybackup.extract(tmp_path / "x.xtar", tmp_path / "out", executor=executor).files == 6
        assert pybackup.verify(tmp_path / "x.xtar", deep=True, executor=executor).state == "intact"


def test_a_file_that_changes_while_it_is_read_counts_once_and_is_marked(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"0123456789abcdef" * (3 << 16))

    class Appending(pybackup.Monitor):
        def advance(self, files: int, n_bytes: int) -> None:
            with log.open("ab") as file:
                file.write(b"another line\n")

    monitor = Appending()
    created = pybackup.create(log, tmp_path / "x.xtar", segment_size=1 << 20, workers=1, monitor=monitor)
    assert [problem.trouble for problem in monitor.problems] == [pybackup.Trouble.CHANGED]
    assert created.content_bytes == pybackup.info(tmp_path / "x.xtar").content_bytes
    assert main(["list", "--long", str(tmp_path / "x.xtar")]) == 0
    assert capsysbinary.readouterr().out.endswith(b" log (changed while it was read)\n")


def test_unpack_and_structure(archive: Path, tmp_path: Path) -> None:
    assert pybackup.unpack(archive, tmp_path / "members").members == 6
    assert pybackup.structure_save(tmp_path / "docs", tmp_path / "s.tar").entries == 4
    assert pybackup.structure_restore(tmp_path / "s.tar", tmp_path / "skeleton") == 4


def test_problems_go_to_the_monitor(archive: Path, tmp_path: Path) -> None:
    pybackup.extract(archive, tmp_path / "out", ["docs/letter.txt"])
    (tmp_path / "out/docs/letter.txt").write_text("another")
    monitor = pybackup.Monitor()
    pybackup.extract(archive, tmp_path / "out", ["docs/letter.txt"], monitor=monitor)
    assert [(found.path, found.trouble) for found in monitor.problems] == [
        (b"docs/letter.txt", pybackup.Trouble.EXISTS)
    ]


def test_problems_without_a_monitor_are_warnings(archive: Path, tmp_path: Path) -> None:
    pybackup.extract(archive, tmp_path / "out", ["docs/letter.txt"])
    (tmp_path / "out/docs/letter.txt").write_text("another")
    with pytest.warns(pybackup.ProblemWarning, match="docs/letter.txt: exists"):
        pybackup.extract(archive, tmp_path / "out", ["docs/letter.txt"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pybackup.ProblemWarning)
        assert pybackup.extract(archive, tmp_path / "out", ["docs/letter.txt"]).unplaced == 1


def test_choices_that_do_not_exist(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(pybackup.errors.UsageError, match="'best' is none of store, fast, default, small"):
        pybackup.create(tmp_path / "docs", tmp_path / "x.xtar", compression="best")
    with pytest.raises(pybackup.errors.UsageError, match="'maybe' is none of never, older, always"):
        pybackup.extract(archive, tmp_path / "out", overwrite="maybe")
    with pytest.raises(TypeError, match="patterns must be given as a list"):
        pybackup.list(archive, "docs")
    with pytest.raises(pybackup.errors.UsageError, match="missing"):
        pybackup.list(archive, ["missing"])


def test_parity_of_other_kinds(tmp_path: Path) -> None:
    docs = plant_docs(tmp_path)
    pybackup.create(docs, tmp_path / "x.xtar", parity=None, workers=1)
    with pytest.raises(pybackup.errors.Damaged, match="no parity"):
        pybackup.forecast(tmp_path / "x.xtar")
    for wrong in (10, 0.1, b"10%"):
        with pytest.raises(pybackup.errors.UsageError, match="'10%', '64M', 'fill:700M' or 'none'"):
            pybackup.create(docs, tmp_path / "y.xtar", parity=wrong)  # type: ignore[arg-type]
        with pytest.raises(pybackup.errors.UsageError, match="'10%', '64M', 'fill:700M' or 'none'"):
            pybackup.protect(docs / "letter.txt", parity=wrong)  # type: ignore[arg-type]
    assert not (tmp_path / "y.xtar").exists()


def test_protection_from_the_first_sector_to_the_drill(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "file").write_bytes(os.urandom(50_000))
    made = pybackup.protect(tmp_path / "file", parity="50%", group_sectors=20, work_dir=tmp_path / "work")
    assert made.geometry.data_shards + made.geometry.parity_shards <= 20
    assert pybackup.forecast(tmp_path / "file").geometry == made.geometry
    work = tmp_path / "work"
    outcomes = pybackup.drill(tmp_path / "file", ["burst"], fraction=0.1, rounds=2, work_dir=work, workers=1)
    assert [(found.bout.seed, found.whole, found.agrees) for found in outcomes] == [(0, True, True), (1, True, True)]
    assert pybackup.repair(tmp_path / "file", tmp_path / "copy", work_dir=tmp_path / "work").complete
    with pytest.raises(pybackup.errors.UsageError, match="'rust' is none of"):
        pybackup.drill(tmp_path / "file", ["rust"])
    with pytest.raises(pybackup.errors.UsageError, match="fraction"):
        pybackup.drill(tmp_path / "file", fraction=10)
    with pytest.raises(TypeError, match="kinds of damage must be given as a list"):
        pybackup.drill(tmp_path / "file", "burst")
    assert not any((tmp_path / "work").iterdir())


def test_salvage_with_a_work_dir(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    assert pybackup.salvage(archive, tmp_path / "out", work_dir=tmp_path / "work").restored.complete
