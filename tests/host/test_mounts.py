"""What a path is on, against what the system's own tools say."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pybackup.host.mounts import capacity_of, identity_of, is_on_disc


def test_a_directory_is_known_by_machine_and_path(tmp_path: Path) -> None:
    one, other = (os.fsencode(tmp_path / name) for name in ("one", "other"))
    os.mkdir(one)
    os.mkdir(other)
    assert identity_of(one) == identity_of(one) != identity_of(other)
    assert len(identity_of(one)) == 32
    assert capacity_of(one) is None
    assert not is_on_disc(one)


def test_a_mount_has_the_capacity_that_df_tells() -> None:
    said = subprocess.run(["df", "--block-size=1", "--output=size", "/dev/shm"], capture_output=True, text=True)
    assert capacity_of(b"/dev/shm") == int(said.stdout.split()[-1])


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        is_on_disc(os.fsencode(tmp_path / "none"))
