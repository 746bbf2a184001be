"""The image of a volume fits the medium that the volume was made for, whatever parity it has."""

from __future__ import annotations

import os
import random
from fractions import Fraction
from pathlib import Path

import pytest

from pybackup.disc.plan_build import BuildOptions, plan_build
from pybackup.errors import UsageError
from pybackup.make.plan import CreateOptions
from pybackup.make.plan_set import SetOptions, plan_set
from pybackup.make.run import perform_set
from pybackup.model.medium import MEDIA
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import parse_amount
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.selection.filelist import named_source

SIZE = 3_000_320


@pytest.mark.parametrize(("parity", "copies"), [("none", 0), ("20K", 0), ("10%", 0), ("none", Fraction(1, 2))])
def test_images_fit_with_any_parity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parity: str, copies: Fraction
) -> None:
    monkeypatch.setitem(MEDIA, "cd700", SIZE)
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(1500):
        (tree / f"{number}").write_bytes(random.Random(number).randbytes(3000))
    options = CreateOptions(parity=ParityOptions(parse_amount(parity)), segment_bytes=1 << 20, workers=1)
    to = SetOptions(os.fsencode(tmp_path / "volumes"), "docs", SIZE, recovery_volumes=1, second_copies=Fraction(copies))
    plan = plan_set([named_source(os.fsencode(tree))], to, judge=None, options=options, monitor=Monitor())
    done = perform_set(plan, monitor=Monitor())
    assert len(done.volumes) > 2
    for volume in done.volumes:
        built = plan_build(volume.path, os.fsencode(tmp_path), BuildOptions())
        assert built.layout.n_bytes <= SIZE


def test_a_volume_smaller_than_what_lies_beside_it_on_a_disc(tmp_path: Path) -> None:
    """Regression: no image of a volume of `--volume-size 1M` could be built, as if discs of that size existed."""
    (tmp_path / "a").write_bytes(random.Random(1).randbytes(900_000))
    options = CreateOptions(parity=ParityOptions(parse_amount("10%")), segment_bytes=1 << 20, workers=1)
    to = SetOptions(os.fsencode(tmp_path / "volumes"), "docs", 1 << 20)
    plan = plan_set([named_source(os.fsencode(tmp_path / "a"))], to, judge=None, options=options, monitor=Monitor())
    (volume, *_) = perform_set(plan, monitor=Monitor()).volumes
    built = plan_build(volume.path, os.fsencode(tmp_path), BuildOptions())
    assert built.outgrown_bytes == 1 << 20 < built.layout.n_bytes
    assert built.medium_bytes is None
    assert built.parity.share >= 0.1
    with pytest.raises(UsageError, match="even without parity, but the disc has room for"):
        plan_build(volume.path, os.fsencode(tmp_path), BuildOptions(medium_bytes=1 << 20))


def test_media_with_spare_areas_and_of_many_layers() -> None:
    sectors = {name: n_bytes // 2048 for name, n_bytes in MEDIA.items()}
    assert sectors["bd25-spare"] == 11_826_176 < sectors["bd25"]
    assert sectors["bd50-spare"] == 23_652_352 < sectors["bd50"]
    assert (sectors["bdxl100"], sectors["bdxl128"]) == (48_878_592, 62_500_864)
    assert all(n_bytes % 2048 == 0 for n_bytes in MEDIA.values())
