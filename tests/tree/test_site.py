"""The ground entries are placed on: what may be replaced, what is one entry's failure and what ends the run."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pybackup.errors import EnvironmentFailed, Refused
from pybackup.host.temporaries import create, forget, open_new
from pybackup.model.entry import Entry, Kind
from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor
from pybackup.tree.site import Overwrite, PlaceOptions, Site

Opener = Callable[[Overwrite], Site]
OLD_NS, NEW_NS = 10**18, 2 * 10**18


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Opener]:
    with ExitStack() as stack:

        def opener(overwrite: Overwrite) -> Site:
            opened = Site(os.fsencode(tmp_path), PlaceOptions(overwrite), Monitor())
            stack.callback(opened.close)
            return opened

        yield opener


def _standing(path: Path, mtime_ns: int) -> None:
    path.write_bytes(b"standing")
    os.utime(path, ns=(mtime_ns, mtime_ns))


@pytest.mark.parametrize(
    ("overwrite", "there_ns", "reason"),
    [
        (Overwrite.NEVER, OLD_NS, "exists and is not to be replaced"),
        (Overwrite.OLDER, NEW_NS, "exists and is not older"),
        (Overwrite.OLDER, NEW_NS + 1, "exists and is not older"),
        (Overwrite.OLDER, NEW_NS - 1, ""),
        (Overwrite.ALWAYS, NEW_NS + 1, ""),
    ],
)
def test_what_stands_there_by_its_time(
    site: Opener, tmp_path: Path, overwrite: Overwrite, there_ns: int, reason: str
) -> None:
    _standing(tmp_path / "f", there_ns)
    entry = Entry(b"f", Kind.FILE, mtime_ns=NEW_NS)
    if reason:
        with pytest.raises(FileExistsError, match=reason):
            site(overwrite).open_parent(entry)
    else:
        assert site(overwrite).open_parent(entry)[1] == b"f"


def test_a_link_counts_by_its_own_time_and_is_not_followed(site: Opener, tmp_path: Path) -> None:
    (tmp_path / "l").symlink_to("/nowhere")
    with pytest.raises(FileExistsError):
        site(Overwrite.OLDER).open_parent(Entry(b"l", Kind.FILE, mtime_ns=0))


@pytest.mark.parametrize("path", [b"/f", b"a/../f", b"a//f", b"", b"a/"])
def test_a_path_that_leads_out_is_refused_before_anything_is_made(site: Opener, tmp_path: Path, path: bytes) -> None:
    with pytest.raises(Refused):
        site(Overwrite.ALWAYS).open_parent(Entry(path, Kind.FILE))
    assert [name for name in os.listdir(tmp_path) if name != "a"] == []


def test_parents_are_made_and_claimed_once(site: Opener, tmp_path: Path) -> None:
    opened = site(Overwrite.NEVER)
    level, name = opened.open_parent(Entry(b"a/b/f", Kind.FILE))
    assert (name, level.claimed, level.fresh) == (b"f", True, True)
    assert opened.open_parent(Entry(b"a/b/g", Kind.FILE))[0] is level
    assert (tmp_path / "a/b").is_dir()


def test_what_a_killed_run_left_goes(site: Opener, tmp_path: Path) -> None:
    level, _ = site(Overwrite.NEVER).open_parent(Entry(b"f", Kind.FILE))
    name, fd = create(level.fd, lambda free: open_new(free, level.fd))
    os.close(fd)
    site_again = site(Overwrite.NEVER)
    # The directory is held by the first, so it may be another run's.
    site_again.open_parent(Entry(b"f", Kind.FILE))
    assert os.listdir(tmp_path) == [os.fsdecode(name)]
    site_again.close()
    forget(name)  # as a process that was killed does
    level.close()
    site(Overwrite.NEVER).open_parent(Entry(b"f", Kind.FILE))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("overwrite", Overwrite)
def test_published_as_the_options_allow(site: Opener, tmp_path: Path, overwrite: Overwrite) -> None:
    opened = site(overwrite)
    level, name = opened.open_parent(Entry(b"f", Kind.FILE))
    temporary, fd = create(level.fd, lambda free: open_new(free, level.fd))
    os.close(fd)
    # It came between the check and the renaming.
    (tmp_path / "f").mkdir()
    (tmp_path / "f/below").touch()
    if overwrite is Overwrite.ALWAYS:
        opened.publish(level.fd, temporary, name)
        assert (tmp_path / "f").is_file()
        assert len(os.listdir(tmp_path)) == 1
        return
    with pytest.raises(OSError, match=r"directory|exists"):
        opened.publish(level.fd, temporary, name)
    assert sorted(os.listdir(tmp_path)) == sorted(["f", os.fsdecode(temporary)])


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (FileExistsError(errno.EEXIST, "there"), Trouble.EXISTS),
        (NotADirectoryError(errno.ENOTDIR, "there"), Trouble.EXISTS),
        (PermissionError(errno.EACCES, "there"), Trouble.REFUSED),
        (Refused("there"), Trouble.REFUSED),
        (OSError("there"), Trouble.REFUSED),
    ],
)
def test_what_hurts_one_entry_is_its_problem(site: Opener, error: Exception, trouble: Trouble) -> None:
    opened = site(Overwrite.NEVER)
    assert opened.failed(Entry(b"f", Kind.FILE), error) is False
    (problem,) = opened.monitor.problems
    assert (problem.path, problem.trouble, problem.reason) == (b"f", trouble, "there")
    assert opened.unplaced == {b"f"}


class _Begun:
    """Something that is not finished."""

    def __init__(self) -> None:
        self.discarded = False

    def discard(self) -> None:
        self.discarded = True


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE])
def test_what_no_entry_can_get_over_ends_the_run_and_leaves_nothing(site: Opener, tmp_path: Path, code: int) -> None:
    opened, begun = site(Overwrite.NEVER), _Begun()
    opened.unfinished.add(begun)
    with pytest.raises(EnvironmentFailed, match=f"cannot write to {tmp_path}: {os.strerror(code)}"):
        opened.failed(Entry(b"f", Kind.FILE), OSError(code, os.strerror(code)))
    assert begun.discarded
    assert opened.monitor.problems == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a mistake of ours")])
def test_what_is_no_failure_of_placing_goes_on(site: Opener, error: BaseException) -> None:
    with pytest.raises(type(error)):
        site(Overwrite.NEVER).failed(Entry(b"f", Kind.FILE), error)
