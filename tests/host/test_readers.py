"""Who may read what is made: nobody who could not read all of its sources, by a model of who reads what."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.host.readers import ANYONE, Readers

GROUPS = (10, 20, 30)

Source = tuple[int, int, bool, bool]
sources = st.tuples(st.integers(0, 0o777), st.sampled_from(GROUPS), st.booleans(), st.booleans())


@pytest.fixture
def mask() -> Iterator[None]:
    """No umask, so that only the sources count."""
    before = os.umask(0)
    yield
    os.umask(before)


def _may_read(member: int, mode: int, group: int, directory: bool, listed: bool) -> bool:
    """As POSIX decides for somebody who is not the owner, and is in one group: the bits of the group or of the rest."""
    bits = (mode >> 3 if member == group else mode) & 7
    return (not listed or bits & 4 != 0) and (not directory or bits & 1 != 0)


@given(st.lists(sources, max_size=4), st.sampled_from(GROUPS), st.sampled_from((*GROUPS, 99)))
def test_nobody_reads_a_copy_who_cannot_read_every_source(made_of: list[Source], group: int, member: int) -> None:
    readers = Readers()
    for mode, of, directory, listed in made_of:
        readers.add(mode, of, directory=directory, listed=listed)
    before = os.umask(0)
    try:
        mode = readers.mode(group)
    finally:
        os.umask(before)
    assert mode & 0o600 == 0o600
    if _may_read(member, mode, group, directory=False, listed=True):
        assert all(_may_read(member, *source) for source in made_of)


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ([], 0o666),
        ([(0o644, 10)], 0o666),
        ([(0o640, 10)], 0o660),
        ([(0o640, 20)], 0o600),
        ([(0o600, 10)], 0o600),
        ([(0o644, 10), (0o640, 10)], 0o660),
        ([(0o640, 10), (0o640, 20)], 0o600),
        # The group may not, all others may: nobody knows who is in it.
        ([(0o604, 10)], 0o600),
        ([(0o000, 10), (0o666, 10)], 0o600),
    ],
)
@pytest.mark.usefixtures("mask")
def test_modes_of_a_new_file_of_group_10(modes: list[tuple[int, int]], expected: int) -> None:
    readers = Readers()
    for mode, group in modes:
        readers.add(mode, group)
    assert readers.mode(10) == expected


@pytest.mark.parametrize("umask", [0, 0o022, 0o027, 0o077])
def test_the_umask_takes_away_and_stays(umask: int) -> None:
    before = os.umask(umask)
    try:
        assert ANYONE.mode(os.getegid()) == 0o666 & ~umask
        assert os.umask(umask) == umask
    finally:
        os.umask(before)


@pytest.mark.usefixtures("mask")
def test_a_directory_on_the_way_keeps_out_who_may_not_enter_it(tmp_path: Path) -> None:
    group = os.getegid()
    (tmp_path / "way/in").mkdir(parents=True)
    file = tmp_path / "way/in/file"
    file.write_bytes(b"x")
    file.chmod(0o644)
    (tmp_path / "link").symlink_to(file)
    outside = Readers()
    outside.add_above(os.fsencode(tmp_path))
    for mode, allowed in ((0o711, 0o666), (0o710, 0o660), (0o700, 0o600), (0o744, 0o600)):
        (tmp_path / "way").chmod(mode)
        for path in (file, tmp_path / "link"):
            expected = allowed & Readers.of([os.fsencode(tmp_path)]).mode(group) | 0o600
            assert Readers.of([os.fsencode(path)]).mode(group) & 0o666 == expected & outside.mode(group) | 0o600


@pytest.mark.usefixtures("mask")
def test_what_lies_in_a_directory_counts_and_what_cannot_be_asked_is_private(tmp_path: Path) -> None:
    for above in (tmp_path, *tmp_path.parents[:-1]):
        if above.stat().st_uid == os.geteuid() and above.name.startswith(("pytest", "test_")):
            above.chmod(0o755)
    (tmp_path / "open").write_bytes(b"x")
    (tmp_path / "open").chmod(0o644)
    whole = Readers.of([os.fsencode(tmp_path)]).mode(os.getegid())
    (tmp_path / "closed").write_bytes(b"x")
    (tmp_path / "closed").chmod(0o600)
    assert Readers.of([os.fsencode(tmp_path)]).mode(os.getegid()) == 0o600
    assert Readers.of([os.fsencode(tmp_path / "open")]).mode(os.getegid()) == whole
    assert Readers.of([os.fsencode(tmp_path / "missing")]).mode(os.getegid()) == 0o600


@pytest.mark.usefixtures("mask")
def test_each_directory_on_the_way_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A selection has a source for each of its files and directories: 800 directories deep they took 40 seconds."""
    deep = tmp_path / "/".join("d" * 200)
    deep.mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "d/d")
    (tmp_path / "d/d/d/closed").mkdir(mode=0o700)
    paths = [*reversed(deep.parents), *(deep / f"{number}" for number in range(200)), tmp_path / "link/d/closed/x"]
    alone = {Readers.of([]).mode(os.getegid())}
    for path in paths:
        reader = Readers()
        reader.add_above(os.fsencode(path))
        alone.add(reader.mode(os.getegid()))
    asked = {"stat": 0, "lstat": 0}
    for name, real in (("stat", os.stat), ("lstat", os.lstat)):

        def counted(*given: object, name: str = name, real: object = real, **options: object) -> object:
            asked[name] += 1
            return real(*given, **options)  # type: ignore[operator]

        monkeypatch.setattr(os, name, counted)
    together = Readers()
    for path in paths:
        together.add_above(os.fsencode(path))
    monkeypatch.undo()
    assert sum(asked.values()) <= 3 * len(paths)
    assert together.mode(os.getegid()) == min(alone)
