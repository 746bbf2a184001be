"""The options for placing entries in a directory, which several verbs have."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from . import Option, values
from .shared import Watched

if TYPE_CHECKING:
    from pybackup.tree.place import PlaceOptions

GROUP = "placing"


@dataclass(frozen=True, kw_only=True)
class Placing(Watched):
    """The options for placing entries in a directory."""

    overwrite: Annotated[
        str,
        Option(
            "replace files that exist; always: also directories, with all in them, where the archive has a file, and "
            "files where it has a directory (default: never, each is a problem)",
            choices=("never", "older", "always"),
            group=GROUP,
        ),
    ] = "never"
    no_owner: Annotated[bool, Option("do not restore owners, not even as root", group=GROUP)] = False
    numeric_owner: Annotated[bool, Option("restore owners by number, whatever their names are here", group=GROUP)] = (
        False
    )
    devices: Annotated[bool, Option("make device nodes, which are refused otherwise", group=GROUP)] = False

    def placing(self) -> "PlaceOptions":
        """Return how entries are placed."""
        from pybackup.tree.place import Overwrite, PlaceOptions

        default = PlaceOptions()
        return PlaceOptions(
            values.choice(Overwrite, self.overwrite),
            default.owner and not self.no_owner,
            self.numeric_owner,
            self.devices,
        )
