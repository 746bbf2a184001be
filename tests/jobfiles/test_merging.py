"""Which value wins if several files have a key, and which place it is said to come from."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.cli.main import main
from pybackup.jobfiles.job import Setting
from pybackup.jobfiles.keys import option_keys
from pybackup.jobfiles.load import load
from pybackup.options import options_of
from pybackup.options.making import CreateRequest, CreateSetRequest

SYSTEM = """\
version = 1
[defaults]
exclude = ["*.tmp"]
compression = "fast"
store = ["+raw"]
catalogue = { url = "sqlite:////system.sqlite" }
[job.work]
sources = ["/srv/work"]
output = "/backups/{job}.xtar"
parity = "5%"
"""
HOME = """\
[defaults]
exclude = ["+*.pyc"]
compression = "small"
[job.work]
parity = "20%"
exclude = ["+core"]
[job.own]
sources = ["~/docs", "here"]
output = "out.xtar"
store = ["zip"]
exclude = ["only"]
"""
BELOW = '[job.below]\nsources = ["/x"]\noutput = "/x.xtar"\ncatalogue = { password = { env = "PW" } }\n'


@pytest.fixture
def directories(tmp_path: Path) -> list[str]:
    for name, text in (("etc/config.toml", SYSTEM), ("home/config.toml", HOME), ("home/jobs.d/b.toml", BELOW)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)
    return [str(tmp_path / "etc"), str(tmp_path / "home")]


def test_later_files_are_stronger_and_lists_are_added_to(directories: list[str], tmp_path: Path) -> None:
    jobs = load(directories).jobs
    assert list(jobs) == ["work", "own", "below"]
    work = jobs["work"]
    assert work.get("parity") == "20%"
    assert work.get("compression") == "small"
    assert work.get("exclude") == ["*.tmp", "*.pyc", "core"]
    etc, home = tmp_path / "etc/config.toml", tmp_path / "home/config.toml"
    assert work.settings["exclude"].origins == (f"{etc}:3", f"{home}:2", f"{home}:6")
    assert work.settings["parity"].origins == (f"{home}:5",)
    assert work.settings["output"].origins == (f"{etc}:9",)
    assert work.settings["store"] == Setting(["raw"], (f"{etc}:5",), is_added=True)
    own = jobs["own"]
    assert own.get("exclude") == ["only"]
    assert own.settings["store"] == Setting(["zip"], (f"{home}:10",))


def test_tables_merge(directories: list[str]) -> None:
    below = load(directories).jobs["below"]
    assert below.get("catalogue") == {"url": "sqlite:////system.sqlite", "password": {"env": "PW"}}


def test_paths_are_those_of_the_file_and_of_home(
    directories: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    own = load(directories).jobs["own"]
    assert own.get("sources") == ["/home/me/docs", str(tmp_path / "home/here")]
    assert own.get("output") == str(tmp_path / "home/out.xtar")


def test_a_named_file_is_the_strongest(directories: list[str], tmp_path: Path) -> None:
    path = tmp_path / "more.toml"
    path.write_text('[defaults]\ncompression = "store"\n[job.work]\nparity = "none"\n')
    path.chmod(0o644)
    work = load(directories, [str(path)]).jobs["work"]
    assert (work.get("compression"), work.get("parity")) == ("store", "none")


def test_show_tells_every_value_and_its_origin(
    directories: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pybackup.jobfiles.load.SYSTEM", directories[0])
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config").mkdir()
    (tmp_path / "home").rename(tmp_path / "config/pybackup")
    assert main(["jobs", "show", "work", "--json"]) == 0
    told = {each["key"]: each for each in json.loads(capsys.readouterr().out)["settings"]}
    home = tmp_path / "config/pybackup/config.toml"
    assert told["parity"] == {"key": "parity", "value": '"20%"', "origin": f"{home}:5"}
    assert told["mode"]["origin"] == "built-in"
    assert told["store"]["value"] == '+ ["raw"]'
    assert main(["jobs", "show", "below"]) == 0
    shown = capsys.readouterr().out
    assert 'password = "***"' in shown
    assert "PW" not in shown
    assert main(["jobs", "show", "wrok"]) == 2
    assert "wrok: no such job; did you mean 'work'?" in capsys.readouterr().err
    assert main(["jobs", "list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["work", "own", "below"]


def test_an_option_of_create_is_a_key() -> None:
    own_form = {"sources", "output", "volumes", "catalogue"}
    for asked in (CreateRequest, CreateSetRequest):
        assert {named.name for named in options_of(asked)} - own_form <= option_keys().keys()


PLACES = ("etc defaults", "home defaults", "file defaults", "etc job", "home job", "file job")
LEVELS = ("store", "fast", "default", "small")


@given(st.dictionaries(st.sampled_from(PLACES), st.tuples(st.sampled_from(LEVELS), st.booleans())))
def test_precedence(said: dict[str, tuple[str, bool]]) -> None:
    """The last file wins, for defaults and for jobs, and any job wins over any default; lists are added to."""
    with tempfile.TemporaryDirectory() as base:
        for where in ("etc", "home", "file"):
            text = ""
            for part in ("defaults", "job"):
                text += "[defaults]\n" if part == "defaults" else '[job.x]\nsources = ["/a"]\noutput = "/b"\n'
                if found := said.get(f"{where} {part}"):
                    level, is_added = found
                    text += f'compression = "{level}"\nexclude = ["{"+" * is_added}{where} {part}"]\n'
            path = Path(base, where, "config.toml")
            path.parent.mkdir()
            path.write_text(text)
            path.chmod(0o600)
        job = load([f"{base}/etc", f"{base}/home"], [f"{base}/file/config.toml"]).jobs["x"]
    compression, exclude = None, None
    for place in PLACES:
        if place in said:
            compression, is_added = said[place]
            exclude = [*(exclude or []), place] if is_added else [place]
    assert (job.get("compression"), job.get("exclude")) == (compression, exclude)


@given(st.lists(st.tuples(st.booleans(), st.lists(st.text(max_size=3), max_size=3)), max_size=5))
def test_a_list_is_what_was_added_since_it_was_replaced_last(layers: list[tuple[bool, list[str]]]) -> None:
    merged = None
    expected: list[str] = []
    from_built_in = True
    for number, (is_added, items) in enumerate(layers):
        merged = Setting(items, (str(number),), is_added).over(merged)
        expected = [*expected, *items] if is_added else items
        from_built_in = from_built_in and is_added
    if merged is not None:
        assert merged.value == expected
        assert merged.is_added == from_built_in
        last = max((at for at, (is_added, _) in enumerate(layers) if not is_added), default=0)
        assert merged.origins == tuple(str(number) for number in range(last, len(layers)))


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers()), min_size=1, max_size=4))
def test_tables_have_the_last_value_of_each_key(layers: list[dict[str, int]]) -> None:
    merged = None
    expected: dict[str, int] = {}
    for layer in layers:
        merged = Setting(layer, ("",)).over(merged)
        expected |= layer
    assert merged is not None
    assert merged.value == expected
