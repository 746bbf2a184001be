"""Building a planned disc image, written once from front to back."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from pybackup.errors import Damaged
from pybackup.host.environment import environment, make_directory
from pybackup.host.output import Output
from pybackup.host.readers import Readers
from pybackup.host.room import check_room
from pybackup.host.storage import ArchiveFile
from pybackup.media import texts
from pybackup.monitor import Monitor, Phase
from pybackup.sector import SECTOR

from .copy import USUAL_STEPS, Copying, CopySteps, copying
from .parity import digest_of_image, growing
from .plan_build import BuildPlan

# From about this size on, the image's parity is made by extending that of the volume instead of reading the image
# again: see "The parity of an image is extended from that of its volume" in DESIGN.md.
_LEAST_GROWN_BYTES = 120 << 20
_COPY_WORK, _ENCODE_WORK = 3, 5  # per byte of the volume, in units of reading and hashing one byte


@dataclass(frozen=True, slots=True)
class Built:
    """An image that was built; sizes in bytes."""

    plan: BuildPlan
    path: bytes
    image_bytes: int


def perform_build(plan: BuildPlan, monitor: Monitor, *, steps: CopySteps = USUAL_STEPS) -> Built:
    """Write the planned image from front to back, then its parity; the file gets its name only when it is complete.

    Raises
    ------
    Damaged
        The volume does not match the checksums in its own parity stream.
    EnvironmentFailed
        The image cannot be written. A lack of room is found before anything is written.
    """
    layout, volume = plan.layout, plan.volume
    beside = os.path.dirname(plan.output) or b"."
    make_directory(beside)
    check_room({beside, beside if plan.work_dir is None else plan.work_dir}, layout.n_bytes)
    with environment(volume.path), ExitStack() as stack:
        file = stack.enter_context(ArchiveFile(volume.path))
        output = stack.enter_context(_output(plan))
        output.truncate(layout.n_bytes)
        for offset, data in layout.pieces:
            output.write_at(offset, data)
        sums = []
        for name, content in plan.small.items():
            if name != texts.SUMS_NAME:
                output.write_at(layout.offsets[name], content)
                sums.append((name, hashlib.sha256(content).digest()))
        if plan.parity.grown:
            _grow(plan, file, output, sums, steps, monitor)
        else:
            _encode(plan, file, output, sums, steps, monitor)
        output.publish()
    return Built(plan, plan.output, layout.n_bytes)


def phases_of_build(volume: bytes) -> list[Phase]:
    """Return the phases in which building an image tells its progress, for `Monitor.plan`."""
    n_bytes = os.path.getsize(volume) if os.path.isfile(volume) else 0
    # Of a small volume the parity is made anew.
    protect = [Phase("protect", _ENCODE_WORK * n_bytes)] if n_bytes < _LEAST_GROWN_BYTES else []
    return [Phase("copy", _COPY_WORK * n_bytes), *protect]


def _output(plan: BuildPlan) -> Output:
    readers = Readers.of([plan.volume.path])
    return Output(plan.output, work_dir=plan.work_dir, replace=plan.overwrite, readers=readers)


_Sums = Sequence[tuple[str, bytes]]


def _grow(plan: BuildPlan, file: ArchiveFile, output: Output, sums: _Sums, steps: CopySteps, monitor: Monitor) -> None:
    """Copy the volume into the image, and at the same time extend the volume's parity to that of the image."""
    volume, geometry, sums_at = plan.volume, plan.geometry, plan.layout.offsets[texts.SUMS_NAME]
    with _copying(plan, file, output, steps, monitor, beside=True) as copy:
        with growing(geometry, volume, file, output) as growth:
            try:
                growth.encode(progress=lambda _: copy.report_progress())
            except Damaged as error:
                raise volume.damaged() from error
            text = texts.sums_text([*sums, (volume.name, copy.finish())])
            output.write_at(sums_at, text)
            for at in range(0, len(text), SECTOR):
                growth.change((sums_at + at) // SECTOR, bytes(SECTOR), text[at : at + SECTOR].ljust(SECTOR, b"\0"))
        growth.finish(digest_of_image(copy, geometry, volume, output, read_bytes=steps.read))


def _encode(
    plan: BuildPlan, file: ArchiveFile, output: Output, sums: _Sums, steps: CopySteps, monitor: Monitor
) -> None:
    """Copy the volume into the image, then compute the image's parity anew."""
    # Imported here because it is seldom needed, and loading it takes a fifth of the program's start-up time.
    from pybackup.check.verify import verify
    from pybackup.make.seal import write_stream

    volume = plan.volume
    if volume.stream is None and verify(volume.path, workers=1, monitor=monitor).state != "intact":
        raise volume.damaged()
    with _copying(plan, file, output, steps, monitor, beside=False) as copy:
        text = texts.sums_text([*sums, (volume.name, copy.finish())])
    output.write_at(plan.layout.offsets[texts.SUMS_NAME], text)
    write_stream(output, plan.geometry, monitor)


@contextmanager
def _copying(
    plan: BuildPlan, file: ArchiveFile, output: Output, steps: CopySteps, monitor: Monitor, *, beside: bool
) -> Iterator[Copying]:
    at = plan.layout.offsets[plan.volume.name]
    monitor.begin("copy", 0, plan.volume.body_bytes)
    progress = partial(monitor.advance, 0)
    with copying(plan.volume, file, output, at, beside=beside, steps=steps, progress=progress) as copy:
        yield copy
    monitor.end()
