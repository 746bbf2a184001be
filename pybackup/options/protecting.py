"""The options for parity, which several verbs share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pybackup.parity.stream.geometry import DEFAULT_GROUP_SECTORS

from . import Option, values
from .shared import Monitored

if TYPE_CHECKING:
    from pybackup.parity.stream.amount import Amount
    from pybackup.parity.stream.geometry import ParityOptions

GROUP = "protection"


@dataclass(frozen=True, kw_only=True)
class Protection(Monitored):
    """The options for parity."""

    parity: Annotated[
        "Amount | str | None",
        Option(
            "how much damage can be repaired: 10%, 64M, fill:SIZE to fill up to SIZE in all, none (default: 10%)",
            "P",
            values.parity,
            group=GROUP,
        ),
    ] = "10%"
    group_sectors: Annotated[
        int,
        Option(
            f"sectors per parity group; smaller groups need less memory (default: {DEFAULT_GROUP_SECTORS})",
            "N",
            values.positive,
            group=GROUP,
        ),
    ] = DEFAULT_GROUP_SECTORS

    def protection(self, *, sidecar: bool = False) -> "ParityOptions":
        """Return how much parity is made, in the archive or with ``sidecar`` in a file beside it."""
        from pybackup.parity.stream.geometry import ParityOptions

        return ParityOptions(values.parity(self.parity), sidecar, values.positive(self.group_sectors))
