"""Sets whose volumes have bundles: no volume is longer than it may be, and all comes back, by the rescue script too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from kit import planting
from kit.manifest import differences, manifest

from pybackup.compress.methods import Compression, Profile
from pybackup.make.plan import CreateOptions
from pybackup.make.plan_set import SetOptions, plan_set
from pybackup.make.run import perform_set
from pybackup.make.second_copies import parse_share
from pybackup.monitor import Monitor
from pybackup.selection.filelist import named_source
from pybackup.standalone import rescue

from .conftest import UP_TO

VOLUME_BYTES = 400_000


def test_volumes_of_bundles_fit_and_all_comes_back(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for directory in range(6):
        (tree / f"d{directory}/sub").mkdir(parents=True)
        for number in range(60):
            name = f"d{directory}/{'sub/' * (number % 3 == 0)}f{number}"
            (tree / name).write_bytes(planting.noise(50 + 71 * number, 100 * directory + number))
        (tree / f"d{directory}/large").write_bytes(planting.noise(150_000, directory))
    options = CreateOptions(Profile(Compression.FAST, bundle_bytes=UP_TO), workers=1)
    wanted = SetOptions(os.fsencode(tmp_path), "s", VOLUME_BYTES, second_copies=parse_share("5%"))
    heard = Monitor()
    plan = plan_set([named_source(os.fsencode(tree))], wanted, judge=None, options=options, monitor=heard)
    made = perform_set(plan, monitor=heard)
    volumes = [Path(os.fsdecode(volume.path)) for volume in made.volumes]
    assert heard.problems == []
    assert len(volumes) > 4
    sizes = [volume.stat().st_size for volume in volumes]
    assert max(sizes) <= VOLUME_BYTES
    assert min(sizes[:-1]) > VOLUME_BYTES * 3 // 5
    command = [
        sys.executable,
        "-m",
        "pybackup",
        "extract",
        *map(os.fspath, volumes),
        "--to",
        os.fspath(tmp_path / "out"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert differences(manifest(tree), manifest(tmp_path / "out/tree")) == []
    assert rescue.main(["extract", *map(os.fspath, volumes), "--to", os.fspath(tmp_path / "rescued")]) == 0
    assert differences(manifest(tree), manifest(tmp_path / "rescued/tree")) == []
