"""The directory in which the program keeps its state between runs."""

from __future__ import annotations

import os
from collections.abc import Mapping


def state_directory(environment: Mapping[str, str] = os.environ) -> str:
    """Return where locks and the history of runs lie: ``$XDG_STATE_HOME/pybackup``."""
    state = environment.get("XDG_STATE_HOME") or os.path.join(environment.get("HOME") or "~", ".local", "state")
    return os.path.join(os.path.expanduser(state), "pybackup")
