"""A catalogue carried to another one, in any order, on each database: nothing is missing, hostile files are refused."""

from __future__ import annotations

import hashlib
import itertools
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

import pybackup
from pybackup.catalogue import portable_form
from pybackup.catalogue.carry import carried, carried_runs, merge, merge_runs
from pybackup.catalogue.connect import Catalogue, create_catalogue
from pybackup.catalogue.health import add_health
from pybackup.catalogue.job_runs import carried_job_runs, enter_job_run, job_runs, merge_job_runs
from pybackup.catalogue.media import media, move, set_state
from pybackup.catalogue.portable import write_portable
from pybackup.catalogue.read_portable import reading_portable
from pybackup.catalogue.runs import enter_run, runs
from pybackup.errors import Damaged
from pybackup.model.carried import CarriedRun
from pybackup.model.catalogued import MediumCheck, MediumState, MediumType, Needed, NewMedium, VolumeSort
from pybackup.model.run import RunLevel, RunMark
from pybackup.monitor import Monitor

from .shelf import TIME, filed, put, sha

NAMES = [b"a\xff\xfe", b"A", b"a ", "é".encode(), "e\u0301".encode(), "\U0001f4a9".encode(), b"x" * 255, b"'; --", b"%"]
JOB_RUN = {
    **{"job": "work", "state": "ok", "status": 0, "started": 1_700_000_000.25, "finished": 1_700_000_001},
    **{"files": 3, "content_bytes": 9, "problem_count": 0, "failures": [], "made": []},
}


def fill(catalogue: Catalogue) -> None:
    """Two volumes of a set, one of them burnt twice, a recovery volume, a directory, places, states and checks."""
    deep = b"/".join([b"d" * 200] * 20)
    odd = [filed(b"docs/" + name, size=6 << 30, mtime_ns=-5 * 10**18 + 7) for name in NAMES]
    put(catalogue, "docs 1", [*odd, filed(deep + b"/f")], set_name="docs", number=1)
    put(
        catalogue,
        "docs 1 again",
        [*odd, filed(deep + b"/f")],
        set_name="docs",
        number=1,
        medium=NewMedium(MediumType.DISC, "docs 1 again", place="my sister", another=True),
    )
    put(catalogue, "docs 2", [filed("docs/long", parts=3, first_part=1, parts_here=2)], set_name="docs", number=2)
    put(catalogue, "docs R1", [], set_name="docs", number=1, recovery=True)
    put(catalogue, "tree", [filed("b", sha256=None), filed("b.zip/c", nested=1)], sort=VolumeSort.TREE)
    by_label = {known.label: known.id for known in media(catalogue)}
    move(catalogue, by_label["docs 2"], "the blue box")
    set_state(catalogue, by_label["docs 1"], MediumState.LOST, now_ns=TIME + 5)
    add_health(catalogue, by_label["docs 2"], MediumCheck(TIME + 9, "repairable", 7, 1000, 0.25, "disc check /dev/sr0"))
    add_health(catalogue, by_label["tree"], MediumCheck(TIME + 9, "damaged", 1, 2))
    needs = [Needed(sha("docs")[:8], "docs 1", 7, 6 << 30), Needed(sha("gone")[:8], "gone \udcff.xtar", 0, 0)]
    enter_run(catalogue, RunMark("docs", TIME + 3, RunLevel.FULL, "the first"), b"archive1", lambda: (), b"/a/\xff")
    enter_run(catalogue, RunMark("docs", TIME + 4, RunLevel.INCREMENTAL), b"archive2", lambda: needs)
    for host, more in (("two", {"failures": ["caf\xe9 \U0001f4be"]}), ("one", {"made": ["m" * 1000] * 1000})):
        enter_job_run(catalogue, JOB_RUN | more, host)


def exported(catalogue: Catalogue, path: Path) -> bytes:
    path.unlink(missing_ok=True)
    path.touch()
    write_portable(bytes(path), carried(catalogue), carried_runs(catalogue), carried_job_runs(catalogue))
    return path.read_bytes()


def take(catalogue: Catalogue, path: Path) -> tuple[int, int]:
    with reading_portable(bytes(path)) as coming:
        merged = merge(catalogue, coming.volumes, Monitor())
        merge_runs(catalogue, coming.runs)
        merge_job_runs(catalogue, coming.job_runs)
    return merged.volumes, merged.media


def test_all_of_it_arrives_and_once(catalogue: Catalogue, tmp_path: Path) -> None:
    fill(catalogue)
    whole = exported(catalogue, tmp_path / "whole")
    with create_catalogue(str(tmp_path / "other.sqlite")) as other:
        assert take(other, tmp_path / "whole") == (4, 5)
        assert exported(other, tmp_path / "again") == whole
        assert list(job_runs(other)) == [
            JOB_RUN | {"host": "one"},  # what it made is too long to be carried
            JOB_RUN | {"failures": ["caf\xe9 \U0001f4be"], "host": "two"},
        ]
        assert take(other, tmp_path / "whole") == (0, 0)
        assert exported(other, tmp_path / "again") == whole
    # And back, where all of it is.
    assert take(catalogue, tmp_path / "whole") == (0, 0)
    assert exported(catalogue, tmp_path / "again") == whole


