"""The progress bar on a terminal: how it is drawn, and that it is drawn while nothing is heard."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

STEPS = 10_000
"""Of a bar."""
COLUMNS = 80
"""Of a terminal that does not say how many it has."""
_ROWS = 24
_BAR = "{desc} {percentage:3.0f}%|{bar}| {figures}"
_BEAT_SECONDS = 0.5  # between two drawings, at most, where a phase stands still


class Beat(threading.Thread):
    """Draws again and again: a phase of which nothing is heard still shows that time goes on."""

    def __init__(self, draw: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._draw = draw
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(_BEAT_SECONDS):
            self._draw()

    def stop(self) -> None:
        """Draw no more."""
        self._stopped.set()
        if self.is_alive():
            self.join()


class _Terminal:
    """Standard error without a buffer, whose lock could be held by the beat while a worker is forked."""

    encoding = getattr(sys.stderr, "encoding", "utf-8")

    def fileno(self) -> int:
        return sys.stderr.fileno()

    def write(self, text: str) -> None:
        with suppress(OSError):
            os.write(self.fileno(), text.encode(self.encoding, "backslashreplace"))

    def flush(self) -> None:
        """Nothing is held back."""


def make_bar() -> Any:
    """Return a bar of `STEPS` steps on standard error, made by tqdm."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        """Without tqdm's watching thread and its semaphore between processes: workers are forked while it shows."""

        monitor_interval = 0
        figures = ""

        @property
        def format_dict(self) -> Any:
            return {**super().format_dict, "figures": self.figures}

    Bar.set_lock(threading.RLock())
    known = all(os.get_terminal_size(sys.stderr.fileno()))  # 0 where the terminal does not know
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
