"""The options for restoring entries into a directory, which several verbs share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from . import Option, values
from .shared import Monitored

if TYPE_CHECKING:
    from pybackup.tree.place import PlaceOptions

GROUP = "placing"


@dataclass(frozen=True, kw_only=True)
class Placing(Monitored):
    """The options for restoring entries into a directory."""

    overwrite: Annotated[
        str,
        Option(
            "replace existing files; always: also replace a directory, with all in it, by a file and a file by a "
            "directory (default: never; each existing file is reported as a problem)",
            choices=("never", "older", "always"),
            group=GROUP,
        ),
    ] = "never"
    no_owner: Annotated[bool, Option("do not restore owners, not even as root", group=GROUP)] = False
    numeric_owner: Annotated[bool, Option("restore owners by number, ignoring their names", group=GROUP)] = False
    devices: Annotated[bool, Option("create device nodes (default: report them as problems)", group=GROUP)] = False

    def placing(self) -> "PlaceOptions":
        """Return the options for placing entries."""
        from pybackup.tree.place import Overwrite, PlaceOptions

        default = PlaceOptions()
        return PlaceOptions(
            values.choice(Overwrite, self.overwrite),
            default.owner and not self.no_owner,
            self.numeric_owner,
            self.devices,
        )
