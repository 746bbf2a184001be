"""Which catalogue is used where none is named. This needs no database, so it imports none."""

from __future__ import annotations

import os
from collections.abc import Mapping

NONE = "none"


def default_address(environment: Mapping[str, str] = os.environ) -> str:
    """Return the address that is used where none is named: that in the environment, or the user's own file."""
    named = environment.get("PYBACKUP_CATALOGUE")
    if named:
        return named
    data = environment.get("XDG_DATA_HOME") or os.path.join(environment.get("HOME") or "~", ".local", "share")
    return os.path.join(os.path.expanduser(data), "pybackup", "catalogue.sqlite")


def configured(named: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the address of the catalogue into which runs are entered; None for no catalogue.

    Parameters
    ----------
    named
        What the command line says: an address, or ``none`` for no catalogue. None where it says nothing: then it is
        the address in the environment, or the user's own file if that exists.
    """
    address = named or default_address(environment)
    if address == NONE:
        return None
    if named or environment.get("PYBACKUP_CATALOGUE") or os.path.exists(address):
        return address
    return None
