"""Creating an archive or a set: from the options to the plan."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pybackup.compress.methods import DEFAULT_SEGMENT_BYTES
from pybackup.errors import UsageError
from pybackup.make.plan import CreateOptions, Plan, plan_create
from pybackup.make.plan_set import SetOptions, SetPlan, plan_set, segment_for
from pybackup.make.present import check_output
from pybackup.make.resume import find_finished
from pybackup.model.run import RunLevel, RunMark
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.options import values
from pybackup.options.making import PACK, CreateRequest, CreateSetRequest, Making

from .earlier import open_earlier
from .signatures import signatures_of, signed_from_bytes

if TYPE_CHECKING:
    from .chain import Base
    from .known_files import SafeFiles

_SUFFIX = b".xtar"


def plan_archive(asked: CreateRequest, monitor: Monitor) -> Plan:
    """Return the plan of an archive, which by default is named after its only source, in the working directory.

    Raises
    ------
    UsageError
        A source does not exist; two have the same name; the options contradict each other; or the archive exists.
    """
    sources, rules = asked.gather(asked.sources, monitor), asked.rules()
    output = values.maybe(asked.output, values.path) or _only_name(asked, sources, "output") + _SUFFIX
    check_output(output, replace=asked.overwrite)
    base = _base(asked, monitor)
    how = _how(asked, DEFAULT_SEGMENT_BYTES, base, sidecar=asked.parity_sidecar)
    with (
        _safe(asked, output) as safe,
        open_earlier(asked, base, output, how.segment_bytes, safe, monitor) as earlier,
    ):
        leave_out = safe.without if safe else None
        plan = plan_create(
            sources, output, judge=rules.judge, earlier=earlier, leave_out=leave_out, options=how, monitor=monitor
        )
    rules.tell_idle(monitor)
    return plan


def plan_volumes(asked: CreateSetRequest, monitor: Monitor) -> SetPlan:
    """Return the plan of a set of volumes; raises as `plan_archive`, and if a size is too small for any volume."""
    sources, rules = asked.gather(asked.sources, monitor), asked.rules()
    directory, first, size = (
        values.path(asked.volumes),
        values.sizes(asked.first_volumes),
        values.medium(asked.volume_size),
    )
    to = SetOptions(
        directory,
        asked.name if asked.name is not None else _set_name(_only_name(asked, sources, "name")),
        size,
        first,
        recovery_volumes=values.natural(asked.recovery_volumes),
        resume=asked.resume,
        tight=values.one_of(PACK, asked.pack) == "tight",
        second_copies=values.share(asked.second_copies),
    )
    base = _base(asked, monitor, resumed=_resumed(asked, directory, to.name))
    how = _how(asked, segment_for(min((*first, size)), DEFAULT_SEGMENT_BYTES), base)
    with (
        _safe(asked, os.path.join(directory, os.fsencode(to.name) + b"-")) as safe,
        open_earlier(asked, base, directory, how.segment_bytes, safe, monitor) as earlier,
    ):
        leave_out = safe.without if safe else None
        plan = plan_set(
            sources, to, judge=rules.judge, earlier=earlier, leave_out=leave_out, options=how, monitor=monitor
        )
    rules.tell_idle(monitor)
    return plan


def _how(asked: Making, segment_bytes: int, base: Base | None, *, sidecar: bool = False) -> CreateOptions:
    return CreateOptions(
        profile=asked.profile(),
        segment_bytes=segment_bytes if asked.segment_size is None else values.segment(asked.segment_size),
        parity=None if asked.parity is None else asked.protection(sidecar=sidecar),
        one_file_system=asked.one_file_system,
        comment=values.comment(asked.comment),
        workers=values.maybe(asked.workers, values.positive),
        work_dir=values.maybe(asked.work_dir, values.directory),
        overwrite=asked.overwrite,
        run=base.mark if base else None,
        signed_from_bytes=signed_from_bytes(asked),
        signatures=signatures_of(asked),
    )


@contextmanager
def _safe(asked: Making, output: bytes) -> Iterator[SafeFiles | None]:
    """Yield the files that are safe on known media; None if that is not asked for."""
    if not asked.skips_known():
        yield None
        return
    from .known_files import open_safe_files  # loads the database library, which is needed only here

    with open_safe_files(asked, output) as safe:
        yield safe


def _base(asked: Making, monitor: Monitor, *, resumed: RunMark | None = None) -> Base | None:
    """Return what a run of a chain builds on; None for an archive that belongs to no chain."""
    if asked.chain is None:
        if asked.level not in (None, RunLevel.FULL):
            raise UsageError("applies to runs of a chain, but no chain is named", option="level")
        return None
    from .chain import base_of_run  # loads the database library, which only chains need

    return base_of_run(asked, monitor, resumed=resumed)


def _resumed(asked: CreateSetRequest, directory: bytes, name: str) -> RunMark | None:
    """Return the run of the volumes to be continued; None if there are none, or they belong to no chain."""
    is_there = asked.resume and asked.chain is not None and os.path.isdir(directory)
    finished = find_finished(directory, name) if is_there else []
    return RunMark.of_settings(finished[0].settings) if finished else None


def _only_name(asked: Making, sources: list[Source], option: str) -> bytes:
    """Return the base name of the only source."""
    if len(sources) != 1 or asked.files_from is not None or asked.select is not None:
        raise UsageError("not a single source, so no default name", option=option, hint="gives a name")
    return sources[0].name


def _set_name(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape") or "volume"
