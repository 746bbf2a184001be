"""Options as data: they are converted to the types of the library, and wrong values are refused with their name."""

from __future__ import annotations

import io
import os
from dataclasses import MISSING, fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pybackup.errors import UsageError
from pybackup.foreign.formats import ExportFormat
from pybackup.model.medium import MEDIA
from pybackup.monitor import Noted
from pybackup.options import (
    Option,
    discs,
    exporting,
    options_of,
    placing,
    protecting,
    restoring,
    selecting,
    shared,
)
from pybackup.parity.stream.amount import parse_amount
from pybackup.tree.place import Overwrite

REQUESTS = [
    asked
    for module in (discs, exporting, placing, protecting, restoring, selecting)
    for asked in vars(module).values()
    if isinstance(asked, type) and is_dataclass(asked) and asked.__module__ == module.__name__
]


@pytest.mark.parametrize("asked", REQUESTS, ids=lambda asked: asked.__name__)
def test_each_option_says_what_it_does_and_its_default_is_one_it_takes(asked: type[Any]) -> None:
    names = [told.name for told in options_of(asked)]
    assert len(set(names)) == len(names) > 0
    for told in options_of(asked):
        option = told.option
        assert option.help
        assert option.help == option.help.strip()
        if told.default is not MISSING and told.default not in (None, (), False, True):
            assert not option.choices or told.default in option.choices
            if option.read:
                option.read(told.default)
    # Parameters that exist only in Python are no options.
    assert {"monitor", "executor"}.isdisjoint(names)
    assert "monitor" in {field.name for field in fields(asked)}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (shared.scratch("/there"), "the directory for temporary files (default: /there)"),
        (shared.overwriting("label"), "replace an existing label"),
        (shared.processes("speed"), "the number of processes (default: one per processor)"),
        (shared.target("where it goes"), "where it goes"),
    ],
)
def test_options_of_several_verbs_are_worded_alike(given: Option, name: str) -> None:
    assert given.help == name


def test_placing_is_what_the_target_takes() -> None:
    options = placing.Placing(overwrite="older", numeric_owner=True, devices=True).placing()
    assert (options.overwrite, options.numeric_owner, options.devices) == (Overwrite.OLDER, True, True)
    assert options.owner == (os.geteuid() == 0)
    assert placing.Placing(no_owner=True).placing().owner is False
    with pytest.raises(UsageError, match="sometimes"):
        placing.Placing(overwrite="sometimes").placing()


def test_protection_by_default_and_as_asked() -> None:
    assert protecting.Protection().protection().amount == parse_amount("10%")
    options = protecting.Protection(parity="64M", group_sectors=100).protection(sidecar=True)
    assert (options.amount, options.sidecar, options.group_sectors) == (parse_amount("64M"), True, 100)
    # Values already converted to the library's types are accepted too.
    assert protecting.Protection(parity=parse_amount("20%")).protection().amount.share == Fraction(1, 5)
    for nonsense in ("much", "-5%", ""):
        with pytest.raises(UsageError):
            protecting.Protection(parity=nonsense).protection()
    with pytest.raises(UsageError, match="1 or more"):
        protecting.Protection(group_sectors=0).protection()


def test_restoring_as_asked() -> None:
    request = restoring.ExtractRequest("a.xtar", "out", strip_components=2, workers=3, overwrite="always")
    options = request.extracting()
    assert (options.strip_components, options.workers, options.place.overwrite) == (2, 3, Overwrite.ALWAYS)
    assert restoring.ExtractRequest("a", "b").extracting().workers is None
    with pytest.raises(UsageError, match="less than 0"):
        restoring.ExtractRequest("a", "b", strip_components=-1).extracting()
    assert restoring.SalvageRequest("a", "b").salvaging().keep_partial
    assert not restoring.SalvageRequest("a", "b", partial="drop").salvaging().keep_partial
    with pytest.raises(UsageError):
        restoring.SalvageRequest("a", "b", partial="some").salvaging()
    assert [told.name for told in options_of(restoring.StructureRestoreRequest) if told.is_required] == ["file", "to"]


