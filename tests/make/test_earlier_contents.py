"""Which content of an earlier archive is that of a file, by its time or content, also under another name."""

from __future__ import annotations

import os
from pathlib import Path

from kit.archives import archive

from pybackup.archive.open import open_archive
from pybackup.make.earlier_archive import EarlierArchive
from pybackup.make.earlier_contents import EarlierContents
from pybackup.monitor import Monitor, Noted
from pybackup.selection.filelist import named_source
from pybackup.tree.walk import walk

TIME = 1_700_000_000 * 10**9 + 1


def test_contents_are_found_under_their_path_and_under_another(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("same", "touched", "changed", "old name", "cut"):
        (tree / name).write_bytes(name.encode())
        os.utime(tree / name, ns=(TIME, TIME))
    archive([tree], tmp_path / "x.xtar", with_parity=False)
    os.utime(tree / "touched", ns=(TIME, TIME + 1_000_000))
    (tree / "changed").write_bytes(b"changes")
    os.utime(tree / "changed", ns=(TIME, TIME + 10**10))
    (tree / "old name").rename(tree / "new name")
    os.utime(tree / "cut", ns=(TIME, TIME - 1))
    found: dict[bool, dict[bytes, bytes]] = {}
    notes = Noted()
    with open_archive(os.fsencode(tmp_path / "x.xtar")) as opened:
        for checksum in (False, True):
            contents = EarlierContents([EarlierArchive(opened)], checksum=checksum, reuse=None, monitor=notes)
            planned = list(walk([named_source(os.fsencode(tree))], monitor=Monitor()))[1:]
            hits = ((one.entry.path, contents.find(one)) for one in planned)
            found[checksum] = {path: hit[1].entry.path for path, hit in hits if hit}
            assert contents.formers == {}
    moved = {b"tree/new name": b"tree/old name"}
    same = {path: path for path in (b"tree/same", b"tree/cut")}
    assert found[False] == same | moved
    assert found[True] == same | moved | {b"tree/touched": b"tree/touched"}
    assert [note for note in notes.notes if "coarse file systems" in note] == [
        f"{tree.name}/cut: its time differs only as coarse file systems cut times (FAT to 2 s); "
        "such files count as unchanged"
    ]
