"""From the unpacked bytes of an index to its rows and settings."""

from __future__ import annotations

import json
from typing import Any

from pybackup.errors import Damaged
from pybackup.layout import index
from pybackup.layout.columns import pack_texts
from pybackup.layout.table import Table

_REGION_BYTES = 32
_BEFORE_REGION = pack_texts([bytes(_REGION_BYTES)])[:-_REGION_BYTES]
_NO_SETTINGS = pack_texts([b""])


def load_table(blob: index.Blob) -> Table:
    """Return the rows of an index that has been unpacked.

    Raises
    ------
    FormatError
        They are none, or break a rule of FORMAT.md.
    """
    head = blob.head
    return Table(
        blob.plain,
        blob.digests,
        entries=head.entries,
        digest_bytes=head.digest_bytes,
        base=head.base,
        bundles=head.version > 1,
    )


def region_at_end(plain: bytes) -> bytes | None:
    """Return the region's hash by its place at the end of the columns; None where that is none of a container's index.

    Only for columns that are known to keep the rules: these are not looked at.
    """
    end = len(plain) - len(_NO_SETTINGS)
    start = end - _REGION_BYTES
    is_there = plain[end:] == _NO_SETTINGS and plain[max(start - len(_BEFORE_REGION), 0) : start] == _BEFORE_REGION
    return plain[start:end] if is_there else None


def settings_of(table: Table) -> dict[str, Any]:
    """Return the settings in a tree index.

    Raises
    ------
    Damaged
        They are no JSON object.
    """
    try:
        settings = json.loads(table.settings or b"{}")
    except (ValueError, RecursionError) as error:
        raise Damaged("the settings in the tree index are no JSON") from error
    if not isinstance(settings, dict):
        raise Damaged("the settings in the tree index are no JSON object")
    return settings
