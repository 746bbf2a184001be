"""Files in the making: nothing has the name before all is there, and what is not published is gone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pybackup.errors import Exists, UsageError
from pybackup.host.check_outputs import check_outputs
from pybackup.host.output import Destination, Output
from pybackup.host.scratch import Scratch
from pybackup.host.write_at import write_at


def test_a_file_has_its_name_when_it_is_published_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "new/file"
    with Output(os.fsencode(path)) as output:
        output.write(b"abcdef")
        output.patch(1, b"X")
        output.write_at(8, b"i")
        assert (output.path, output.tell()) == (os.fsencode(path), 9)
        assert not path.exists()
        output.publish()
    assert path.read_bytes() == b"aXcdef\0\0i"
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_what_is_not_published_is_gone(tmp_path: Path) -> None:
    with Output(os.fsencode(tmp_path / "file")) as output:
        output.write(b"abc")
        output.flush()
        assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"abc"]
    assert list(tmp_path.iterdir()) == []


def test_what_comes_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with Output(os.fsencode(path)) as output:
        path.write_text("of somebody else")
        with pytest.raises(Exists):
            output.publish()
    assert path.read_text() == "of somebody else"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_destination_has_its_temporaries_elsewhere_if_it_is_told_so(tmp_path: Path) -> None:
    to = Destination(os.fsencode(tmp_path / "to"), work_dir=os.fsencode(tmp_path / "work"))
    to.check([b"a", b"b"])
    with Scratch(to.scratch) as made:
        made.write(b"abc")
        assert os.path.dirname(made.path) == os.fsencode(tmp_path / "work")
        assert to.publish(made, b"a") == os.fsencode(tmp_path / "to/a")
    assert (tmp_path / "to/a").read_bytes() == b"abc"
    assert list((tmp_path / "work").iterdir()) == []
    with pytest.raises(Exists):
        to.check([b"a"])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("directory",), "is a directory"),
        (("directory/",), "is a directory"),
        (("fifo",), "is no regular file"),
        (("file/below",), "is no directory"),
        (("new", "directory/../new"), "two files"),
    ],
)
def test_names_that_cannot_be_are_refused_before_any_work(names: tuple[str, ...], message: str, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=message):
        check_outputs((os.fsencode(f"{tmp_path}/{name}") for name in names), replace=True)


def test_all_is_written_where_the_system_takes_a_part_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: real(fd, bytes(data)[:3], offset))
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    write_at(fd, 2, b"0123456789")
    os.close(fd)
    assert (tmp_path / "file").read_bytes() == b"\0\0" + b"0123456789"
