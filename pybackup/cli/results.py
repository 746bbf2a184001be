"""What verbs show of what they found and did, and the status that comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pybackup.model.problem import Problem, Trouble

from .monitor import Talk
from .statuses import Status

if TYPE_CHECKING:
    from pybackup.model.listing import Listing


def tell_condition(listing: Listing, talk: Talk) -> None:
    """Say by which way an archive had to be read, if not by the best, and what was found damaged meanwhile."""
    from pybackup.model.listing import Way

    for damage in listing.damage:
        talk.note(f"damaged: {damage}")
    if listing.way is not Way.TREE:
        talk.note(f"the entries were found by the {listing.way.value}")


def check_complete(listing: Listing, talk: Talk) -> None:
    """Make it a problem that entries are lost, or may be."""
    if listing.incompleteness:
        talk.problem(Problem(b"", Trouble.LOST, listing.incompleteness))


def conclude(talk: Talk, summary: str = "") -> Status:
    """Say the problems again and how it went, and return the status."""
    if any(problem.trouble is Trouble.EXISTS for problem in talk.problems):
        way = "--overwrite always replaces it, --overwrite older what is older"
        talk.note(f"what exists with other content stays; {way if talk.can_replace else 'choose another directory'}")
    talk.repeat_problems()
    if summary:
        talk.summary(summary)
    return Status.PROBLEMS if talk.problems else Status.DONE
