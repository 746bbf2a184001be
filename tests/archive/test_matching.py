"""Each path that a listing of an archive shows, given as a pattern, matches that entry and no other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from kit import planting
from kit.archives import extract

import pybackup
from pybackup.archive.matching import select
from pybackup.archive.open import open_archive
from pybackup.errors import UsageError
from pybackup.model.display import display
from pybackup.model.listing import Listing

pytestmark = pytest.mark.usefixtures("as_root")

PLAIN = ["file 1.jpg", "whatX", "starfish", "b", "caf\u00e9"]
NAMES = [*PLAIN, "file [1].jpg", "[2020] Holiday/a", "what?", "star*", "[!a]"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("matching")
    for name in NAMES:
        (root / "p" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "p" / name).write_text(name)
    planting.odd_names(root / "odd")
    pybackup.create([root / "p", root / "odd"], root / "p.xtar", workers=1)
    return root / "p.xtar"


@pytest.fixture(scope="module")
def listing(archive: Path) -> Listing:
    with open_archive(os.fsencode(archive)) as opened:
        return opened.listing


def _selected(listing: Listing, *patterns: bytes) -> list[bytes]:
    return [listing.paths[row] for row in select(listing, patterns)]


def _at_or_below(paths: Sequence[bytes], name: bytes) -> list[bytes]:
    return [path for path in paths if path == name or path.startswith(name + b"/")]


def test_every_path_names_itself_as_it_is_and_as_it_is_shown(listing: Listing) -> None:
    paths = list(listing.paths)
    assert len(paths) > 100
    for path in paths:
        for pattern in (path, b"./" + path, path + b"/", os.fsencode(display(path))):
            assert _selected(listing, pattern) == _at_or_below(paths, path), pattern


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("p/file [1].jpg", ["file [1].jpg"]),
        ("p/file [12].jpg", ["file 1.jpg"]),
        ("p/file \\[1].jpg", ["file [1].jpg"]),
        ("p/[2020] Holiday", ["[2020] Holiday", "[2020] Holiday/a"]),
        ("p/what?", ["what?"]),
        ("p/wha??", ["what?", "whatX"]),
        ("p/star*", ["star*"]),
        ("p/sta*", ["star*", "starfish"]),
        ("p/[!a]", ["[!a]"]),
        ("p/[!b]*Holiday", ["[2020] Holiday", "[2020] Holiday/a"]),
        ("p/caf?", ["caf\u00e9"]),
        ("p*a", ["[2020] Holiday/a"]),
        ("**/what[X]", ["whatX"]),
        ("?/b", ["b"]),
    ],
)
def test_a_name_wins_over_a_glob(listing: Listing, pattern: str, names: list[str]) -> None:
    assert sorted(_selected(listing, os.fsencode(pattern))) == sorted(b"p/" + os.fsencode(name) for name in names)


@pytest.mark.parametrize("pattern", ["p[!a]b", "p?b", "p/[", "p/[[:x:]]", "p/nothing", "b"])
def test_what_matches_nothing_is_wrong_usage(listing: Listing, pattern: str) -> None:
    with pytest.raises(UsageError, match="nothing in the archive matches"):
        select(listing, [b"p/b", os.fsencode(pattern)])


def test_extract_restores_the_one_that_is_named(archive: Path, tmp_path: Path) -> None:
    for number, name in enumerate(("file [1].jpg", "what?", "star*")):
        extract(archive, tmp_path / f"{number}", patterns=[f"p/{name}".encode()])
        assert [path.read_text() for path in (tmp_path / f"{number}/p").iterdir()] == [name]


def test_many_names_take_one_pass(listing: Listing) -> None:
    """All paths of `list --null`, given back together."""
    assert select(listing, list(listing.paths)) == list(range(len(listing)))
