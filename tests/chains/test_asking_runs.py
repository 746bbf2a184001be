"""Media that a restoration needs and that are not here are asked for at a terminal, by their labels."""

from __future__ import annotations

from pathlib import Path

from kit.discs import changing
from kit.manifest import differences, manifest
from kit.terminal import at_terminal

from .conftest import Chain


def away(chain: Chain, days: int) -> list[Path]:
    """Runs whose archives have all been moved away."""
    found = []
    (chain.base / "shelf").mkdir()
    for day in range(days):
        chain.tree.write(chain.tree.top / f"new{day}", 1000)
        chain.run()
    for path in chain.made:
        found.append(chain.base / "shelf" / f"disc {path.name}")
        path.rename(found[-1])
    return found


def test_each_medium_is_asked_for_the_last_one_first(chain: Chain) -> None:
    discs = away(chain, 3)
    answers = [str(discs[0]), str(discs[2]), str(chain.base / "nothing"), str(discs[0]), str(discs[1])]
    status, shown = at_terminal("restore", "docs", "--to", chain.base / "out", answers=answers)
    assert status == 0, shown
    # The first answer was another disc, the third nothing at all.
    assert [shown.count(f"{name} is needed") for name in ("day2", "day0", "day1")] == [2, 2, 1]
    assert "that is not day2" in shown.replace("\r\n", "")
    assert differences(chain.days[2], manifest(chain.base / "out/tree")) == []


def test_who_has_it_not_goes_on_without(chain: Chain) -> None:
    discs = away(chain, 2)
    status, shown = at_terminal("restore", "docs", "--to", chain.base / "out", answers=[str(discs[1]), ""])
    assert status == 1
    assert "it is on day0.xtar, which is not here" in shown.replace("\r\n", " ")
    assert (chain.base / "out/tree/new1").exists()
    assert not (chain.base / "out/tree/new0").exists()


def test_one_drive_for_all_discs(chain: Chain) -> None:
    discs = away(chain, 2)
    drive = chain.base / "drive"
    drive.write_bytes(b"")
    status, shown = at_terminal(
        *("restore", "docs", "--drive", drive, "--to", chain.base / "out"),
        answers=["", ""],
        before=changing(drive, [discs[1], discs[0]]),
    )
    assert status == 0, shown
    assert shown.count("and press Enter") == 2
    assert differences(chain.days[1], manifest(chain.base / "out/tree")) == []
    assert sorted(path.name for path in chain.base.iterdir() if path.is_dir()) == ["out", "shelf", "tree"]
