"""The options of the verbs for snapshots."""

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Annotated

from pybackup.errors import UsageError

from . import Option, Path, values
from .shared import Monitored

if TYPE_CHECKING:
    from pybackup.model.retention import Retention
    from pybackup.snapshots.local_store import LocalStore
    from pybackup.snapshots.location import Location
    from pybackup.snapshots.plan import SnapshotOptions
    from pybackup.snapshots.store import SnapshotStore

_HERE = Option("the directory of the snapshots", "DIR", values.directory, argument="1")
_WHERE = Option("the directory of the snapshots, or HOST:PATH", "DIR", values.path, argument="1")
_KEEP = "which snapshots to keep: last=3,daily=14,weekly=8,monthly=12,yearly=2,within=7d, or some of these"
_SELECTION, _COPYING, _CAUTION = "selection", "copying", "what must hold"


def ssh_command(value: str | Iterable[str]) -> tuple[str, ...]:
    """Return the program that connects to another machine, and its arguments; text is split as a shell would."""
    try:
        found = tuple(shlex.split(value)) if isinstance(value, str) else tuple(value)
    except ValueError as error:
        raise UsageError(f"{value!r}: {str(error).lower()}") from None
    if not found:
        raise UsageError("no program")
    return found


def rsync_argument(value: str) -> str:
    """Return an argument of rsync, or raise UsageError if it is not safe for snapshots."""
    from pybackup.snapshots.arguments import check_arguments

    return check_arguments([value])[0]


@dataclass(frozen=True)
class SnapshotRunRequest(Monitored):
    """The options of `snapshot_run`."""

    source: Annotated[
        Path,
        Option(
            "a directory, or HOST:PATH by ssh, or rsync://HOST/MODULE/PATH of an rsync daemon",
            "SOURCE",
            values.path,
            argument="1",
        ),
    ]
    to: Annotated[
        Path,
        Option("the directory for snapshots, or HOST:PATH by ssh; made if missing", "TO", values.path, argument="1"),
    ]
    _: KW_ONLY
    name: Annotated[str, Option("the name of the snapshot (default: date and time)", "NAME")] = ""
    exclude: Annotated[
        Iterable[str], Option("leave out, by the rules of .gitignore", "PATTERN", group=_SELECTION, many=True)
    ] = ()
    exclude_from: Annotated[
        Iterable[Path], Option("patterns from a file, one per line", "FILE", values.path, group=_SELECTION, many=True)
    ] = ()
    one_file_system: Annotated[bool, Option("stay on the file system of the source", group=_SELECTION)] = False
    ssh: Annotated[
        str | Iterable[str],
        Option(
            "the program that connects to HOST, with arguments (default: ssh)", "COMMAND", ssh_command, group=_COPYING
        ),
    ] = ()
    checksum: Annotated[bool, Option("compare all contents, not only sizes and times", group=_COPYING)] = False
    checksum_every: Annotated[
        int | str | None,
        Option("do so if the last time was longer ago than AGE: 30d, 12w", "AGE", values.age, group=_COPYING),
    ] = None
    fake_super: Annotated[
        bool,
        Option("store owners and devices in extended attributes, if snapshots are made without root", group=_COPYING),
    ] = False
    rsync_arg: Annotated[
        Iterable[str],
        Option("one more argument for rsync, with its value after =", "ARG", rsync_argument, group=_COPYING, many=True),
    ] = ()
    no_hash: Annotated[bool, Option("do not hash the copied files; verify cannot check them then", group=_COPYING)] = (
        False
    )
    require_files: Annotated[
        int, Option("fail if the source has fewer than N files (default: 1)", "N", values.natural, group=_CAUTION)
    ] = 1
    require_mounted: Annotated[
        Iterable[Path], Option("fail if nothing is mounted on DIR", "DIR", values.path, group=_CAUTION, many=True)
    ] = ()

    keep: Annotated[
        str | Mapping[str, int | str] | None,
        Option(f"afterwards remove old ones; {_KEEP} (default: all)", "RULES", values.retention),
    ] = None

    def location(self) -> "Location":
        """Return where the source is."""
        from pybackup.snapshots.location import parse_location

        return parse_location(values.path(self.source))

    def store(self) -> "SnapshotStore":
        """Return where the snapshots are."""
        return _store(self.to, self.ssh)

    def policy(self) -> "Retention | None":
        """Return the rules for which snapshots are kept afterwards; None for all."""
        return values.maybe(self.keep, values.retention)

    def snapshot(self) -> "SnapshotOptions":
        """Return the options for making the snapshot."""
        from pybackup.selection.for_rsync import rsync_filters
        from pybackup.selection.rules import lines_of
        from pybackup.snapshots.arguments import check_arguments
        from pybackup.snapshots.command import RsyncOptions
        from pybackup.snapshots.plan import SnapshotOptions

        lines = lines_of(values.several(self.exclude, "patterns"), values.paths(self.exclude_from))
        more = check_arguments(values.several(self.rsync_arg, "arguments of rsync"))
        rsync = RsyncOptions(
            ssh_command(self.ssh) if self.ssh else (),
            tuple(rsync_filters(lines)),
            self.checksum,
            self.fake_super,
            self.one_file_system,
            more=tuple(more),
        )
        return SnapshotOptions(
            rsync,
            values.maybe(self.name or None, values.path) or b"",
            values.maybe(self.checksum_every, values.age),
            not self.no_hash,
            values.natural(self.require_files),
            values.paths(self.require_mounted),
        )


