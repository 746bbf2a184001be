"""The notes and the summary that verbs share, and the exit status that follows from the problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pybackup.model.problem import Problem, Trouble

from .monitor import Talk
from .statuses import Status

if TYPE_CHECKING:
    from pybackup.model.listing import Listing


def tell_condition(listing: Listing, talk: Talk) -> None:
    """Note how the entries of an archive were found, if not by its index, and which damage was met."""
    from pybackup.model.listing import Way

    for damage in listing.damage:
        talk.note(f"damaged: {damage}")
    if listing.way is not Way.TREE:
        talk.note(f"the entries were found by the {listing.way.value}")


def check_complete(listing: Listing, talk: Talk) -> None:
    """Report a problem if entries are lost, or may be."""
    if listing.incompleteness:
        talk.problem(Problem(b"", Trouble.LOST, listing.incompleteness))


def conclude(talk: Talk, summary: str = "") -> Status:
    """Print the problems again and the summary, and return the exit status."""
    if any(problem.trouble is Trouble.EXISTS for problem in talk.problems):
        way = "--overwrite always replaces it, --overwrite older what is older"
        talk.note(f"what exists with other content stays; {way if talk.can_replace else 'choose another directory'}")
    talk.repeat_problems()
    if summary:
        talk.summary(summary)
    return Status.PROBLEMS if talk.problems else Status.DONE
