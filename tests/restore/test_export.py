"""Exporting: hard links come after their files, and damaged files are left out."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from pybackup.foreign.tar_writer import TarWriter
from pybackup.foreign.zip_writer import ZipWriter
from pybackup.host.output import Output
from pybackup.model.entry import Entry, Kind
from pybackup.model.member import Stored
from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor
from pybackup.restore.export import Exported, Exporter
from pybackup.restore.spool import ContentSpool

from .conftest import Packed, hurt

TEXT, NOISE = b"top/text", b"top/noise.bin"
LINK = Stored(Entry(b"top/a link", Kind.HARDLINK, target=TEXT))
FIFO = Stored(Entry(b"top/fifo", Kind.FIFO))


def _exported(packed: Packed, room: Path, form: str, data: bytes) -> tuple[dict[bytes, bytes], Exported, Monitor]:
    """What another program reads, and the monitor's messages; the link comes before its file."""
    (room / "archive").write_bytes(data)
    heard, directory = Monitor(), os.fsencode(room)
    with Output(os.fsencode(room / "out")) as output, ContentSpool(directory) as spool:
        writer = TarWriter(output) if form == "tar" else ZipWriter(output)
        exporter = Exporter(writer, spool, [LINK], heard)
        exporter.add(os.fsencode(room / "archive"), [LINK, *packed.stored.values(), FIFO])
        exporter.finish()
        output.publish()
    written = io.BytesIO((room / "out").read_bytes())
    if form == "zip":
        with zipfile.ZipFile(written) as archive:
            return {info.filename.encode(): archive.read(info) for info in archive.infolist()}, exporter.done, heard
    found = {}
    with tarfile.open(fileobj=written) as tar:
        for info in tar:
            stream = tar.extractfile(info) if info.isreg() or info.islnk() else None
            found[info.name.encode()] = stream.read() if stream else b""
    return found, exporter.done, heard


@pytest.mark.parametrize("form", ["tar", "zip"])
def test_every_file_and_its_links(packed: Packed, room: Path, form: str) -> None:
    found, done, heard = _exported(packed, room, form, packed.data)
    expected = {**packed.contents, LINK.entry.path: packed.contents[TEXT]}
    assert found == ({**expected, b"top/fifo": b""} if form == "tar" else expected)
    assert (done.files, done.entries) == (len(expected), len(found))
    refused = [(problem.path, problem.trouble) for problem in heard.problems]
    assert refused == ([] if form == "tar" else [(b"top/fifo", Trouble.REFUSED)])


@pytest.mark.parametrize("form", ["tar", "zip"])
def test_what_is_not_whole_is_left_out_with_its_links(packed: Packed, room: Path, form: str) -> None:
    member = packed.stored[TEXT].members[0]
    found, _, heard = _exported(packed, room, form, hurt(packed.data, member.stream_offset + 5, 40))
    found.pop(b"top/fifo", None)
    assert found == {path: content for path, content in packed.contents.items() if path != TEXT}
    lost = {problem.path: problem.reason for problem in heard.problems if problem.trouble is Trouble.LOST}
    assert lost.keys() == {TEXT, LINK.entry.path}
    assert lost[LINK.entry.path] == "what it links to is lost"


def test_what_was_lost_comes_of_a_better_archive(packed: Packed, room: Path) -> None:
    member = packed.stored[NOISE].members[0]
    (room / "hurt").write_bytes(hurt(packed.data, member.stream_offset + 5, 40))
    (room / "whole").write_bytes(packed.data)
    heard = Monitor()
    with Output(os.fsencode(room / "out")) as output, ContentSpool(os.fsencode(room)) as spool:
        exporter = Exporter(TarWriter(output), spool, [], heard)
        exporter.add(os.fsencode(room / "hurt"), packed.stored.values())
        assert exporter.lost.keys() == {NOISE}
        exporter.add(os.fsencode(room / "whole"), [packed.stored[NOISE]])
        # A file that is lost for good may be one whose segments are missing.
        gone = packed.stored[TEXT]._replace(entry=replace(packed.stored[TEXT].entry, path=b"top/gone", size=1))
        exporter.add(os.fsencode(room / "whole"), [gone])
        exporter.finish()
        output.publish()
    with tarfile.open(room / "out") as tar:
        assert {name.encode() for name in tar.getnames()} == packed.contents.keys()
    assert [problem.path for problem in heard.problems] == [b"top/gone"]
