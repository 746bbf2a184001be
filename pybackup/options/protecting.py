"""The options for parity, which several verbs have."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pybackup.parity.stream.geometry import DEFAULT_GROUP_SECTORS

from . import Option, values
from .shared import Watched

if TYPE_CHECKING:
    from pybackup.parity.stream.amount import Amount
    from pybackup.parity.stream.geometry import ParityOptions

GROUP = "protection"


@dataclass(frozen=True, kw_only=True)
class Protection(Watched):
    """The options for parity."""

    parity: Annotated[
        "Amount | str | None",
        Option(
            "how much may be destroyed and rebuilt: 10%, 64M, fill:SIZE for a whole of SIZE, none (default: 10%)",
            "P",
            values.parity,
            group=GROUP,
        ),
    ] = "10%"
    group_sectors: Annotated[
        int,
        Option(
            f"sectors in a group of the code: fewer, less memory (default: {DEFAULT_GROUP_SECTORS})",
            "N",
            values.positive,
            group=GROUP,
        ),
    ] = DEFAULT_GROUP_SECTORS

    def protection(self, *, sidecar: bool = False) -> "ParityOptions":
        """Return how much parity there shall be, in the archive or beside it.

        None, for neither parity nor checksums of sectors, is for whoever asks in Python for an archive.
        """
        from pybackup.parity.stream.geometry import ParityOptions

        return ParityOptions(values.parity(self.parity), sidecar, values.positive(self.group_sectors))
