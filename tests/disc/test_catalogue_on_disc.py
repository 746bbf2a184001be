"""CATALOGUE.SQLITE on a disc: the queries in README.TXT work with sqlite3, and `catalogue import` reads the file."""

from __future__ import annotations

import lzma
import os
import re
import subprocess
from pathlib import Path

import pytest
from kit.discs import MIB, build, tool
from kit.sets import make_volumes
from kit.trees import plant_for_discs

from pybackup.catalogue.connect import create_catalogue
from pybackup.catalogue.find import find_path
from pybackup.catalogue.media import media
from pybackup.cli.main import main
from pybackup.disc import catalogue as disc_catalogue
from pybackup.errors import Damaged
from pybackup.jobs import catalogue_import
from pybackup.jobs.catalogue_import import import_catalogue
from pybackup.model.catalogued import MediumState
from pybackup.monitor import Monitor


def _discs(room: Path) -> tuple[list[Path], set[bytes]]:
    """Return the images of a set, and the names of its files and links."""
    tree = plant_for_discs(room / "tree", n_bytes=4 * MIB)
    (tree / "it's \udcff.jpg").write_bytes(b"x")
    volumes = make_volumes(tree, room / "set", [3 * MIB // 2, 5 * MIB // 2, 2 * MIB])
    assert len(volumes) > 2
    names = {os.fsencode(path.name) for path in tree.rglob("*") if path.is_symlink() or not path.is_dir()}
    return [Path(os.fsdecode(build(volume, room / "images").path)) for volume in volumes], names


def test_the_queries_of_the_readme_and_import(tmp_path: Path) -> None:
    images, names = _discs(tmp_path)
    newest = tmp_path / "newest"
    newest.mkdir()
    for name in ("README.TXT", "CATALOGUE.SQLITE"):
        (newest / name).write_bytes(tool("isoinfo", "-R", "-x", f"/{name}", "-i", images[-1]))
    told = (newest / "README.TXT").read_text()
    queries = re.findall(r'^    (sqlite3 CATALOGUE.SQLITE "[^"]*")$', told, re.MULTILINE)
    assert len(queries) == 3
    _, counted, largest = (
        subprocess.run(["sh", "-c", query], cwd=newest, check=True, capture_output=True).stdout.splitlines()
        for query in queries
    )
    assert len(counted) >= len(images)
    assert largest
    everything = queries[0].replace("'%.jpg'", "'%'")
    found = subprocess.run(["sh", "-c", everything], cwd=newest, check=True, capture_output=True).stdout.splitlines()
    assert {line.partition(b"|")[2].rpartition(b"/")[2] for line in found} == names
    with create_catalogue(str(tmp_path / "catalogue.sqlite")) as catalogue:
        merged = import_catalogue(catalogue, bytes(newest / "CATALOGUE.SQLITE"), Monitor())
        assert merged.volumes == merged.media == len(images)
        assert all(find_path(catalogue, name) for name in names)


def test_the_same_volume_gives_the_same_catalogue(tmp_path: Path) -> None:
    images, _ = _discs(tmp_path)
    for volume, image in zip(sorted((tmp_path / "set").glob("*.xtar")), images, strict=True):
        again = build(volume, tmp_path / "again")
        assert Path(os.fsdecode(again.path)).read_bytes() == image.read_bytes()


def test_a_packed_one_is_read_as_the_readme_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disc_catalogue, "_SMALL_BYTES", 0)
    monkeypatch.setattr(disc_catalogue, "_PLAIN_SHARE", 0.0)
    images, names = _discs(tmp_path)
    disc, room = tmp_path / "disc", tmp_path / "room"
    disc.mkdir()
    room.mkdir()
    for name in ("README.TXT", "CATALOGUE.SQLITE.XZ", "SHA256SUMS"):
        (disc / name).write_bytes(tool("isoinfo", "-R", "-x", f"/{name}", "-i", images[-1]))
    told = (disc / "README.TXT").read_text()
    assert b"CATALOGUE.SQLITE.XZ" in (disc / "SHA256SUMS").read_bytes()
    (unpack,) = re.findall(r"^    (xz .*)$", told, re.MULTILINE)
    subprocess.run(["sh", "-c", unpack.replace("DISC", str(disc))], cwd=room, check=True)
    query = re.findall(r'^    (sqlite3 CATALOGUE.SQLITE "[^"]*")$', told, re.MULTILINE)[0].replace("'%.jpg'", "'%'")
    found = subprocess.run(["sh", "-c", query], cwd=room, check=True, capture_output=True).stdout.splitlines()
    assert {line.partition(b"|")[2].rpartition(b"/")[2] for line in found} == names
    with create_catalogue(str(tmp_path / "catalogue.sqlite")) as catalogue:
        packed = disc / "CATALOGUE.SQLITE.XZ"
        assert import_catalogue(catalogue, bytes(packed), Monitor()).volumes == len(images)
        content = packed.read_bytes()
        for harmed in (content[:-40], content[:200] + bytes(50) + content[250:]):
            packed.write_bytes(harmed)
            with pytest.raises(Damaged, match="CATALOGUE"):
                import_catalogue(catalogue, bytes(packed), Monitor())
        monkeypatch.setattr(catalogue_import, "MOST_UNPACKED_BYTES", 1 << 20)
        packed.write_bytes(lzma.compress(bytes(4 << 20)))
        with pytest.raises(Damaged, match="too much room"):
            import_catalogue(catalogue, bytes(packed), Monitor())


def test_places_and_states_travel_where_that_is_asked(tmp_path: Path) -> None:
    """A whole catalogue, with media of other sets, is put on a disc and imported from it again."""
    _discs(tmp_path)
    volume = min((tmp_path / "set").glob("*.xtar"))
    there = ["--catalogue", str(tmp_path / "catalogue.sqlite")]
    assert main(["catalogue", "init", *there]) == 0
    assert main(["catalogue", "add", str(tmp_path / "set"), "--place", "the blue box", *there]) == 0
    assert main(["catalogue", "add", str(tmp_path / "tree"), "--label", "a drive", *there]) == 0
    assert main(["catalogue", "remove", "--retired", "a drive", *there]) == 0
    exported = str(tmp_path / "all.sqlite")
    assert main(["catalogue", "export", exported, *there]) == 0
    command = ["disc", "build", str(volume), "--to", str(tmp_path / "carried"), "--catalogue", "none"]
    assert main([*command, "--carry-catalogue", exported, "--medium", "8M"]) == 0
    (image,) = (tmp_path / "carried").glob("*.iso")
    carried = tmp_path / "CATALOGUE.SQLITE"
    carried.write_bytes(tool("isoinfo", "-R", "-x", "/CATALOGUE.SQLITE", "-i", image))
    assert carried.read_bytes() == Path(exported).read_bytes()
    with create_catalogue(str(tmp_path / "again.sqlite")) as catalogue:
        import_catalogue(catalogue, bytes(carried), Monitor())
        known = {each.label: each for each in media(catalogue)}
    assert known["a drive"].state is MediumState.RETIRED
    assert {each.place for label, each in known.items() if label != "a drive"} == {"the blue box"}
    assert main([*command, "--carry-catalogue", str(volume), "--overwrite"]) == 4
