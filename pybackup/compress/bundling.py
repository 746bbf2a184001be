"""Which files go into bundles: small ones of which a 7z can say all there is to say."""

from __future__ import annotations

from pybackup.layout.sevenzip_bundle import suits_bundle
from pybackup.model.content import Piece


def goes_into_bundle(piece: Piece, up_to_bytes: int) -> bool:
    """Whether a piece goes into a bundle with others: a whole file of so few bytes, by a name that all tools take."""
    return (
        piece.segments == 1
        and not piece.sparse
        and not piece.base_digest
        and len(piece.data) <= up_to_bytes
        and piece.whole is not None
        and suits_bundle(piece.entry, up_to_bytes)
    )