def test_any_order_gives_the_same(tmp_path: Path) -> None:
    pieces = []
    for number in (1, 2, 3):
        with create_catalogue(str(tmp_path / f"{number}.sqlite")) as one:
            put(one, f"docs {number}", [filed(f"{number}")], set_name="docs", number=number, last=number == 3)
            put(one, "shared", [filed("s")])
            known = {each.label: each.id for each in media(one)}
            set_state(one, known["shared"], list(MediumState)[number], now_ns=TIME + number)
            add_health(one, known[f"docs {number}"], MediumCheck(TIME + number, "intact", 0, 9))
            pieces.append(tmp_path / f"piece {number}")
            exported(one, pieces[-1])
    results: set[bytes] = set()
    for order in itertools.permutations(pieces):
        address = tmp_path / f"made of {len(results)} {hashlib.sha256(repr(order).encode()).hexdigest()}.sqlite"
        with create_catalogue(str(address)) as made:
            for piece in (*order, *order):
                take(made, piece)
            results.add(exported(made, tmp_path / "result"))
            states = {each.label: each.state for each in media(made)}
    assert len(results) == 1
    assert states["shared"] is MediumState.RETIRED
    assert len(states) == 4


def test_files_of_the_first_version_are_read(tmp_path: Path) -> None:
    """Version 4 has no covered archives, version 3 no bases of deltas, version 2 no runs of jobs, version 1 no runs."""
    with create_catalogue(str(tmp_path / "c.sqlite")) as catalogue:
        fill(catalogue)
        exported(catalogue, tmp_path / "file")
        _sql("DROP TABLE cover", "UPDATE about SET version = 4")(tmp_path / "file")
        with create_catalogue(str(tmp_path / "fourth.sqlite")) as other:
            assert take(other, tmp_path / "file") == (4, 5)
        _sql("DROP TABLE base", "UPDATE about SET version = 3")(tmp_path / "file")
        with create_catalogue(str(tmp_path / "third.sqlite")) as other:
            assert take(other, tmp_path / "file") == (4, 5)
            assert list(job_runs(other)) != []
        _sql("DROP TABLE job_run", "UPDATE about SET version = 2")(tmp_path / "file")
        with create_catalogue(str(tmp_path / "second.sqlite")) as other:
            assert take(other, tmp_path / "file") == (4, 5)
            assert (len(runs(other)), list(job_runs(other))) == (2, [])
        _sql("DROP TABLE run", "DROP TABLE need", "UPDATE about SET version = 1")(tmp_path / "file")
        with create_catalogue(str(tmp_path / "other.sqlite")) as other:
            assert take(other, tmp_path / "file") == (4, 5)
            assert runs(other) == []
            assert [each.label for each in media(other)] == [each.label for each in media(catalogue)]


def test_where_the_files_of_a_run_lie_the_catalogue_knows_better(tmp_path: Path) -> None:
    mark = RunMark("docs", TIME, RunLevel.FULL)
    with create_catalogue(str(tmp_path / "c.sqlite")) as catalogue:
        for before, coming, after in ((b"", b"", b""), (b"", b"/there", b"/there"), (b"", b"/else", b"/there")):
            enter_run(catalogue, mark, b"archive1", lambda: (), before)
            merge_runs(catalogue, [CarriedRun(mark, b"archive1", coming, ())])
            assert [run.location for run in runs(catalogue)] == [after]


def test_sqlite3_alone_reads_it(tmp_path: Path) -> None:
    with create_catalogue(str(tmp_path / "c.sqlite")) as catalogue:
        fill(catalogue)
        exported(catalogue, tmp_path / "whole")
    connection = sqlite3.connect(tmp_path / "whole")
    connection.text_factory = bytes
    query = "SELECT path || '/' || name FROM entry JOIN directory ON directory.id = directory_id WHERE name = 'A'"
    assert connection.execute(query).fetchall() == [(b"docs/A",)]
    assert connection.execute("SELECT count(*) FROM entry WHERE name LIKE 'a%'").fetchone() == (3,)
    assert connection.execute("SELECT hex(sha256) FROM entry WHERE name = 'A'").fetchone() == (
        sha("docs/A").hex().upper().encode(),
    )
    connection.close()


