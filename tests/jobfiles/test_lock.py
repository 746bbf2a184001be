"""One run of a job at a time: a second one is refused, with the process that runs the job."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pybackup.errors import EnvironmentFailed
from pybackup.host.state import state_directory
from pybackup.jobfiles.lock import job_lock


def test_a_second_run_is_refused_and_told_of_the_first() -> None:
    with job_lock("x"):
        with pytest.raises(EnvironmentFailed, match=f"job x runs already, as process {os.getpid()}"), job_lock("x"):
            pass
        with job_lock("y"):
            pass
    with job_lock("x"):
        pass


def test_it_is_let_go_of_where_the_run_fails() -> None:
    with pytest.raises(ZeroDivisionError), job_lock("x"):
        _ = 1 / 0
    with job_lock("x"):
        pass


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "precious"
    other.write_text("content")
    os.makedirs(state_directory())
    os.symlink(other, os.path.join(state_directory(), "x.lock"))
    with pytest.raises(EnvironmentFailed, match=r"x\.lock: "), job_lock("x"):
        pass
    assert other.read_text() == "content"
