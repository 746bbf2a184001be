"""Hooks as a job file has them: what a table comes to, and what is refused, with the number of the hook."""

from __future__ import annotations

from typing import Any

import pytest

from pybackup.jobfiles.hooks import STATES, Hook, check_hooks, read_hooks, read_span


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
        ({"before": "burn", "run": ["a"]}, "not there yet"),
        ({"before": "lunch", "run": ["a"]}, "is 'run'"),
        ({"before": "run"}, "run is a list"),
        ({"before": "run", "run": []}, "run is a list"),
        ({"before": "run", "run": [""]}, "run is a list"),
        ({"before": "run", "run": "a | b"}, "needs shell = true"),
        ({"before": "run", "run": ["a"], "shell": True}, "is for a text"),
        ({"before": "run", "run": ["a"], "states": ["ok"]}, "after the run only"),
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
