"""What no archive without parity can beat: each file's zlib stream, nothing else, and a perfect memory of where.

`python -m benchmarks.bound make TREE STREAMS INDEX` and `python -m benchmarks.bound take STREAMS INDEX DIR`: only the
streams are put on the medium, the index never gets damaged, and a file is lost only when its own stream was hit.
"""

import json
import os
import sys
import zlib
from pathlib import Path

from benchmarks import trees


def make(tree: Path, streams: Path, index: Path) -> None:
    """Write the files of `tree`, ordered by path, as streams one behind the other."""
    places: list[tuple[str, int, int]] = []
    with open(streams, "wb") as out:
        for path, entry in sorted(trees.walk(tree), key=lambda item: item[0]):
            stream = zlib.compress(Path(entry.path).read_bytes())
            places.append((path, out.tell(), zlib.crc32(stream)))
            out.write(stream)
        size = out.tell()
    index.write_text(json.dumps({"size": size, "places": places}))


def take(streams: Path, index: Path, to: Path) -> bool:
    """Write every file whose stream is whole, where it was or moved by what came in or fell out before; tell if all."""
    data = streams.read_bytes()
    noted = json.loads(index.read_text())
    places, size = noted["places"], noted["size"]
    starts = [start for _, start, _ in places]
    missing = 0
    for (path, start, crc), end in zip(places, [*starts[1:], size], strict=True):
        found = _found(data, {start, start + len(data) - size}, end - start, crc)
        if found is None:
            missing += 1
            continue
        target = to / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(zlib.decompress(found))
    return not missing


def _found(data: bytes, starts: set[int], length: int, crc: int) -> bytes | None:
    """The stream of that length and CRC at one of the starts."""
    for start in starts:
        stream = data[max(start, 0) : max(start, 0) + length]
        if len(stream) == length and zlib.crc32(stream) == crc:
            return stream
    return None


def main() -> int:
    """Make or take, as told."""
    match sys.argv[1:]:
        case ["make", tree, streams, index]:
            make(Path(tree), Path(streams), Path(index))
            return os.EX_OK
        case ["take", streams, index, to]:
            return 0 if take(Path(streams), Path(index), Path(to)) else 1
    print("usage: python -m benchmarks.bound make TREE STREAMS INDEX | take STREAMS INDEX DIR", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
