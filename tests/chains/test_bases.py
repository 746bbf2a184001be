"""The base of a delta must be safe, and what hangs on it is counted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import pybackup
from pybackup.catalogue.connect import open_catalogue
from pybackup.catalogue.health import add_health
from pybackup.catalogue.loss import loss_of
from pybackup.catalogue.media import find_medium
from pybackup.catalogue.needed import NeededBy, needed_by
from pybackup.cli.main import main
from pybackup.delta import engine
from pybackup.model.catalogued import MediumCheck
from pybackup.options import values

from .conftest import Chain


def shifted(chain: Chain, rules: str) -> bool:
    """Shift the content of a large file, make a run, and return whether it stored what differs."""
    path = chain.tree.top / "large"
    path.write_bytes(b"x" + path.read_bytes())
    chain.tree.touch(path)
    chain.run("differential", delta=rules)
    (stored,) = (each for each in pybackup.list(chain.made[-1]) if each.entry.path == b"tree/large")
    return bool(stored.base_digest)


@pytest.mark.skipif(not engine.is_there(), reason="nothing makes deltas")
def test_a_base_counts_while_its_media_are_sound_and_lately_checked(chain: Chain) -> None:
    chain.tree.write(chain.tree.top / "large", 300_000)
    chain.run()
    rules = "min_size=64K,base_copies=1"
    assert shifted(chain, rules)
    assert not shifted(chain, f"{rules},base_unchecked=1y")
    with open_catalogue(chain.catalogue) as catalogue:
        full = find_medium(catalogue, "day0")
        add_health(catalogue, full.id, MediumCheck(2_000_000_000 * 10**9, "intact"))
    assert shifted(chain, f"{rules},base_unchecked=1y")
    chain.mark("day0", "suspect")
    assert not shifted(chain, rules)


def test_the_age_is_read_with_the_other_rules() -> None:
    assert values.delta({"base_unchecked": "2d"}).base_unchecked_ns == 2 * 86_400 * 10**9
    assert values.delta(None).base_unchecked_ns is None


def test_the_loss_of_a_medium_tells_which_chains_build_on_it(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    other = Path(chain.base, "other.xtar")
    pybackup.create(chain.tree.top / "docs", other, workers=1)
    assert main(["catalogue", "add", os.fspath(other), "--quiet"]) == 0
    chain.run(skip_known=True)
    chain.tree.write(chain.tree.top / "new")
    chain.run(skip_known=True)
    with open_catalogue(chain.catalogue) as catalogue:
        files = {
            label: loss_of(catalogue, find_medium(catalogue, label)).needed_by for label in ("other", "day0", "day1")
        }
        with catalogue.reading() as connection:
            assert needed_by(connection, [find_medium(catalogue, "other").volume.identity]) == files["other"]
    assert files == {"other": (NeededBy("docs", 2, 7),), "day0": (NeededBy("docs", 1, 1),), "day1": ()}
    capsys.readouterr()
    main(["catalogue", "lost", "other", "--dry-run"])
    assert "the chain docs builds on it: 2 runs, the newest with 7 files of it" in capsys.readouterr().out
