"""Speed of the erasure code by each engine that this Python has, and beside another checkout.

`python -m benchmarks.engines [OTHER] [--runs N] [--cores 1,2]` encodes a group of 48,828 shards of 2 KiB with 10 %, of
which a volume of 300 MB has three, by one process a core, each with its part of the columns, as `protect` does. It
prints MB a second of CPU time, of wall time (best of the runs), for each number of cores. Runs are by turns. It exits
1 where bytes differ, or where NumPy's engine has less than 1.7 times the 95 MB/s that it had on one core.
"""

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.tables import aligned

_HERE: Final = Path(__file__).parents[1]
_LEAST: Final = 1.7 * 95
_DATA, _PARITY, _SECTOR = 48_828, 4_883, 2_048
_ENGINES: Final = ("NumpyEngine", "LeopardEngine")
_HEAD: Final = ("checkout", "engine", "processes", "MB/s of CPU", "MB/s of wall", "SHA-256")

_CODE: Final = """
import hashlib, multiprocessing, sys, time
import numpy as np
from pybackup.codes import codec
name, processes, data, parity, sector = sys.argv[1], *map(int, sys.argv[2:])
try:
    engine = getattr(codec, name)()
except ImportError:
    sys.exit(3)
piece = np.random.default_rng(1).integers(0, 256, 1021 * sector, dtype=np.uint8).tobytes()
width = sector // processes
def work(first):
    pieces = (piece[: min(1021, data - at) * sector] for at in range(0, data, 1021))
    before = time.process_time()
    found = engine.encode_pieces(pieces, data, parity, sector, slice(first, first + width))
    return time.process_time() - before, found.tobytes()
engine.encode(np.ones((300, 64), np.uint8), 30)
with multiprocessing.get_context("fork").Pool(processes) as pool:
    pool.map(abs, range(processes))
    start = time.perf_counter()
    done = pool.map(work, range(0, sector, width), 1)
    wall = time.perf_counter() - start
columns = [np.frombuffer(each, np.uint8).reshape(parity, -1) for _, each in done]
digest = hashlib.sha256(np.concatenate(columns, axis=1).tobytes()).hexdigest()
print(sum(cpu for cpu, _ in done), wall, digest)
"""


def encode(checkout: Path, engine: str, processes: int) -> tuple[float, float, str] | None:
    """Return CPU and wall seconds of a group, and the hash of its parity; None where there is no such engine."""
    command = [sys.executable, "-c", _CODE, engine, *map(str, (processes, _DATA, _PARITY, _SECTOR))]
    said = subprocess.run(
        command, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(checkout)}, text=True
    )
    if said.returncode == 3:
        return None
    if said.returncode:
        raise SystemExit(said.stderr)
    cpu, wall, digest = said.stdout.split()
    return float(cpu), float(wall), digest


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.engines", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("other", nargs="?", type=Path, help="another checkout")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cores", default="1,2")
    options = parser.parse_args(arguments)
    checkouts = [_HERE, *([options.other.resolve()] if options.other else [])]
    found: dict[tuple[Path, str, int], list[tuple[float, float, str]]] = {}
    for _ in range(options.runs):
        for processes in map(int, options.cores.split(",")):
            for engine in _ENGINES:
                for checkout in checkouts:
                    if (run := encode(checkout, engine, processes)) is not None:
                        found.setdefault((checkout, engine, processes), []).append(run)
    size = _DATA * _SECTOR / 1e6
    rows = [_HEAD]
    best = 0.0
    for (checkout, engine, processes), runs in found.items():
        # With all processes at work and no others: what each core does in a second of its time, times the cores.
        of_cpu = size / min(cpu for cpu, _, _ in runs) * processes
        of_wall = size / min(wall for _, wall, _ in runs)
        if (checkout, engine) == (_HERE, _ENGINES[0]):
            best = max(best, of_cpu)
        rows.append((checkout.name, engine, str(processes), f"{of_cpu:.0f}", f"{of_wall:.0f}", runs[0][2][:12]))
    print(f"CPython {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    print("\n".join(aligned(rows)))
    same = len({run[2] for runs in found.values() for run in runs}) == 1
    print("PASS" if same else "FAIL", "the same bytes of all")
    print("PASS" if best >= _LEAST else "FAIL", f"NumPy's engine {best:.0f} MB/s, required {_LEAST:.0f}")
    return 0 if same and best >= _LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
