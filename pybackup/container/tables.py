"""From the unpacked bytes of an index to its rows and settings."""

from __future__ import annotations

import json
from typing import Any

from pybackup.errors import Damaged
from pybackup.layout import index
from pybackup.layout.table import Table


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
