"""Archives mounted by the command line, and unmounted in the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Mounted:
    """A mount, and the process behind it."""

    def __init__(self, directory: Path, process: subprocess.Popen[bytes]) -> None:
        self.directory, self.process = directory, process

    def end(self, by: int = signal.SIGTERM) -> tuple[int, str]:
        """End the process by a signal, and return its status and what it said."""
        self.process.send_signal(by)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said.decode()


@contextmanager
def mounted(directory: Path, *words: str | Path) -> Iterator[Mounted]:
    """Mount what is named at a directory, which is made."""
    directory.mkdir()
    command = [sys.executable, "-m", "pybackup", "mount", *words, directory]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + 60
        while not os.path.ismount(directory):
            assert process.poll() is None, process.communicate()[1].decode()
            assert time.monotonic() < until, "nothing was mounted"
            time.sleep(0.02)
        yield Mounted(directory, process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()
        subprocess.run(["umount", "-l", directory], check=False, capture_output=True)
