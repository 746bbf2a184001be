"""Showing what hangs on an archive or disc: for `forecast` and `disc check`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from pybackup.errors import PybackupError

from .json_form import fields_of
from .monitor import Talk
from .text import count, printable

if TYPE_CHECKING:
    from pybackup.archive.find import Volume
    from pybackup.catalogue.connect import Catalogue
    from pybackup.jobs.hanging import Hanging

_NAMED = 5


@contextmanager
def asking_what_hangs(
    options: argparse.Namespace, talk: Talk, *, records: bool = False
) -> Iterator[Callable[[Sequence[Volume]], Hanging | None]]:
    """Yield a function that returns what hangs together with archives that were found, and None if nothing does.

    The catalogue is asked, too, if there is one.

    Parameters
    ----------
    records
        Whether the verb records in the catalogue as well, and so tells of one that cannot be opened.

    Raises
    ------
    PybackupError
        The catalogue that was named cannot be opened. One that was not named is a note.
    """
    from pybackup.jobs.hanging import hanging_on

    with ExitStack() as stack:
        catalogue = _catalogue(options, stack, talk, records)

        def ask(found: Sequence[Volume]) -> Hanging | None:
            try:
                return hanging_on(found, catalogue)
            except PybackupError as error:
                talk.note(f"what builds on it is not known: {error}")
                return None

        yield ask


def _catalogue(options: argparse.Namespace, stack: ExitStack, talk: Talk, records: bool) -> Catalogue | None:
    from pybackup.catalogue.default import configured

    try:
        address = configured(options.catalogue)
        if address is None:
            return None
        from pybackup.catalogue.connect import open_catalogue

        return stack.enter_context(open_catalogue(address))
    except (PybackupError, ModuleNotFoundError) as error:
        if records:
            return None
        if options.catalogue and isinstance(error, PybackupError):
            raise
        talk.note(f"what builds on it is not known: {error}")
        return None


def hanging_lines(found: Hanging) -> Iterator[str]:
    """Say in words what hangs together with an archive or disc."""
    holds = f"holds {count(found.files, 'file')}"
    if found.needed_by:
        chains = (f"the chain {printable(each.chain)}, {count(each.runs, 'run')}" for each in found.needed_by)
        yield f"{holds} and is the base of {found.based:,} on others: {'; '.join(chains)}"
    else:
        yield f"{holds}; no run that the catalogue knows builds on it" if found.needed_by is not None else holds
    if found.needs:
        needs = sorted(found.needs, key=lambda need: -need.files)
        named = [f"{printable(need.label)} ({count(need.files, 'file')})" for need in needs[:_NAMED]]
        named += [f"{len(needs) - _NAMED:,} more"] if len(needs) > _NAMED else []
        yield f"the rest of its tree is in earlier archives: {', '.join(named)}"


def json_hanging(found: Hanging | None) -> dict[str, Any] | None:
    """Return what hangs together with an archive or disc as an object for JSON."""
    if found is None:
        return None
    chains = (
        None if found.needed_by is None else [fields_of(each, "chain", "runs", "files") for each in found.needed_by]
    )
    needs = [{"id": need.identity.hex(), **fields_of(need, "label", "files", bytes="n_bytes")} for need in found.needs]
    return {
        "files": found.files,
        "base_of_files": None if chains is None else found.based,
        "needed_by": chains,
        "needs": needs,
    }
