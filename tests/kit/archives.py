"""The jobs of pybackup as these tests run them: whole sources in, everything out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

from pybackup.archive.open import open_archive
from pybackup.check.compare import compare
from pybackup.check.verify import verify
from pybackup.compress.methods import BUNDLE_BYTES, DEFAULT_SEGMENT_BYTES, Compression, Profile
from pybackup.make.plan import CreateOptions, plan_create
from pybackup.make.run import perform_create
from pybackup.mend.health import State
from pybackup.monitor import Monitor
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.restore.plan import RestoreOptions, plan_restore
from pybackup.restore.run import run
from pybackup.selection.filelist import named_source
from pybackup.tree.place import PlaceOptions

from .manifest import Manifest, differences, manifest

MIB = 1 << 20


def archive(
    sources: Sequence[Path],
    output: Path,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    compression: Compression = Compression.FAST,
    segment_bytes: int = DEFAULT_SEGMENT_BYTES,
    bundle_bytes: int = BUNDLE_BYTES,
    with_parity: bool = True,
    monitor: Monitor | None = None,
) -> Monitor:
    """Create an archive; without a monitor of the caller's, any problem is a failure."""
    heard = monitor or Monitor()
    profile = Profile(compression, bundle_bytes=bundle_bytes)
    parity = ParityOptions() if with_parity else None
    options = CreateOptions(profile, segment_bytes=segment_bytes, parity=parity, overwrite=True, workers=workers)
    named = [named_source(os.fsencode(source)) for source in sources]
    plan = plan_create(named, os.fsencode(output), judge=None, options=options, monitor=heard)
    perform_create(plan, executor=executor, monitor=heard)
    if monitor is None:
        assert heard.problems == []
    return heard


def extract(
    path: Path,
    target: Path,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    devices: bool = True,
    numeric_owner: bool = False,
    patterns: Sequence[bytes] = (),
    monitor: Monitor | None = None,
) -> Monitor:
    """Extract an archive; without a monitor of the caller's, any problem is a failure."""
    heard = monitor or Monitor()
    options = RestoreOptions(PlaceOptions(devices=devices, numeric_owner=numeric_owner), workers=workers)
    with open_archive(os.fsencode(path)) as opened:
        plan = plan_restore(opened, patterns, os.fsencode(target), options)
        extracted = run(plan, executor=executor, monitor=heard)
    if monitor is None:
        assert heard.problems == []
        assert extracted.complete
        assert (extracted.files, extracted.unplaced) == (plan.files, [])
    return heard


def check(path: Path, tree: Path, *, workers: int = 1) -> None:
    """Have pybackup itself say that the archive is intact, and equals ``tree``, which is below ``tree.parent``."""
    heard = Monitor()
    verdict = verify(os.fsencode(path), deep=True, workers=workers, monitor=heard)
    assert (verdict.state, verdict.damage, heard.problems) == (State.INTACT, [], [])
    compared = compare(os.fsencode(path), os.fsencode(tree), monitor=heard)
    assert (compared.differences, heard.problems) == ([], [])
    assert compared.entries > 0


def round_trip(
    tree: Path,
    scratch: Path,
    *,
    workers: int = 1,
    compression: Compression = Compression.FAST,
    segment_bytes: int = DEFAULT_SEGMENT_BYTES,
) -> Manifest:
    """Archive ``tree``, extract it in ``scratch``, require both to be the same and the first untouched; return it."""
    before = manifest(tree)
    output = scratch / "round.xtar"
    archive([tree], output, workers=workers, compression=compression, segment_bytes=segment_bytes)
    assert differences(before, manifest(tree)) == []
    extract(output, scratch / "out", workers=workers)
    assert [name.name for name in (scratch / "out").iterdir()] == [tree.name]
    assert differences(before, manifest(scratch / "out" / tree.name)) == []
    return before
