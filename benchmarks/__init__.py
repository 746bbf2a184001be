"""Benchmarks: seeded corpora, whole process trees measured, and the peers measured in the same run."""

import sys
from pathlib import Path

# The tree that lives is that of the tests: both tell of the same days.
sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