def _sql(*statements: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        connection = sqlite3.connect(path)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    return change


def _loop(path: Path) -> None:
    """Return a file with a page of the table of entries whose children all are itself."""
    _sql(
        "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
        "INSERT INTO entry SELECT i, 1, 1, 'n', 0, 0, 0, 0, NULL, 0, 0, 0, 0, 0 FROM n"
    )(path)
    connection = sqlite3.connect(path)
    (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'entry'").fetchone()
    connection.close()
    data = bytearray(path.read_bytes())
    at = (root - 1) * 1024
    assert data[at] == 5, "an inner page"
    for cell in range(int.from_bytes(data[at + 3 : at + 5], "big")):
        pointer = int.from_bytes(data[at + 12 + 2 * cell :][:2], "big")
        data[at + pointer : at + pointer + 4] = root.to_bytes(4, "big")
    path.write_bytes(data)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "none": lambda path: path.write_bytes(b"no database at all" * 1000),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "trigger": _sql("CREATE TRIGGER evil AFTER INSERT ON about BEGIN DELETE FROM entry; END"),
    "view instead of a table": _sql("ALTER TABLE entry RENAME TO real", "CREATE VIEW entry AS SELECT * FROM real"),
    "view beside": _sql("CREATE VIEW evil AS SELECT load_extension('evil')"),
    "endless view": _sql(
        "DROP TABLE about",
        "CREATE VIEW about AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
    ),
    "generated column": _sql(
        "DROP TABLE about", "CREATE TABLE about (x, version INTEGER GENERATED ALWAYS AS (zeroblob(1 << 30)))"
    ),
    "virtual table": _sql("CREATE VIRTUAL TABLE evil USING fts5(x)"),
    "index": _sql("CREATE INDEX evil ON entry (name)"),
    "a later version": _sql("UPDATE about SET version = 6"),
    "an earlier version with what it had not": _sql("UPDATE about SET version = 1"),
    "a base that is no hash": _sql("INSERT OR REPLACE INTO base VALUES (1, x'00')"),
    "no name of a chain": _sql("UPDATE run SET chain = 'a/b'"),
    "no such level": _sql("UPDATE run SET level = 'evil'"),
    "no id of an archive": _sql("UPDATE run SET archive = x'00'"),
    "a need of less than nothing": _sql("UPDATE need SET files = -1"),
    "no report of a run": _sql("UPDATE job_run SET report = '{}'"),
    "a report that is no JSON": _sql("UPDATE job_run SET report = 'x'"),
    "a report without end": _sql("UPDATE job_run SET report = replace(hex(zeroblob(50000)), '0', '[')"),
    "a time beyond all": _sql("UPDATE job_run SET report = replace(report, '1700000001', '1e300')"),
    "a way out in a path": _sql("UPDATE directory SET path = '../../etc' WHERE id = 1"),
    "an absolute path": _sql("UPDATE directory SET path = '/etc' WHERE id = 1"),
    "a way out in a name": _sql("UPDATE entry SET name = '..' WHERE id = 1"),
    "a slash in a name": _sql("UPDATE entry SET name = '../a' WHERE id = 1"),
    "a number that is none": _sql("UPDATE entry SET size = 'x' WHERE id = 1"),
    "less than nothing": _sql("UPDATE entry SET size = -1 WHERE id = 1"),
    "a hash too short": _sql("UPDATE entry SET sha256 = x'00' WHERE id = 1"),
    "no such state": _sql("UPDATE medium SET state = 'evil'"),
    "no such directory": _sql("UPDATE entry SET directory_id = 99 WHERE id = 1"),
    "volumes that share entries": _sql("UPDATE volume SET first_entry = 1, entries = 1000000 WHERE id > 1"),
    "a name without end": _sql("UPDATE entry SET name = hex(zeroblob(1 << 24)) WHERE id = 1"),
    "pages that lead to themselves": _loop,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_hostile_is_refused(kind: str, tmp_path: Path) -> None:
    with create_catalogue(str(tmp_path / "c.sqlite")) as catalogue:
        fill(catalogue)
        exported(catalogue, tmp_path / "file")
    HOSTILE[kind](tmp_path / "file")
    changed = (tmp_path / "file").read_bytes()
    with create_catalogue(str(tmp_path / "other.sqlite")) as other:
        empty = exported(other, tmp_path / "empty")
        with pytest.raises(Damaged):
            take(other, tmp_path / "file")
        assert exported(other, tmp_path / "after") == empty
    assert (tmp_path / "file").read_bytes() == changed


def test_a_file_without_end_is_refused_unread(tmp_path: Path) -> None:
    with create_catalogue(str(tmp_path / "c.sqlite")) as catalogue:
        exported(catalogue, tmp_path / "file")
        with open(tmp_path / "file", "r+b") as file:
            file.truncate(1 << 40)
        with pytest.raises(Damaged):
            take(catalogue, tmp_path / "file")


def test_the_format_has_these_tables() -> None:
    told = (Path(pybackup.__file__).parent / "docs/FORMAT.md").read_text("utf-8")
    section = told.split("## 25 CATALOGUE.SQLITE")[1]
    assert re.findall(r"^CREATE .*$", section, re.MULTILINE) == [*portable_form.STATEMENTS.values()]
