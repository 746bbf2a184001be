"""Directories get a container with their first content, each in that of the one above, and end when they are left."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

from pybackup.container.frames import Carry
from pybackup.container.open_containers import OpenContainers
from pybackup.container.own import OwnWriter
from pybackup.host.output import Output
from pybackup.layout import index
from pybackup.model.entry import Entry, Kind

TOP = Entry(b"", Kind.DIRECTORY, 0o755)


def _directory(path: bytes) -> Entry:
    return Entry(path, Kind.DIRECTORY, 0o700)


def test_a_container_is_opened_by_what_lies_in_it_and_has_its_size_when_it_is_left(tmp_path: Path) -> None:
    with Output(os.fsencode(tmp_path / "a")) as output:
        opened = OpenContainers(output, b"archive!", TOP, OwnWriter(output, b"archive!", TOP, b""), Carry())
        for path in (b"a", b"a/b", b"a/c"):
            opened.add(_directory(path))
        # Of a/b nothing lies in a container: its row goes into that of a, where one is opened for a/c.
        assert output.tell() == 0
        assert [frame.entry.path for frame in opened.frames] == [b"", b"a", b"a/c"]
        container = opened.open()
        opened.emit(container, bytes(512))
        assert (container.number, set(opened.names_in_use())) == (2, {b"", b"a", b"a/c"})
        opened.enter([_directory(b"d")])
        assert [frame.entry.path for frame in opened.frames] == [b"", b"d"]
        output.flush()
        data = Path(os.fsdecode(output.temporary)).read_bytes()
        output.discard()
    # As any tar has them: the container of a, in which that of a/c is.
    with tarfile.open(fileobj=io.BytesIO(data + bytes(1024))) as archive:
        (outer,) = archive.getmembers()
    assert outer.name == "a/.xtar"
    assert outer.offset_data + outer.size == len(data)
    inner = data[outer.offset_data :][: outer.size]
    assert inner.count(index.HEAD_MAGIC) == 2
    assert len(opened.tree) == 4
