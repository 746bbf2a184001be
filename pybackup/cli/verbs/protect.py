"""pybackup protect."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from pybackup.errors import UsageError
from pybackup.options import values
from pybackup.options.making import AddRecoveryVolumesRequest, ProtectRequest

from ..json_form import fields_of, json_line
from ..options import add_options, add_talk, argument, asked_of, talk_of
from ..recording import add_recording, record_for_discs, recording
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import count, display, duration, humane_bytes, size_ratio

if TYPE_CHECKING:
    from pybackup.make.add_recovery import AddedRecovery
    from pybackup.make.recovery_volumes import MadeRecoveryVolume
    from pybackup.make.sidecar import Protected

EPILOG = """\
The file itself is not changed. With --overwrite an existing sidecar is replaced, unless it shows that the file is
damaged: then it may be needed to repair the file. If the file was changed on purpose, remove the sidecar first.
Verify, repair and salvage use FILE.xpar if it lies beside FILE.
--recovery-volumes is for the volumes of a set: 'pybackup rebuild' can then restore any M lost volumes. Name all data
volumes and the existing recovery volumes, which are not changed. Each new one gets as much parity of its own as the
data volumes have, if that fits. Archives that are no set, of different sizes and ages, and images of discs with them
can be covered together, too: a recovery volume is as large as the largest of them.

examples:
  pybackup protect old.tar.gz
  pybackup protect disc.iso --parity 20% -o /mnt/usb/disc.iso.xpar
  pybackup protect disc.iso --parity fill:700M
  pybackup protect set/ --recovery-volumes 1 --to more
  pybackup protect photos-2023.xtar photos-2024.xtar music.iso --recovery-volumes 1 --to recovery
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        type=argument(values.path),
        help="any file, image or device; or volumes of one set, or archives to cover together",
    )
    add_options(parser, ProtectRequest, AddRecoveryVolumesRequest, without=("file", "volumes"))
    add_recording(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Write the sidecar, or the recovery volumes; return the exit status."""
    _check(options)
    return _add_recovery(options) if options.recovery_volumes else _protect(options)


def _check(options: argparse.Namespace) -> None:
    if options.recovery_volumes:
        if options.output is not None:
            raise UsageError("protect: -o names a sidecar; recovery volumes appear in the directory of --to")
        return
    for name in ("to", "volume_size", "first_number"):
        if getattr(options, name) is not None:
            raise UsageError(f"protect: --{name.replace('_', '-')} is for recovery volumes: add --recovery-volumes M")
    if len(options.files) > 1:
        raise UsageError("protect: one FILE at a time; for volumes of a set add --recovery-volumes M")


def _protect(options: argparse.Namespace) -> int:
    from pybackup.make.sidecar import protect_file
    from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX

    (file,) = options.files
    sidecar = options.output or file + SIDECAR_SUFFIX
    if sidecar == file:
        raise UsageError("the sidecar cannot replace what it protects: give -o another name")
    with talk_of(options, file) as talk:
        start = time.monotonic()
        parity = asked_of(ProtectRequest, options, talk, file=file).protection(sidecar=True)
        done = protect_file(file, sidecar, parity, work_dir=options.work_dir, overwrite=options.overwrite, monitor=talk)
        status = conclude(talk, _summary(done, time.monotonic() - start))
        if options.json:
            deliver([_json(done)])
        return status


def _add_recovery(options: argparse.Namespace) -> int:
    from pybackup.make.add_recovery import add_recovery

    with talk_of(options, options.files[0]) as talk, recording(options):
        start = time.monotonic()
        wanted = asked_of(AddRecoveryVolumesRequest, options, talk, volumes=options.files).recovery()
        done = add_recovery(options.files, wanted, monitor=talk)
        record_for_discs(options, [made.path for made in done.made], talk)
        if options.json:
            deliver([_json_added(done)])
        elif not options.quiet:
            deliver_lines(_line(made) for made in done.made)
        return conclude(talk, _summary_added(done, time.monotonic() - start))


def _line(made: MadeRecoveryVolume) -> str:
    return f"{display(made.path)}: {made.info.label}, {humane_bytes(made.archive_bytes)}"


def _summary_added(done: AddedRecovery, seconds: float) -> str:
    volumes = count(done.data_volumes, "data volume")
    size = humane_bytes(done.protected_bytes)
    return f"{done.info.name}: {count(len(done.made), 'recovery volume')} for {volumes} of {size}, {duration(seconds)}"


def _json_added(done: AddedRecovery) -> bytes:
    made = [
        {"path": each.path, **fields_of(each.info, "label", "number"), "archive_bytes": each.archive_bytes}
        for each in done.made
    ]
    fields = fields_of(done, "data_volumes", "protected_bytes")
    return json_line({"set": done.info.name, **fields, "recovery_volumes": made})


def _summary(done: Protected, seconds: float) -> str:
    shape = done.geometry
    parity = f"{count(shape.parity_sectors, 'sector')} of parity" if shape.groups else "checksums only"
    size = f"{humane_bytes(done.stream_bytes)} ({size_ratio(done.stream_bytes, done.protected_bytes)})"
    return f"{display(done.sidecar)}: {parity} for {count(shape.data_sectors, 'sector')}, {size}, {duration(seconds)}"


def _json(done: Protected) -> bytes:
    return json_line(
        {
            "file": done.path,
            **fields_of(done, "sidecar", "protected_bytes", sidecar_bytes="stream_bytes"),
            **fields_of(done.geometry, "data_sectors", "parity_sectors", "groups"),
        }
    )
