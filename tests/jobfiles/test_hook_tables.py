"""Hooks in job files: how a table is read, and what is refused, with the number of the hook."""

from __future__ import annotations

from typing import Any

import pytest

from pybackup.jobfiles.hooks import STATES, Hook, check_hooks, hooks_that_never_run, read_hooks, read_span
from pybackup.jobfiles.own_values import MODES


@pytest.mark.parametrize(
    ("table", "hook"),
    [
        ({"before": "run", "run": ["mount", "/x"]}, Hook(("mount", "/x"), True)),
        ({"after": "run", "run": "a | b", "shell": True}, Hook(("a | b",), False, shell=True)),
        ({"after": "run", "run": ["a"], "states": ["fail"]}, Hook(("a",), False, ("fail",))),
        ({"after": "run", "run": ["a"], "time_limit": "10min"}, Hook(("a",), False, STATES, limit_seconds=600)),
    ],
)
def test_what_a_table_comes_to(table: dict[str, Any], hook: Hook) -> None:
    assert read_hooks([table]) == [hook]
    check_hooks([table])


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"run": ["a"]}, "either before"),
        ({"before": "run", "after": "run", "run": ["a"]}, "either before"),
        ({"before": "volume", "run": ["a"]}, "before: 'volume' is none of 'run', 'level', 'burn', 'prune'"),
        ({"before": "lunch", "run": ["a"]}, "'lunch' is none of 'run'"),
        ({"after": "volume", "run": ["a"], "states": ["ok"]}, "states are those of a run, a level or a burn"),
        ({"before": "run"}, "run is a list"),
        ({"before": "run", "run": []}, "run is a list"),
        ({"before": "run", "run": [""]}, "run is a list"),
        ({"before": "run", "run": "a | b"}, "needs shell = true"),
        ({"before": "run", "run": ["a"], "shell": True}, "is for a text"),
        ({"before": "run", "run": ["a"], "states": ["ok"]}, "known only afterwards"),
        ({"after": "run", "run": ["a"], "states": []}, "states are a list"),
        ({"after": "run", "run": ["a"], "states": ["failed"]}, "did you mean 'fail'"),
        ({"after": "run", "run": ["a"], "time_limit": "soon"}, "no span of time"),
        ({"after": "run", "run": ["a"], "timelimit": "1h"}, "did you mean 'time_limit'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_number(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        read_hooks([{"before": "run", "run": ["fine"]}, table])
    assert str(caught.value).startswith("hook 2: ")


@pytest.mark.parametrize(
    ("about", "modes", "said"),
    [
        ("run", {"archive", "discs", "snapshot", "stage"}, ""),
        ("level", {"archive", "discs"}, "is for jobs of mode archive and discs"),
        ("volume", {"discs"}, "is for jobs of mode discs"),
        ("burn", {"discs"}, "is for jobs of mode discs"),
        ("prune", {"archive", "snapshot"}, "is for jobs of mode archive and snapshot"),
    ],
)
def test_a_hook_that_would_never_run_is_refused(about: str, modes: set[str], said: str) -> None:
    hooks = read_hooks([{"before": "run", "run": ["a"]}, {"after": about, "run": ["a"]}])
    for mode in MODES:
        told = list(hooks_that_never_run(hooks, mode, burns=True))
        assert told == ([] if mode in modes else [f"hook 2: after = {about!r} {said}"])
    told = list(hooks_that_never_run(hooks, "discs", burns=False))
    assert bool(told) is (about in ("burn", "prune"))


@pytest.mark.parametrize("value", [{}, [1], "hook", None])
def test_hooks_are_tables(value: Any) -> None:
    with pytest.raises(ValueError, match="hooks are tables"):
        read_hooks(value)


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("10min", 600), ("2 h", 7200)])
def test_spans_of_time(text: str, seconds: int) -> None:
    assert read_span(text) == seconds


@pytest.mark.parametrize("value", ["", "10", "0s", "1d", "-1s", "1.5h", 30, None])
def test_what_is_no_span_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="no span of time"):
        read_span(value)
