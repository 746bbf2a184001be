"""The command line of rsync for one snapshot."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from pybackup.errors import EnvironmentFailed, UsageError

from .arguments import check_arguments
from .location import Location

MOST_LINK_TARGETS = 20  # with more of them rsync ends at once
_PROGRAM = "rsync"
# This program parses progress and totals, so their form is fixed. Secluded arguments: names go to the other machine by
# rsync's protocol, where no shell sees them.
_ALWAYS = (
    b"-aHAX",
    b"--numeric-ids",
    b"--secluded-args",
    b"--stats",
    b"--info=progress2",
    b"--no-human-readable",
    b"--outbuf=L",
)


@dataclass(frozen=True, slots=True)
class RsyncOptions:
    """How rsync is called.

    Attributes
    ----------
    ssh
        The program that reaches another machine, with its arguments; empty for rsync's own choice.
    filters
        Filter rules of rsync; the first one that matches a file decides whether it is left out.
    checksum
        Compare all contents, not sizes and times.
    fake_super
        Keep owners, devices and the like in extended attributes of the target.
    exact_times
        Compare times to the nanosecond, where the target keeps these; else to the second.
    more
        Further arguments for rsync.
    """

    ssh: tuple[str, ...] = ()
    filters: tuple[bytes, ...] = ()
    checksum: bool = False
    fake_super: bool = False
    one_file_system: bool = False
    exact_times: bool = False
    more: tuple[str, ...] = ()


def rsync_command(
    source: Location, target: Location, link_targets: Sequence[bytes], options: RsyncOptions, *, dry_run: bool = False
) -> list[bytes]:
    """Return the command that copies the content of ``source`` into ``target``, a new directory.

    Parameters
    ----------
    link_targets
        Earlier snapshots to link unchanged files to, as absolute paths on the machine of the target; the first ones
        count most.

    Raises
    ------
    UsageError
        Neither place is on this machine; an argument is refused.
    EnvironmentFailed
        rsync is not installed.
    """
    if not source.is_local and not target.is_local:
        raise UsageError("source and target are both on other machines: run this on one of them")
    if len(link_targets) > MOST_LINK_TARGETS:
        raise ValueError(f"more than {MOST_LINK_TARGETS} link targets")
    command = [rsync_program(), *_ALWAYS]
    command += [b"--one-file-system"] * options.one_file_system
    command += [b"--checksum"] * options.checksum
    command += [b"--modify-window=-1"] * options.exact_times
    command += [b"--dry-run"] * dry_run
    if options.fake_super:
        # Only the receiving end must do it: this machine if the source is remote, else the other process.
        command.append(b"--fake-super" if not source.is_local else b"--remote-option=--fake-super")
    command += [b"--link-dest=" + path for path in link_targets]
    command += [b"--filter=" + rule for rule in options.filters]
    if options.ssh:
        command.append(b"--rsh=" + b" ".join(map(_quoted, options.ssh)))
    command += map(os.fsencode, check_arguments(options.more))
    return [*command, b"--", source.as_source(), target.as_target()]


def rsync_program() -> bytes:
    """Return the path of rsync.

    Raises
    ------
    EnvironmentFailed
        It is not installed.
    """
    found = shutil.which(_PROGRAM)
    if found is None:
        raise EnvironmentFailed(
            "rsync is not installed, which makes snapshots: 'apt install rsync' on Debian and Ubuntu, "
            "'dnf install rsync' on Fedora, 'pacman -S rsync' on Arch, 'brew install rsync' on macOS"
        )
    return os.fsencode(found)


def _quoted(argument: str) -> bytes:
    """Return an argument quoted as rsync wants the command of its remote shell: a quote in quotes is doubled."""
    if re.fullmatch(r"[^\s'\"]+", argument):
        return os.fsencode(argument)
    return os.fsencode("'" + argument.replace("'", "''") + "'")
