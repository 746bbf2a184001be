"""Which arguments for rsync users may add: those that could harm earlier snapshots or hide losses are refused."""

from __future__ import annotations

from collections.abc import Iterable

from pybackup.errors import UsageError


def _names(text: str) -> frozenset[str]:
    return frozenset(f"--{name}" for name in text.split())


_PLAIN = _names(
    """acls no-acls xattrs no-xattrs no-hard-links one-file-system sparse compress no-compress no-numeric-ids fuzzy
    whole-file no-whole-file copy-links copy-unsafe-links safe-links munge-links copy-dirlinks no-links no-perms
    no-owner no-group no-devices no-specials omit-dir-times omit-link-times open-noatime ipv4 ipv6 no-motd super
    preallocate fsync no-inc-recursive prune-empty-dirs cvs-exclude blocking-io trust-sender old-compress
    new-compress"""
)
_VALUED = _names(
    """bwlimit timeout contimeout compress-choice compress-level skip-compress max-size min-size chmod chown usermap
    groupmap port sockopts address password-file rsync-path checksum-choice checksum-seed max-alloc block-size temp-dir
    filter exclude include exclude-from include-from modify-window"""
)
_SHORT = frozenset("AXSxzyWLkOJCm46")
_WHY = {
    "--inplace": "would rewrite older snapshots through their links",
    "--append": "would rewrite older snapshots through their links",
    "--append-verify": "would rewrite older snapshots through their links",
    "--write-devices": "would write to devices",
    "--keep-dirlinks": "would write through links of the target",
    "--old-args": "has the other machine's shell run what is in names",
    "--no-secluded-args": "has the other machine's shell see names",
    "--size-only": "would take changed files for unchanged ones",
    "--ignore-times": "would link nothing",
    "--ignore-existing": "has no use in a new directory",
    "--existing": "would copy nothing into a new directory",
    "--remove-source-files": "would delete what is backed up",
    "--remove-sent-files": "would delete what is backed up",
    "--remote-option": "would get what is refused here to the other end",
    "--link-dest": "is given by the snapshots that there are",
    "--compare-dest": "would leave out what is unchanged",
    "--copy-dest": "would copy what is unchanged",
    "--checksum": "is an option of its own",
    "--dry-run": "is an option of its own",
    "--fake-super": "is an option of its own",
    "--rsh": "is an option of its own: ssh",
}


def check_arguments(arguments: Iterable[str]) -> list[str]:
    """Return the arguments, if a snapshot may be made with all of them.

    Raises
    ------
    UsageError
        One is not known to be harmless, or its value stands behind a space, not behind ``=``.
    """
    found = list(arguments)
    for argument in found:
        reason = _refusal(argument)
        if reason:
            raise UsageError(f"argument of rsync {argument!r}: {reason}")
    return found


def _refusal(argument: str) -> str:
    name, has_value, _ = argument.partition("=")
    if not argument.startswith("-") or argument in ("-", "--"):
        return "is no option; the value of one stands behind =, as in --bwlimit=2M"
    if "\0" in argument:
        return "has a NUL byte"
    if not name.startswith("--"):
        wrong = [letter for letter in argument[1:] if letter not in _SHORT]
        return f"-{wrong[0]} is not known to be safe for snapshots" if wrong else ""
    if name in _WHY:
        return _WHY[name]
    if name in (_VALUED if has_value else _PLAIN):
        return ""
    if name in _VALUED:
        return "has no value; it stands behind ="
    return "has no value" if name in _PLAIN else "is not known to be safe for snapshots"
