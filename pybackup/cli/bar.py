"""Drawing the progress bar on a terminal, also while a phase reports no progress."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

STEPS = 10_000
"""The number of steps of a bar."""
COLUMNS = 80
"""The width assumed for a terminal that does not tell its own."""
_ROWS = 24
_BAR = "{desc} {percentage:3.0f}%|{bar}| {figures}"
_BEAT_SECONDS = 0.5  # the longest time between two drawings


class Beat(threading.Thread):
    """A thread that draws the bar again and again, so that the time runs on even if a phase reports no progress."""

    def __init__(self, draw: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._draw = draw
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(_BEAT_SECONDS):
            self._draw()

    def stop(self) -> None:
        """Stop drawing."""
        self._stopped.set()
        if self.is_alive():
            self.join()


class _Terminal:
    """Standard error without Python's buffer, whose lock the beat could hold while a worker is forked."""

    encoding = getattr(sys.stderr, "encoding", "utf-8")

    def fileno(self) -> int:
        return sys.stderr.fileno()

    def write(self, text: str) -> None:
        with suppress(OSError):
            os.write(self.fileno(), text.encode(self.encoding, "backslashreplace"))

    def flush(self) -> None:
        """Do nothing, as there is no buffer."""


def make_bar() -> Any:
    """Return a bar of `STEPS` steps on standard error, made by tqdm."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        """A tqdm bar without its monitor thread and its semaphore, as workers are forked while it is shown."""

        monitor_interval = 0
        figures = ""

        @property
        def format_dict(self) -> Any:
            return {**super().format_dict, "figures": self.figures}

    Bar.set_lock(threading.RLock())
    known = all(os.get_terminal_size(sys.stderr.fileno()))  # 0 if the terminal does not tell
    return Bar(
        total=STEPS,
        bar_format=_BAR,
        ncols=None if known else COLUMNS,
        nrows=None if known else _ROWS,
        dynamic_ncols=known,
        leave=False,
        delay=1e-9,
        file=_Terminal(),
    )
