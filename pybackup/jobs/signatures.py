"""Which files of a chain's archives get signatures, and where these are kept."""

from __future__ import annotations

import hashlib
import os

from pybackup.catalogue.default import configured
from pybackup.host.state import state_directory
from pybackup.options import values
from pybackup.options.making import Making

_SUFFIX = ".signatures"


def signed_from_bytes(asked: Making) -> int | None:
    """Return from which length on files get a signature: all that may be the base of a delta; None for none of them."""
    rules = values.delta(asked.delta)
    return rules.min_bytes if asked.chain is not None and rules.max_depth else None


def signatures_of(asked: Making) -> bytes | None:
    """Return the directory in which the signatures of a chain are kept; None for an archive of no chain.

    It is beside the catalogue, where that is a file, and else where the program keeps its state.
    """
    address = None if asked.chain is None else configured(asked.catalogue)
    if asked.chain is None or address is None or signed_from_bytes(asked) is None:
        return None
    from pybackup.catalogue.address import parse_address  # loads the database library, which only chains need

    url = parse_address(address)
    is_file = url.get_backend_name() == "sqlite" and url.database
    beside = f"{url.database}{_SUFFIX}" if is_file else os.path.join(state_directory(), "signatures", _short(address))
    return os.fsencode(os.path.join(beside, _short(asked.chain)))


def _short(text: str) -> str:
    """Return a name for a file of what need not be one."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
