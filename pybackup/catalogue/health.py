"""Health of media: what checks found, what follows from the last one, which get worse, which are to be checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.model.catalogued import Medium, MediumCheck, MediumState

from .bulk import next_id
from .connect import Catalogue
from .media import counts_as_copy, is_gone, media_on, set_state
from .schema import health, medium

# Results of a check after which everything can still be read, by the parity if need be.
_SOUND = ("intact", "repairable")


def found_again(catalogue: Catalogue, medium_id: int) -> MediumState:
    """Record that a lost medium was found, and return its state, which follows from its last check."""
    checks = health_of(catalogue, medium_id)
    state = MediumState.SUSPECT if checks and checks[-1].verdict not in _SOUND else MediumState.OK
    set_state(catalogue, medium_id, state)
    return state


def add_health(catalogue: Catalogue, medium_id: int, found: MediumCheck) -> MediumState:
    """Add what a check found to the history of a medium, and return the medium's new state.

    A lost medium that was checked is no longer lost. It is suspect if it is beyond repair. If its parity can still
    repair it, it counts as a copy, but should be written again soon (`refresh`).
    """
    with catalogue.writing() as connection:
        insert_check(connection, medium_id, found)
        row = connection.execute(sa.select(medium.c.state, medium.c.checked_ns).where(medium.c.id == medium_id)).one()
        state = MediumState.OK if found.verdict in _SOUND else MediumState.SUSPECT
        values: dict[str, Any] = {"state": state.value, "seen_ns": found.at_ns}
        if found.verdict in _SOUND:
            values["checked_ns"] = max(found.at_ns, row.checked_ns or found.at_ns)
        if state.value != row.state:
            values["changed_ns"] = found.at_ns
        connection.execute(medium.update().where(medium.c.id == medium_id).values(**values))
    return state


def health_of(catalogue: Catalogue, medium_id: int) -> list[MediumCheck]:
    """Return the checks of a medium, the oldest first."""
    with catalogue.reading() as connection:
        rows = connection.execute(
            sa.select(health).where(health.c.medium_id == medium_id).order_by(health.c.at_ns, health.c.id)
        ).all()
    return [check_of_row(row) for row in rows]


def health_by_medium(catalogue: Catalogue) -> dict[int, list[MediumCheck]]:
    """Return the checks of each medium, by its id, the oldest first."""
    with catalogue.reading() as connection:
        return _checks(connection)


def getting_worse(checks: Sequence[MediumCheck]) -> bool:
    """Whether the last check found more bad sectors, or less margin of the parity, than the one before."""
    if len(checks) < 2:
        return False
    before, now = checks[-2:]
    less = before.margin is not None and now.margin is not None and now.margin < before.margin
    return now.bad_sectors > before.bad_sectors or less


def worsening(catalogue: Catalogue) -> list[tuple[Medium, str]]:
    """Return the media that get worse, each with a text that says how; lost and retired ones are left out."""
    return [(known, _how_worse(checks)) for known, checks in _there(catalogue) if getting_worse(checks)]


def worn(catalogue: Catalogue) -> list[tuple[Medium, str]]:
    """Return the media that are suspect, get worse, or had bad sectors when last checked, each with the reason."""
    found = []
    for known, checks in _there(catalogue):
        reason = _reason(known, checks)
        if not reason and checks and checks[-1].bad_sectors:
            reason = f"{checks[-1].bad_sectors:,} bad sectors, which its parity mends"
        if reason:
            found.append((known, reason))
    return found


def due(catalogue: Catalogue, checked_since_ns: int) -> list[tuple[Medium, str]]:
    """Return the media to check: suspect ones, those that get worse, and those that do not count as copies any more.

    Each comes with its reason, which is empty where only the last check is too old or was never made.
    """
    reasons = [(known, _reason(known, checks)) for known, checks in _there(catalogue)]
    return [
        (known, reason)
        for known, reason in reasons
        if reason or not counts_as_copy(known, checked_since_ns=checked_since_ns)
    ]


def _there(catalogue: Catalogue) -> list[tuple[Medium, Sequence[MediumCheck]]]:
    """Return the media that are not lost or retired, each with its checks, the oldest first."""
    with catalogue.reading() as connection:
        checks = _checks(connection)
        return [(known, checks.get(known.id, ())) for known in media_on(connection) if not is_gone(known)]


def _checks(connection: Connection) -> dict[int, list[MediumCheck]]:
    checks: dict[int, list[MediumCheck]] = {}
    for row in connection.execute(sa.select(health).order_by(health.c.medium_id, health.c.at_ns, health.c.id)):
        checks.setdefault(row.medium_id, []).append(check_of_row(row))
    return checks


def _reason(known: Medium, checks: Sequence[MediumCheck]) -> str:
    if known.state is MediumState.SUSPECT:
        return "suspect"
    if getting_worse(checks):
        return _how_worse(checks)
    return ""


def _how_worse(checks: Sequence[MediumCheck]) -> str:
    before, now = checks[-2:]
    if now.bad_sectors > before.bad_sectors:
        return f"gets worse: {before.bad_sectors:,} bad sectors, then {now.bad_sectors:,}"
    was, left = (100 * (each.margin or 0) for each in (before, now))
    return f"gets worse: {was:.0f} % of its parity were left, then {left:.0f} %"


def insert_check(connection: Connection, medium_id: int, found: MediumCheck) -> None:
    """Insert a check. The state of the medium is not changed by it."""
    number = next_id(connection, health)
    connection.execute(health.insert().values(id=number, medium_id=medium_id, **asdict(found)))


def check_of_row(row: Any) -> MediumCheck:
    """Return the check that a row of the table holds."""
    return MediumCheck(row.at_ns, row.verdict, row.bad_sectors, row.sectors, row.margin, row.means)
