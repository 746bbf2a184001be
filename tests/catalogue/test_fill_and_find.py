"""What is entered is found: any name, any size, any time, on every database."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.catalogue.connect import Catalogue, create_catalogue, open_catalogue
from pybackup.catalogue.fill import enter
from pybackup.catalogue.find import files_of, find, find_contents, find_path
from pybackup.catalogue.media import find_medium, media
from pybackup.model.catalogued import MediumType, NewMedium, NewVolume, VolumeSort, Wanted
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed
from pybackup.model.problem import Trouble
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.monitor import Monitor

from .databases import SqliteFiles
from .shelf import TIME, filed, put, sha

ODD_NAMES = [
    b"a",
    b"A",
    b"a ",
    b"a  ",
    b" a",
    b"\xff",
    b"\xff\xfe\x80",
    "é".encode(),
    "e\u0301".encode(),
    "É".encode(),
    "ß".encode(),
    b"ss",
    "\U0001f4c0 disc".encode(),
    b"new\nline",
    b"back\\slash",
    b"%",
    b"_",
    b"x" * 255,
    b"*",
    b"[a]",
    b"'; DROP TABLE entry; --",
    b"\x01\x1b[31m",
]
DEEP = b"/".join(b"%d" % number + b"d" * 200 for number in range(20))


def test_names_of_any_bytes(catalogue: Catalogue) -> None:
    paths = sorted([*(b"odd/" + name for name in ODD_NAMES), DEEP + b"/deep", b"at the top"])
    assert len(DEEP) > 4000
    put(catalogue, "disc", map(filed, paths))
    assert [each.filed.path for each in files_of(catalogue)] == paths
    for path in paths:
        assert [each.filed.path for each in find_path(catalogue, path)] == [path]
        (found,) = find_contents(catalogue, [sha(path)])
        assert found.filed == filed(path)
    assert [each.filed.path for each in find_path(catalogue, b"odd")] == paths_below(paths, b"odd/")


def paths_below(paths: list[bytes], top: bytes) -> list[bytes]:
    return [path for path in paths if path.startswith(top)]


@pytest.mark.parametrize("size", [0, 1, 5 << 30, (1 << 63) - 1])
def test_sizes(catalogue: Catalogue, size: int) -> None:
    put(catalogue, "disc", [filed("a", size=size)])
    assert [each.filed.size for each in find(catalogue, Wanted(least_bytes=size, most_bytes=size))] == [size]
    assert find(catalogue, Wanted(least_bytes=min(size + 1, (1 << 63) - 1), most_bytes=size - 1)) == []


def test_times_before_1970_and_nanoseconds(catalogue: Catalogue) -> None:
    times = [-(1 << 63), -2_208_988_800_000_000_001, -1, 0, 1, (1 << 63) - 1]
    put(catalogue, "disc", [filed(f"{number}", mtime_ns=time) for number, time in enumerate(times)])
    assert [each.filed.mtime_ns for each in files_of(catalogue)] == times
    assert [each.filed.mtime_ns for each in find(catalogue, Wanted(since_ns=-1, until_ns=0))] == [-1, 0]


def test_names_too_long_for_any_index_are_told(catalogue: Catalogue) -> None:
    heard = Monitor()
    long, above = b"n" * 1025, b"d" * 1025 + b"/a"
    put(catalogue, "disc", [filed("a"), filed(long), filed(above), filed(b"n" * 1024)], monitor=heard)
    assert [problem.path for problem in heard.problems] == [long, above]
    assert {problem.trouble for problem in heard.problems} == {Trouble.REFUSED}
    assert [each.filed.path for each in files_of(catalogue)] == [b"a", b"n" * 1024]
    assert media(catalogue)[0].volume.files == 2


def test_part_of_a_name_and_globs(catalogue: Catalogue) -> None:
    paths = [b"docs/2019/letter.txt", b"docs/2020/letter.odt", b"photos/2019/a.jpg", b"photos/letters/b.jpg", b"2019"]
    put(catalogue, "disc", map(filed, paths))

    def found(pattern: bytes) -> list[bytes]:
        return [each.filed.path for each in find(catalogue, Wanted(pattern))]

    assert found(b"letter") == [b"docs/2019/letter.txt", b"docs/2020/letter.odt"]
    assert found(b"2019/l") == [b"docs/2019/letter.txt"]
    assert found(b"*.jpg") == [b"photos/2019/a.jpg", b"photos/letters/b.jpg"]
    assert found(b"2019/*") == [b"docs/2019/letter.txt", b"photos/2019/a.jpg"]
    assert found(b"/2019") == [b"2019"]
    assert found(b"/2019/l") == []
    assert found(b"/docs/2019/l") == [b"docs/2019/letter.txt"]
    assert found(b"/docs/*") == [b"docs/2019/letter.txt", b"docs/2020/letter.odt"]
    assert found(b"letter*") == [b"docs/2019/letter.txt", b"docs/2020/letter.odt", b"photos/letters/b.jpg"]
    assert found(b"docs/20?9/*") == [b"docs/2019/letter.txt"]
    assert found(b"[!a].jpg") == [b"photos/letters/b.jpg"]
    assert found(b"*") == sorted(paths)
    assert found(b"nowhere*") == []


WORDS = st.lists(st.sampled_from([b"a", b"b", b"ab", b"\xff", b"a.c", b"[", b"x*"]), min_size=1, max_size=4)
GLOBS = st.lists(st.sampled_from([b"a", b"b", b"*", b"?", b"/", b"[ab]", b"[!a]", b"\xff", b".c", b"["]), max_size=6)


@settings(max_examples=100, deadline=None)
@given(st.sets(WORDS.map(b"/".join), max_size=25), GLOBS.map(b"".join))
def test_globs_are_those_of_fnmatch(sqlite_files: SqliteFiles, paths: set[bytes], glob: bytes) -> None:
    """However the database narrows the search, it finds what matching every path finds."""
    glob += b"*" * (not set(glob) & set(b"*?["))
    with open_catalogue(sqlite_files.empty()) as catalogue:
        put(catalogue, "disc", map(filed, sorted(paths)))
        found = {each.filed.path for each in find(catalogue, Wanted(glob))}
    text = glob.decode("latin-1")
    anywhere = text if text.startswith(("*", "/")) else "*/" + text
    expected = {path for path in paths if fnmatch.fnmatchcase("/" + path.decode("latin-1"), anywhere)}
    assert found == expected


def test_the_end_of_a_path(catalogue: Catalogue) -> None:
    put(catalogue, "one", map(filed, ["home/docs/a.txt", "home/docs/sub/b.txt", "docs/a.txt", "xdocs/a.txt"]))

    def found(path: bytes) -> list[bytes]:
        return [each.filed.path for each in find_path(catalogue, path)]

    assert found(b"docs/a.txt") == [b"docs/a.txt", b"home/docs/a.txt"]
    assert found(b"home/docs/a.txt") == [b"home/docs/a.txt"]
    assert found(b"docs") == [b"docs/a.txt", b"home/docs/a.txt", b"home/docs/sub/b.txt"]
    assert found(b"/docs/sub/") == [b"home/docs/sub/b.txt"]
    assert found(b"a.txt") == [b"docs/a.txt", b"home/docs/a.txt", b"xdocs/a.txt"]
    assert found(b"home/a.txt") == []


def test_the_same_again_is_recognised(catalogue: Catalogue) -> None:
    entries = [filed("docs/a"), filed("docs/b")]
    first = put(catalogue, "disc", entries)
    again = put(catalogue, "disc", entries, medium=NewMedium(MediumType.DISC))
    assert (first.new_volume, first.new_medium, again.new_volume, again.new_medium) == (True, True, False, False)
    assert again.medium_id == first.medium_id
    assert len(list(files_of(catalogue))) == 2


def test_one_more_copy_is_another_medium(catalogue: Catalogue) -> None:
    entries = [filed("docs/a")]
    put(catalogue, "disc", entries)
    again = put(catalogue, "disc", entries, medium=NewMedium(MediumType.DISC, another=True))
    assert again.label == "disc (2)"
    assert not again.new_volume
    (found,) = find_path(catalogue, b"docs/a")
    assert [medium.label for medium in found.media] == ["disc", "disc (2)"]


def test_files_at_two_places_are_two_media(catalogue: Catalogue) -> None:
    for path in (b"/a/x.xtar", b"/b/x.xtar", b"/a/x.xtar"):
        put(catalogue, "x", [filed("a")], medium=NewMedium(MediumType.FILE, location=path))
    assert [(known.label, known.location) for known in media(catalogue)] == [
        ("x", b"/a/x.xtar"),
        ("x (2)", b"/b/x.xtar"),
    ]


def test_an_archive_made_anew_is_another_volume(catalogue: Catalogue) -> None:
    """The id of an archive is a hash of names, sizes and times, so another content can have the same id."""
    put(catalogue, "old", [filed("a", "one")], identity=b"same id!")
    put(catalogue, "new", [filed("a", "two")], identity=b"same id!")
    assert [each.media[0].label for each in find_contents(catalogue, [sha("one"), sha("two")])] == ["old", "new"]


def test_a_directory_that_changed_is_entered_anew(catalogue: Catalogue) -> None:
    on = NewMedium(MediumType.DIRECTORY, "drive", b"/mnt/drive")
    for number in range(3):
        entries = [filed("a", f"{number}"), filed(f"only {number}")]
        done = put(catalogue, "drive", entries, sort=VolumeSort.TREE, medium=on, identity=b"/mnt/drive")
        assert done.changed == (number > 0)
    put(catalogue, "disc", [filed("b")])
    assert [each.filed.path for each in files_of(catalogue)] == [b"a", b"only 2", b"b"]
    assert [known.label for known in media(catalogue)] == ["drive", "disc"]


def test_what_others_told_of_is_met(catalogue: Catalogue) -> None:
    entries = [filed("a"), filed("b")]
    unseen = NewMedium(MediumType.DISC, seen=False)
    put(catalogue, "docs 1", entries, set_name="docs", number=1, medium=unseen)
    assert find_medium(catalogue, "docs 1").seen_ns is None
    done = put(
        catalogue, "docs 1", entries, set_name="docs", number=1, medium=NewMedium(MediumType.FILE, location=b"/x")
    )
    assert not done.new_medium
    assert find_medium(catalogue, "docs 1").seen_ns == TIME
    assert find_medium(catalogue, "docs 1").type is MediumType.FILE


def test_of_what_others_know_by_name_alone_more_is_taken_in_later(catalogue: Catalogue) -> None:
    """A disc with little room has only the names of earlier discs, the next disc has their files."""
    info = VolumeInfo(sha("docs")[:8], "docs", 1, VolumeKind.DATA)
    for entries in ([], [filed("a"), filed("b")], [filed("a")], []):
        new = NewVolume.told_of(info, len(entries))
        enter(catalogue, new, lambda entries=entries: entries, None, Monitor())  # type: ignore[misc]
    (known,) = (each.volume for each in find(catalogue, Wanted(b"a")))
    assert (known.files, known.entries, known.n_bytes) == (2, 2, 0)
    assert len(find(catalogue, Wanted())) == 2


def test_parts_are_told_their_hash(catalogue: Catalogue) -> None:
    """Only the volume with the last part of a file knows its hash, whichever volume is entered first."""
    first = filed("film", sha256=None, size=99, first_part=0, parts_here=2, parts=3)
    last = filed("film", size=99, first_part=2, parts_here=1, parts=3)
    put(catalogue, "set 2", [last], set_name="set", number=2)
    put(catalogue, "set 1", [first], set_name="set", number=1)
    put(catalogue, "twin 1", [first], set_name="twin", number=1)
    put(catalogue, "twin 2", [last], set_name="twin", number=2)
    put(catalogue, "alone 1", [first], set_name="alone", number=1)
    found = find_contents(catalogue, [sha("film")])
    assert sorted(each.media[0].label for each in found) == ["set 1", "set 2", "twin 1", "twin 2"]


def test_a_hard_link_has_the_content_of_its_target(catalogue: Catalogue) -> None:
    link = Filed(b"sub/link", int(Kind.HARDLINK), 0, 5, 0o600, target=b"docs/a")
    dangling = Filed(b"sub/none", int(Kind.HARDLINK), 0, 5, 0o600, target=b"nowhere/a")
    put(catalogue, "disc", [filed("docs/a", "content"), link, dangling])
    found = {each.filed.path: each.filed for each in files_of(catalogue)}
    assert (found[b"sub/link"].sha256, found[b"sub/link"].size) == (sha("content"), 7)
    assert found[b"sub/none"].sha256 is None


def test_paths_are_shared_between_volumes(catalogue: Catalogue) -> None:
    for number in range(3):
        put(catalogue, f"disc {number}", [filed("a/b/c/1"), filed(f"a/b/new{number}/2")])
    with catalogue.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM directory").scalar() == 7


def test_many_rows_at_once(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than a batch, and so many that indexes are dropped and made again."""
    monkeypatch.setattr("pybackup.catalogue.bulk._WORTH_REBUILDING", 1000)
    put(catalogue, "few", [filed("first/a")])
    put(catalogue, "many", [filed(b"many/%d/%d" % (number % 100, number), "same") for number in range(5_500)])
    assert len(find_contents(catalogue, [sha("same")])) == 5_500
    assert [each.filed.path for each in find_path(catalogue, b"many/7/107")] == [b"many/7/107"]


def test_a_failure_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    with create_catalogue(str(tmp_path / "c.sqlite")) as catalogue:
        put(catalogue, "first", [filed("a")])

        class Broken(list[Filed]):
            reads = 0

            def __iter__(self):  # type: ignore[no-untyped-def]
                self.reads += 1
                for number in range(100_000):
                    if number == 60_000:
                        raise OSError("gone")
                    yield filed(b"%d" % number)

        from pybackup.catalogue.fill import enter
        from pybackup.model.catalogued import NewVolume

        new = NewVolume(b"x", VolumeSort.ARCHIVE, "broken", b"y", entries=100_000)
        with pytest.raises(OSError, match="gone"):
            enter(catalogue, new, lambda: Broken(), NewMedium(MediumType.DISC), Monitor())
        assert [each.filed.path for each in files_of(catalogue)] == [b"a"]
        with catalogue.reading() as connection:
            rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'index'").scalars().all()
            assert {"entry_by_content", "entry_by_path"} <= set(rows)
