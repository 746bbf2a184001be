"""The key ``catalogue``: what may stand there, where it leads, and what ``[defaults]`` say for verbs without a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pybackup.errors import UsageError

from .files import SYSTEM, find_files, home_directory, read_file
from .mistakes import Mistake, WrongJobFiles, no_such
from .secret import read_secret

_KEY = "catalogue"


def check_catalogue(value: Any) -> None:
    """Refuse what is no catalogue: a URL, or a table of ``url`` and ``password``.

    Raises
    ------
    ValueError
        With what is wrong.
    """
    if not isinstance(value, dict):
        _check_address(value)
        return
    for name in value:
        if name not in ("url", "password"):
            raise ValueError(f"{name}: {no_such('key', name, ('url', 'password'))}")
    if "url" in value:
        _check_address(value["url"])
    if "password" in value:
        read_secret(value["password"])


def _check_address(value: Any) -> None:
    if not isinstance(value, str):
        from .keys import check_type  # with all options, which verbs that only look here need not load

        check_type(value, frozenset((str,)))
    owner, at, _ = value.partition("://")[2].rpartition("@")
    if at and ":" in owner:
        raise ValueError("a password stands in no job file: { url = ..., password = { file = PATH } }")


def with_its_password(address: str, value: Any) -> str:
    """Return an address with the password that stands beside it, if one does.

    Raises
    ------
    UsageError, EnvironmentFailed
        The password cannot be had.
    ModuleNotFoundError
        What a catalogue needs is not there.
    """
    if not isinstance(value, dict) or "password" not in value:
        return address
    from pybackup.catalogue.address import with_password

    return with_password(address, read_secret(value["password"]).reveal())


def default_catalogue(directories: Sequence[str] | None = None) -> str | None:
    """Return what the configuration says of the catalogue, with its password; None where it says nothing.

    Of the files only this key is looked at: this is asked by every verb that writes something down.

    Parameters
    ----------
    directories
        As for `pybackup.jobfiles.load.load`.

    Raises
    ------
    WrongJobFiles
        The file cannot be read, or must not be trusted; what stands there makes no sense.
    UsageError, EnvironmentFailed, ModuleNotFoundError
        See `with_its_password`.
    """
    found: Any = None
    mistakes: list[Mistake] = []
    where = (SYSTEM, home_directory()) if directories is None else directories
    for path, may_set_defaults in find_files(where):
        file = read_file(path, may_set_defaults=True, mistakes=mistakes) if may_set_defaults else None
        defaults = file.data.get("defaults") if file else None
        if file is None or not isinstance(defaults, Mapping) or _KEY not in defaults:
            continue
        coming = defaults[_KEY]
        try:
            check_catalogue(coming)
        except ValueError as error:
            mistakes.append(file.mistake("defaults", _KEY, str(error)))
        else:
            merged = isinstance(found, dict) and isinstance(coming, dict)
            found = {**found, **coming} if merged else coming
    if mistakes:
        raise WrongJobFiles(mistakes)
    if not isinstance(found, dict):
        return None if found is None else str(found)
    if "url" not in found:
        raise UsageError("[defaults]: catalogue: url is missing")
    return with_its_password(found["url"], found)
