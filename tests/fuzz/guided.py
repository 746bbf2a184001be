"""The same targets, guided by coverage: ``python -m tests.fuzz.guided TARGET [libFuzzer options]``.

Needs atheris, which nothing else does; `choices` turns its bytes into what a seeded run decides by lot.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from .choices import Choices


def main() -> None:
    """Fuzz until a case fails, or as long as the options say."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["pybackup"]):
        sandbox = importlib.import_module(".sandbox", __package__)
    name = sys.argv.pop(1)

    def run(data: bytes) -> None:
        case = sandbox.TARGETS[name].make(Choices(data))
        with sandbox.own_directory() as base:
            sandbox.run_case(name, case, base)

    atheris.Setup(sys.argv, run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