_SSH = Option("the program that connects to HOST, with arguments (default: ssh)", "COMMAND", ssh_command)


@dataclass(frozen=True)
class SnapshotListRequest(Monitored):
    """The options of `snapshot_list`."""

    where: Annotated[Path, _WHERE]
    _: KW_ONLY
    ssh: Annotated[str | Iterable[str], _SSH] = ()
    sizes: Annotated[
        bool, Option("also show how much removing each one would free, which means looking at all files")
    ] = False

    def store(self) -> "SnapshotStore":
        """Return where the snapshots are."""
        return _store(self.where, self.ssh, must_be_there=True)


@dataclass(frozen=True)
class SnapshotDiffRequest(Monitored):
    """The options of `snapshot_diff`."""

    old: Annotated[Path, Option("a snapshot", "OLD", values.directory, argument="1")]
    new: Annotated[Path, Option("a later one, or the source as it is now", "NEW", values.directory, argument="1")]
    _: KW_ONLY
    checksum: Annotated[
        bool, Option("compare the content of files that the two do not share, not only size and time")
    ] = False


@dataclass(frozen=True)
class SnapshotVerifyRequest(Monitored):
    """The options of `snapshot_verify`."""

    where: Annotated[Path, _HERE]
    snapshots: Annotated[Iterable[str], Option("only these (default: all)", "NAME", argument="*")] = ()

    def store(self) -> "LocalStore":
        """Return where the snapshots are."""
        return _local_store(self.where)

    def names(self) -> "list[bytes]":
        """Return the names of the snapshots to check; empty for all."""
        return [os.fsencode(name) for name in values.several(self.snapshots, "snapshots")]


@dataclass(frozen=True)
class SnapshotPruneRequest(Monitored):
    """The options of `snapshot_prune`."""

    where: Annotated[Path, _WHERE]
    _: KW_ONLY
    keep: Annotated[str | Mapping[str, int | str], Option(_KEEP, "RULES", values.retention)]
    ssh: Annotated[str | Iterable[str], _SSH] = ()

    def store(self) -> "SnapshotStore":
        """Return where the snapshots are."""
        return _store(self.where, self.ssh, must_be_there=True)

    def policy(self) -> "Retention":
        """Return the rules for which snapshots are kept."""
        return values.retention(self.keep)


def _store(path: Path, ssh: str | Iterable[str], *, must_be_there: bool = False) -> "SnapshotStore":
    from pybackup.host.state import state_directory
    from pybackup.snapshots.local_store import LocalStore
    from pybackup.snapshots.location import Reach, parse_location
    from pybackup.snapshots.ssh_store import SshStore

    location = parse_location(values.path(path))
    if location.is_local:
        return LocalStore(values.directory(location.path) if must_be_there else location.path)
    if location.reach is Reach.DAEMON:
        raise UsageError("an rsync daemon cannot rename directories, so snapshots cannot be made there: use HOST:PATH")
    return SshStore(location, ssh_command(ssh) if ssh else (), os.fsencode(state_directory()))


def _local_store(path: Path) -> "LocalStore":
    from pybackup.snapshots.local_store import LocalStore
    from pybackup.snapshots.location import parse_location

    return LocalStore(parse_location(values.directory(path)).path)
