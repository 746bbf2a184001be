"""What hangs together with the archives on a disc: earlier archives that they need, and later ones that need them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pybackup.archive.ancestry import ancestry
from pybackup.archive.chain import read_tables
from pybackup.archive.find import Volume
from pybackup.archive.own_run import own_needs
from pybackup.model.catalogued import Needed
from pybackup.model.entry import Kind
from pybackup.model.volume import VolumeKind

if TYPE_CHECKING:
    from pybackup.catalogue.connect import Catalogue
    from pybackup.catalogue.needed import NeededBy


@dataclass(frozen=True, slots=True)
class Hanging:
    """What the archives in a file or on a disc have of files, and what hangs together with them.

    Attributes
    ----------
    files
        How many files have content there.
    needs
        Earlier archives that are not there, which hold content of files of the same trees.
    needed_by
        Chains of which other archives build on what is there; None if no catalogue was asked.
    """

    files: int
    needs: tuple[Needed, ...]
    needed_by: tuple[NeededBy, ...] | None

    @property
    def based(self) -> int:
        """How many files on others need content from there, in the newest run of each chain that does."""
        return sum(each.files for each in self.needed_by or ())


def hanging_on(found: Sequence[Volume], catalogue: Catalogue | None) -> Hanging | None:
    """Return what hangs together with the archives in a file or on a disc, as they and the catalogue tell.

    Returns None where nothing does.
    """
    volumes = [volume for volume in found if volume.info is None or volume.info.kind is not VolumeKind.RECOVERY]
    if not volumes:
        return None
    there = {volume.listing.archive_id for volume in volumes}
    chains = None
    if catalogue is not None:
        from pybackup.catalogue.needed import chains_on

        chains = chains_on(catalogue, there)
    needs = [need for volume in volumes for need in _needs(volume) if need.files and need.identity not in there]
    if not needs and not chains:
        return None
    return Hanging(sum(map(_files, volumes)), tuple(needs), chains)


def _needs(volume: Volume) -> Sequence[Needed]:
    settings = volume.listing.settings
    return own_needs(settings, read_tables([volume])) if ancestry(settings) else ()


def _files(volume: Volume) -> int:
    return sum(kind == Kind.FILE for kind in volume.listing.rows.kinds)
