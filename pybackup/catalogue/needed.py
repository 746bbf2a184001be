"""Which chains build on a volume: what its loss costs besides the files on it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from .connect import Catalogue
from .schema import chain_run, run_need


@dataclass(frozen=True, slots=True)
class NeededBy:
    """A chain with archives that build on a volume.

    Attributes
    ----------
    runs
        How many of its runs build on it.
    files
        How many files of the newest of these runs need content from the volume: unchanged files, deltas, and files that
        were left out since they are known to be there.
    """

    chain: str
    runs: int
    files: int


def needed_by(connection: Connection, identities: Collection[bytes]) -> tuple[NeededBy, ...]:
    """Return the chains that build on archives or volumes of these ids, by name."""
    rows = connection.execute(
        sa.select(chain_run.c.chain, sa.func.sum(run_need.c.files))
        .join_from(run_need, chain_run, chain_run.c.id == run_need.c.run_id)
        .where(run_need.c.identity.in_(identities), run_need.c.files > 0, chain_run.c.archive.not_in(identities))
        .group_by(chain_run.c.id, chain_run.c.chain, chain_run.c.at_ns)
        .order_by(chain_run.c.chain, chain_run.c.at_ns)
    )
    found: dict[str, list[int]] = {}
    for chain, files in rows:
        found.setdefault(chain, []).append(int(files))
    return tuple(NeededBy(chain, len(files), files[-1]) for chain, files in found.items())


def chains_on(catalogue: Catalogue, identities: Collection[bytes]) -> tuple[NeededBy, ...]:
    """Return the chains that build on archives or volumes of these ids, by name."""
    with catalogue.reading() as connection:
        return needed_by(connection, identities)
