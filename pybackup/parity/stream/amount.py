"""How much parity there is to be, as people ask for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from pybackup.errors import UsageError
from pybackup.model.size import parse_size
from pybackup.sector import SECTOR

_DECIMAL = re.compile(r"\d{1,4}(\.\d{1,6})?", re.ASCII)
_MAX_PERCENT = 1000


@dataclass(frozen=True, slots=True)
class Amount:
    """How much parity is bought: a share of the data, or bytes, or what is left of a medium.

    Attributes
    ----------
    share
        Parity over data; 0.1 for 10 %.
    n_bytes
        Parity in bytes.
    fill_bytes
        The whole volume grows to at most this.
    rest
        What is left of the medium, whose size is told elsewhere; never less than `least`.

    Only one of them is given; none for no parity.
    """

    share: Fraction | None = None
    n_bytes: int | None = None
    fill_bytes: int | None = None
    rest: bool = False

    @property
    def least(self) -> Fraction:
        """The share that is bought in any case where the rest of a medium is."""
        return _LEAST_REST

    def __str__(self) -> str:
        """As it is written on a command line."""
        if self.share is not None:
            return f"{float(self.share * 100):.6f}".rstrip("0").rstrip(".") + "%"
        if self.fill_bytes is not None:
            return f"fill:{self.fill_bytes}"
        return str(self.n_bytes) if self.n_bytes is not None else "fill" if self.rest else "none"


_LEAST_REST = Fraction(1, 10)
NO_PARITY = Amount()
DEFAULT_AMOUNT = Amount(share=Fraction(1, 10))


def parse_amount(text: object) -> Amount:
    """Return an amount as it is written: ``10%``, ``64M``, ``fill:700M``, ``none``.

    Raises
    ------
    UsageError
        It is none of these, or less than one sector.
    """
    if not isinstance(text, str):
        raise UsageError(f"parity is '10%', '64M', 'fill:700M' or 'none', not {text!r}")
    text = text.strip()
    if text == "none":
        return NO_PARITY
    if text == "fill":
        return Amount(rest=True)
    if text.startswith("fill:"):
        return Amount(fill_bytes=parse_size(text.removeprefix("fill:")))
    if text.endswith("%"):
        return Amount(share=_share(text))
    n_bytes = parse_size(text)
    if not n_bytes:
        raise UsageError("no parity is called 'none'")
    if n_bytes < SECTOR:
        hint = f"; did you mean {n_bytes}%?" if n_bytes <= _MAX_PERCENT and text.isdecimal() else ""
        raise UsageError(f"{n_bytes} bytes of parity are less than a sector{hint}")
    return Amount(n_bytes=n_bytes)


def _share(text: str) -> Fraction:
    number = text.removesuffix("%").strip()
    if not _DECIMAL.fullmatch(number) or not 0 < Fraction(number) <= _MAX_PERCENT:
        raise UsageError(f"not a percentage above 0 and up to {_MAX_PERCENT}: {text!r}")
    return Fraction(number) / 100
