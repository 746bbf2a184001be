"""Runs of chains in the catalogue, in their order, and the volumes that each needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.model.catalogued import CataloguedRun, CataloguedVolume, Medium, MediumState, Needed, VolumeSort
from pybackup.model.run import RunLevel, RunMark

from .bulk import insert_rows, next_id
from .connect import Catalogue
from .media import media, volumes_on
from .recognise import storable
from .schema import chain_run, run_need

_FAULTS = {MediumState.SUSPECT: "is suspect", MediumState.RETIRED: "is superseded", MediumState.LOST: "is lost"}
_BEST_FIRST = (MediumState.OK, *_FAULTS)


def chains(catalogue: Catalogue) -> list[str]:
    """Return the names of all chains."""
    with catalogue.reading() as connection:
        return sorted(connection.execute(sa.select(chain_run.c.chain).distinct()).scalars())


def runs(catalogue: Catalogue, chain: str | None = None) -> list[CataloguedRun]:
    """Return the runs of a chain, or of all chains, the oldest first; also those that lack some of their volumes."""
    with catalogue.reading() as connection:
        wanted = sa.true() if chain is None else chain_run.c.chain == chain
        order = chain_run.c.chain, chain_run.c.at_ns, chain_run.c.id
        rows = connection.execute(sa.select(chain_run).where(wanted).order_by(*order)).all()
        if not rows:
            return []
        own = _own_volumes(connection)
        needs = _needs(connection, wanted)
    return [
        CataloguedRun(
            row.id,
            RunMark(row.chain, row.at_ns, RunLevel(row.level), row.reason),
            bytes(row.archive),
            bytes(row.location or b""),
            tuple(own.get(bytes(row.archive), ())),
            tuple(needs.get(row.id, ())),
        )
        for row in rows
    ]


def enter_run(
    catalogue: Catalogue, mark: RunMark, archive: bytes, needs: Callable[[], Iterable[Needed]], location: bytes = b""
) -> bool:
    """Enter a run, or recognise it, and return whether it is new.

    Parameters
    ----------
    archive
        Id of its archive, or of its set.
    needs
        Gives the earlier archives that it builds on; called only if the run is new.
    location
        The path of the archive, or of the directory of its volumes; empty where they are not on this machine.
    """
    with catalogue.writing() as connection:
        same = (chain_run.c.chain == mark.chain, chain_run.c.archive == archive)
        known = connection.execute(sa.select(chain_run.c.id).where(*same)).scalar()
        if known is not None:
            if location:
                connection.execute(chain_run.update().where(chain_run.c.id == known).values(location=location))
            return False
        number = next_id(connection, chain_run)
        connection.execute(
            chain_run.insert().values(
                id=number,
                chain=mark.chain,
                archive=archive,
                at_ns=mark.at_ns,
                level=mark.level.value,
                reason=storable(mark.reason),
                location=location or None,
            )
        )
        first = next_id(connection, run_need)
        rows = (need._replace(label=storable(need.label)) for need in needs())
        insert_rows(connection, run_need, ((at, number, *row) for at, row in enumerate(rows, first)))
    return True


def faults_of(catalogue: Catalogue) -> dict[bytes, str]:
    """Return which volumes are unsafe, by their ids, and why: lost, suspect or superseded.

    A volume with a sound medium is safe; one without any known medium is left out.
    """
    held: dict[bytes, list[Medium]] = {}
    for known in media(catalogue):
        held.setdefault(known.volume.identity, []).append(known)
    faults: dict[bytes, str] = {}
    for identity, found in held.items():
        # Of several media of a volume, the best one counts.
        best = min(found, key=lambda known: _BEST_FIRST.index(known.state))
        if best.state is not MediumState.OK:
            faults[identity] = f"{best.label} {_FAULTS[best.state]}"
    return faults


def _own_volumes(connection: Connection) -> dict[bytes, list[CataloguedVolume]]:
    """Return the volumes of each archive or set by its id; of a set the data volumes, in their order."""
    found: dict[bytes, list[CataloguedVolume]] = {}
    for held in volumes_on(connection).values():
        if held.sort is VolumeSort.ARCHIVE:
            found.setdefault(held.set_id or held.identity, []).append(held)
    for volumes in found.values():
        volumes.sort(key=lambda held: (held.number, held.id))
    return found


def _needs(connection: Connection, wanted: sa.ColumnElement[bool]) -> dict[int, list[Needed]]:
    of_runs = sa.select(run_need).join(chain_run, chain_run.c.id == run_need.c.run_id).where(wanted)
    found: dict[int, list[Needed]] = {}
    for row in connection.execute(of_runs.order_by(run_need.c.id)):
        found.setdefault(row.run_id, []).append(Needed(bytes(row.identity), row.label, row.files, row.n_bytes))
    return found
