"""Archives that were written by each version of the format, and what is expected of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .recipe import GOLDEN

ARCHIVES = sorted(GOLDEN.glob("v*/*.xtar"))


def expected_of(path: Path) -> dict[str, Any]:
    """What is beside a golden archive of the version."""
    said: dict[str, Any] = json.loads((path.parent / "expected.json").read_text())
    return said
