"""Which catalogue is used where none is named. This needs no database, so it imports none."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

NONE = "none"
_Ask = Callable[[], str | None]
_configurations: list[_Ask] = []  # at most one


def look_in(configuration: _Ask) -> None:
    """Look into a configuration, too, where neither the command line nor the environment names a catalogue.

    The function that reads it is a parameter, since it is in a room above this one.

    Parameters
    ----------
    configuration
        Returns an address, or None for none; what it raises, `configured` and `default_address` raise.
    """
    _configurations[:] = [configuration]


def default_address(environment: Mapping[str, str] = os.environ) -> str:
    """Return the address that is used where none is named: the environment's, the configuration's, or the own file."""
    return _named_elsewhere(environment) or _own_file(environment)


def configured(named: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the address of the catalogue into which runs are entered; None for no catalogue.

    Parameters
    ----------
    named
        What the command line says: an address, or ``none`` for no catalogue. None where it says nothing: then it is
        the address in the environment, that of the configuration, or the user's own file if that exists.
    """
    address = named or _named_elsewhere(environment)
    if address is None:
        own = _own_file(environment)
        return own if os.path.exists(own) else None
    return None if address == NONE else address


def _named_elsewhere(environment: Mapping[str, str]) -> str | None:
    named = environment.get("PYBACKUP_CATALOGUE")
    return named or next((found for ask in _configurations if (found := ask())), None)


def _own_file(environment: Mapping[str, str]) -> str:
    data = environment.get("XDG_DATA_HOME") or os.path.join(environment.get("HOME") or "~", ".local", "share")
    return os.path.join(os.path.expanduser(data), "pybackup", "catalogue.sqlite")