@pytest.mark.parametrize(
    ("to", "asked", "expected"),
    [("a.zip", None, "zip"), ("a.tar", "zip", "zip"), ("a.tar", None, "tar"), ("a.tgz", None, "tar.gz")],
)
def test_the_format_of_an_export_by_name_or_as_asked(to: str, asked: str | None, expected: str) -> None:
    assert exporting.ExportRequest("a.xtar", to, format=asked).chosen_format() is ExportFormat(expected)


def test_a_format_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError):
        exporting.ExportRequest("a.xtar", "a.unknown").chosen_format()


def test_sources_are_named_listed_and_selected(tmp_path: Path) -> None:
    (tmp_path / "named").mkdir()
    (tmp_path / "listed").write_bytes(b"x")
    listing = f"{tmp_path / 'listed'}\n".encode()
    selection = selecting.Selection(files_from=io.BytesIO(listing))
    sources = selection.gather(tmp_path / "named", Noted())
    # The directories above are included too, but only their metadata.
    above = {os.fsencode(path).lstrip(b"/") for path in tmp_path.parents} - {b""} | {os.fsencode(tmp_path).lstrip(b"/")}
    assert sources[0].name == b"named"
    assert {source.name for source in sources[1:]} == {*above, os.fsencode(tmp_path / "listed").lstrip(b"/")}
    nulls = selecting.Selection(files_from=io.BytesIO(listing.replace(b"\n", b"\0")), null=True)
    assert nulls.gather((), Noted()) == sources[1:]


@pytest.mark.parametrize(
    ("selection", "option", "reason"),
    [
        (selecting.Selection(null=True), "null", "no list of paths"),
        (selecting.Selection(), "", "no source is named"),
        (selecting.Selection(files_from=io.BytesIO(b"")), "files_from", "lists nothing"),
        (selecting.Selection(files_from="/missing/list"), "files_from", "/missing/list: No such file"),
        (selecting.Selection(select=io.BytesIO(b"nonsense")), "select", ""),
        (selecting.Selection(select="/dev/zero"), "select", "/dev/zero"),
    ],
)
def test_what_chooses_nothing_names_the_option(selection: selecting.Selection, option: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        selection.gather((), Noted())
    assert caught.value.option == option
    assert reason in str(caught.value)


def test_a_source_that_is_a_link_is_told(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "link").symlink_to("d")
    heard = Noted()
    selecting.Selection().gather([tmp_path / "link", tmp_path / "d"], heard)
    link = tmp_path / "link"
    assert heard.notes == [
        f"{link} is a symbolic link and archived as such; to archive what it points to, name {link}/"
    ]


def test_patterns_are_several(tmp_path: Path) -> None:
    rules = selecting.Selection(exclude=["*.o"], exclude_dir=["tmp"], since="@5").rules()
    assert rules is not None
    with pytest.raises(TypeError, match="patterns must be given as a list"):
        selecting.Selection(exclude="*.o").rules()
    with pytest.raises(UsageError):
        selecting.Selection(since="some day").rules()


def test_discs_as_asked(tmp_path: Path) -> None:
    built = discs.DiscBuildRequest("v", tmp_path, medium="dvd", parity="10%").building()
    assert (built.medium_bytes, built.overwrite) == (MEDIA["dvd"], False)
    with pytest.raises(UsageError, match="no such directory"):
        discs.DiscBuildRequest("v", tmp_path, work_dir=tmp_path / "missing").building()
    burnt = discs.DiscBurnRequest("i", "/dev/sr0", speed=8, overwrite=True).burning([b"id"])
    assert (burnt.speed, burnt.overwrite, list(burnt.kept)) == ("8", True, [b"id"])
    labels = discs.DiscLabelRequest("v", "to")
    assert len(labels.shapes()) == 2
    with pytest.raises(UsageError):
        discs.DiscLabelRequest("v", "to", shape="round").shapes()
