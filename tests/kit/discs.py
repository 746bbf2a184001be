"""Archives, sets and images of discs for the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from pybackup.disc.build import Built, perform_build
from pybackup.disc.copy import USUAL_STEPS, CopySteps
from pybackup.disc.plan_build import BuildOptions, plan_build
from pybackup.monitor import Monitor

MIB = 1 << 20
SECTOR = 2048


def build(
    volume: Path, directory: Path, options: BuildOptions | None = None, *, steps: CopySteps = USUAL_STEPS
) -> Built:
    """The image of a volume."""
    directory.mkdir(exist_ok=True)
    plan = plan_build(os.fsencode(volume), os.fsencode(directory), options or BuildOptions())
    return perform_build(plan, Monitor(), steps=steps)


def tool(*command: str | Path) -> bytes:
    """What a program prints; it has to be there, and to succeed."""
    return subprocess.run(command, check=True, capture_output=True).stdout


def changing(drive: Path, discs: Sequence[Path]) -> Callable[[int], None]:
    """Put one disc after the other into a drive."""

    def change(number: int) -> None:
        shutil.copy(discs[number], drive)

    return change
