"""Which volumes of a set were given: renamed, twice, damaged, strangers; known by what they hold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from kit.damage import overwritten
from kit.small_sets import SmallSet, small_set

from pybackup.archive.find import find_volumes, look_into
from pybackup.errors import UsageError
from pybackup.host.output import Destination
from pybackup.mend.refused_files import RefusedFiles
from pybackup.mend.survey_set import SurveyedSet, survey_set
from pybackup.model.volume import VolumeKind
from pybackup.monitor import Noted


class _Surveyor:
    """Surveys files, while their temporaries last."""

    def __init__(self, room: Path, stack: ExitStack) -> None:
        self.room, self.stack, self.heard = room, stack, Noted()

    def __call__(self, *paths: Path) -> SurveyedSet:
        files = [look_into(os.fsencode(path)) for path in paths]
        to = Destination(os.fsencode(self.room / "to"), os.fsencode(self.room / "work"))
        with RefusedFiles(self.heard) as heard:
            return survey_set(files, to, stack=self.stack, monitor=heard)


@pytest.fixture
def look(room: Path) -> Iterator[_Surveyor]:
    (room / "to").mkdir()
    with ExitStack() as stack:
        yield _Surveyor(room, stack)
    assert not (room / "work").exists() or list((room / "work").iterdir()) == []


@pytest.fixture(scope="module")
def small() -> SmallSet:
    return small_set()


def test_whole_volumes_under_any_names_in_any_order(small: SmallSet, room: Path, look: _Surveyor) -> None:
    names = [*small.recovery, *reversed(small.data)]
    for number, name in enumerate(names):
        (room / f"file{number}").write_bytes(small.volumes[name])
    taken = look(*(room / f"file{number}" for number in range(len(names))))
    assert sorted(taken.data) == [*range(1, 1 + len(small.data))]
    assert sorted(taken.recovery) == [1, 2]
    assert taken.header is not None
    assert len(taken.header.bodies) == len(small.data)
    assert all(held.work is None and not held.unknown for held in taken.data.values())
    assert taken.info_of(VolumeKind.RECOVERY, 2).file_name == b"docs-R02.xtar"
    for number, held in taken.data.items():
        assert Path(os.fsdecode(held.paths[0])).read_bytes() == small.volumes[f"docs-00{number}.xtar"]
    assert look.heard.problems == []


def test_a_damaged_one_is_put_together_and_a_copy_is_told(small: SmallSet, room: Path, look: _Surveyor) -> None:
    data = small.volumes["docs-001.xtar"]
    (room / "a").write_bytes(overwritten(data, [0, 1, 2]))
    (room / "b").write_bytes(overwritten(data, [4]))
    (room / "r").write_bytes(small.volumes["docs-R01.xtar"])
    taken = look(room / "a", room / "b", room / "r")
    held = taken.data[1]
    assert held.work is not None
    assert held.paths == [os.fsencode(room / "a"), os.fsencode(room / "b")]
    assert held.file.read_at(0, len(data)) == data
    assert not held.lost(0, 100_000).any()
    (note,) = (note for note in look.heard.notes if "once more" in note)
    assert note == f"{room / 'b'}: docs 1 once more, beside {room / 'a'}"


def test_an_earlier_run_left_volumes_where_this_one_writes(small: SmallSet, room: Path, look: _Surveyor) -> None:
    (room / "to/docs-002.xtar").write_bytes(small.volumes["docs-002.xtar"])
    # Another file by that name would be none of it, nor is a volume under another name.
    (room / "to/other.xtar").write_bytes(small.volumes["docs-003.xtar"])
    (room / "r").write_bytes(small.volumes["docs-R01.xtar"])
    taken = look(room / "r")
    assert sorted(taken.data) == [2]
    assert taken.finished == {os.fsencode(room / "to/docs-002.xtar")}


def test_what_is_no_use_is_a_problem(small: SmallSet, room: Path, look: _Surveyor) -> None:
    (room / "words").write_bytes(b"words" * 999)
    (room / "one").write_bytes(small.volumes["docs-001.xtar"])
    look(room / "one", room / "words")
    assert [(os.path.basename(p.path), p.reason) for p in look.heard.problems] == [
        (b"words", "nothing of a volume is in it")
    ]


def test_volumes_of_two_sets_or_of_none_are_refused(small: SmallSet, room: Path, look: _Surveyor) -> None:
    (room / "one").write_bytes(small.volumes["docs-001.xtar"])
    (room / "two").write_bytes(small_set(seed=4).volumes["docs-002.xtar"])
    (room / "words").write_bytes(b"words")
    with pytest.raises(UsageError, match="belongs to another set than"):
        look(room / "one", room / "two")
    with pytest.raises(UsageError, match="no volume of a set is whole enough to tell which set it is"):
        look(room / "words")


def test_without_a_recovery_volume_nothing_tells_of_the_whole(small: SmallSet, room: Path, look: _Surveyor) -> None:
    directory = small.write(room / "set", dict.fromkeys(small.recovery))
    taken = look(*sorted(directory.iterdir()))
    assert (taken.header, taken.recovery) == (None, {})
    assert len(taken.data) == len(small.data)
    assert len(find_volumes([os.fsencode(directory)]).volumes) == len(small.data)
