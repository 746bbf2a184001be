"""The table of the discs of a stage."""

from __future__ import annotations

from typing import Any

from .tables import Tables
from .values import DiscState, StagedDisc

# Sums are over one index; a file that is divided over discs counts on each with its share.
_PARTS = "FROM part JOIN copy ON copy.id = part.copy WHERE part.disc = number"
_SUMS = ", ".join(
    f"(SELECT coalesce(sum({each}), 0) FROM copy WHERE copy.disc = number)"
    f" + (SELECT coalesce(sum({each} * here / parts - (copy.disc = number) * {each}), 0) {_PARTS})"
    for each in ("size", "cost")
)
_DISC = (
    "SELECT number, name, state, opened_ns, closed_ns, checked_ns, archive_id, listing, image_bytes, set_id, volume,"
    " is_last, (SELECT count(*) FROM copy WHERE copy.disc = number)"
    f" + (SELECT count(*) {_PARTS} AND copy.disc != number), {_SUMS} FROM disc"
)


class DiscTable(Tables):
    """The discs of a stage, by number from 1."""

    def discs(self) -> list[StagedDisc]:
        """Return all discs, ordered by number."""
        return [_disc(row) for row in self._all(_DISC + " ORDER BY number")]

    def disc(self, number: int) -> StagedDisc:
        """Return the disc of a number, which there must be."""
        return _disc(self._one(_DISC + " WHERE number = ?", number))

    def numbers(self, *states: DiscState) -> list[int]:
        """Return the numbers of the discs in one of these states, in order; `discs` counts their files, too."""
        rows = self._all("SELECT number, state FROM disc ORDER BY number")
        return [number for number, state in rows if DiscState(state.decode()) in states]

    def set_state(self, number: int, state: DiscState) -> None:
        """Change the state of a disc."""
        self._do("UPDATE disc SET state = ? WHERE number = ?", state.value, number)

    def set_archive(self, number: int, archive_id: bytes, listing: bytes) -> None:
        """Enter the archive of a disc: its id, and the hash of its listing."""
        self._do("UPDATE disc SET archive_id = ?, listing = ? WHERE number = ?", archive_id, listing, number)

    def set_volume(self, number: int, set_id: bytes, volume: int, *, is_last: bool) -> None:
        """Enter of which set the archive of a disc is, and which volume of it."""
        self._do(
            "UPDATE disc SET set_id = ?, volume = ?, is_last = ? WHERE number = ?", set_id, volume, int(is_last), number
        )

    def set_built(self, number: int, image_bytes: int, now_ns: int) -> None:
        """Enter that a disc has its image, of so many bytes."""
        self._do(
            "UPDATE disc SET state = ?, image_bytes = ?, closed_ns = ? WHERE number = ?",
            DiscState.BUILT.value, image_bytes, now_ns, number,
        )  # fmt: skip

    def set_checked(self, number: int, now_ns: int, *, is_medium: bool) -> None:
        """Enter that a disc was read as a whole and is sound; ``is_medium`` for the burnt disc, not its image."""
        self._do("UPDATE disc SET checked_ns = ? WHERE number = ?", now_ns, number)
        if is_medium:
            self.set_state(number, DiscState.BURNT)

    def take_disc(self, disc: StagedDisc) -> None:
        """Enter a disc that is known from the history on another one, or as a volume of a set that was made."""
        self._do(
            "INSERT INTO disc VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            disc.number, disc.name, disc.state.value, disc.opened_ns, disc.closed_ns, disc.checked_ns,
            disc.archive_id, disc.listing, disc.image_bytes, disc.set_id, disc.volume, int(disc.is_last),
        )  # fmt: skip


def _disc(row: tuple[Any, ...] | None) -> StagedDisc:
    assert row is not None  # numbers come from this table
    number, name, state, opened, closed, checked, archive_id, listing, image, set_id, volume, is_last, *sizes = row
    return StagedDisc(
        number, name.decode(), DiscState(state.decode()), opened, closed, checked, archive_id or b"", listing or b"",
        image, set_id or b"", volume or 0, bool(is_last), *sizes,
    )  # fmt: skip
