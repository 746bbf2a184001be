"""Which catalogue is meant where none is named; nothing here needs a database."""

from __future__ import annotations

import os
from collections.abc import Mapping

NONE = "none"


def default_address(environment: Mapping[str, str] = os.environ) -> str:
    """Return the address of the catalogue that is meant where none is named: the environment's, or one's own file."""
    named = environment.get("PYBACKUP_CATALOGUE")
    if named:
        return named
    data = environment.get("XDG_DATA_HOME") or os.path.join(environment.get("HOME") or "~", ".local", "share")
    return os.path.join(os.path.expanduser(data), "pybackup", "catalogue.sqlite")


def configured(named: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the address of the catalogue that what is made is written down in; None where there is none.

    Parameters
    ----------
    named
        What the command line says: ``none`` for no catalogue; None where it says nothing. Then it is the environment's,
        or one's own file if that is there.
    """
    address = named or default_address(environment)
    if address == NONE:
        return None
    if named or environment.get("PYBACKUP_CATALOGUE") or os.path.exists(address):
        return address
    return None
