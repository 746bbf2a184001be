"""Seeded text that compresses like real small files: source, configuration, documents, tables and logs.

A kind of text is a list of line templates. A file draws lines by Zipf's law and fills their slots: `~w` a word of the
file's own small vocabulary (`~W` capitalised), `~g` a word of the language (`~G` capitalised), `~n` a number, `~h`
eight hexadecimal digits, `~d` a date, `~m` a message and `~p` a place of the few that programs log, `~D` and `~t` a
date and a time that only move forward.
"""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]

SLOTS = "gGnhdmpDtwW"
_SLOT = re.compile(rb"~([gGnhdmpDtwW])")
_VOCABULARY = 8_000
_TABLE = 1 << 16
_DAY_SECONDS = 86_400
_DAYS = 13 * 12 * 28
_LINES_AT_ONCE = 1 << 14
_ONSETS = [*"bcdfghlmnprstvw", "st", "tr", "pl", "ch", "sh", "gr", "fl", "qu", "br"]
_VOWELS = [*"aeiou", "ea", "ou", "ai", "io"]
_CODAS = ["", "", "", *"nrstlmd", "st", "ng", "ck", "nt", "x"]


@dataclass(frozen=True)
class Kind:
    """A kind of text: the suffix its files carry, and its lines, the most frequent first."""

    suffix: str
    lines: tuple[str, ...]

    @cached_property
    def formats(self) -> list[bytes]:
        """Each line as a `bytes` format with one `%b` per slot."""
        return [_SLOT.sub(b"%b", line.encode().replace(b"%", b"%%")) + b"\n" for line in self.lines]

    @cached_property
    def slots(self) -> list[Ids]:
        """Each line's slots, as indices into `SLOTS`."""
        found = [_SLOT.findall(line.encode()) for line in self.lines]
        return [np.array([SLOTS.index(slot.decode()) for slot in slots], dtype=np.int64) for slots in found]

    @cached_property
    def draw(self) -> Ids:
        """Line numbers, so repeated that a uniform pick follows Zipf's law with a gentle slope."""
        return inverse(zipf(len(self.lines), slope=0.3), 1 << 10)


def zipf(count: int, *, slope: float) -> npt.NDArray[np.float64]:
    """The probabilities of `count` ranks that fall off as rank ** -slope."""
    weights = np.arange(1, count + 1, dtype=np.float64) ** -slope
    shares: npt.NDArray[np.float64] = weights / weights.sum()
    return shares


def inverse(probabilities: npt.NDArray[np.float64], size: int) -> Ids:
    """The inverse distribution as a table: a uniform pick of its `size` entries follows `probabilities`."""
    steps = (np.arange(size) + 0.5) / size
    ids = np.searchsorted(np.cumsum(probabilities), steps)
    return np.minimum(ids, len(probabilities) - 1).astype(np.int64)


class Author:
    """Writes texts of any kind and size; the same generator state gives the same bytes."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.words = _words(rng)
        days = [b"20%02d-%02d-%02d" % (y, m, d) for y in range(12, 25) for m in range(1, 13) for d in range(1, 29)]
        groups = (  # of each slot: what may fill it, and how steeply its frequency falls
            (self.words, 0.8),
            ([word.capitalize() for word in self.words], 0.8),
            ([b"%d" % number for number in np.exp(rng.random(4_096) * 9).astype(np.int64)], 0.6),
            ([b"%08x" % number for number in rng.integers(0, 1 << 32, _TABLE)], 0.0),
            (days, 0.3),
            (self._joined(b" ", 1_000, longest=8), 0.9),
            (self._joined(b"/", 600, longest=4), 0.9),
            (days, 0.0),
            ([b"%02d:%02d:%02d" % (s // 3600, s // 60 % 60, s % 60) for s in range(_DAY_SECONDS)], 0.0),
        )
        starts = np.cumsum([0, *(len(group) for group, _ in groups)])
        self._first_day, self._first_second = int(starts[7]), int(starts[8])
        self._pool = [word for group, _ in groups for word in group]
        tables = [
            inverse(zipf(len(group), slope=slope), _TABLE) + start
            for (group, slope), start in zip(groups, starts.tolist(), strict=False)
        ]
        self._tables = np.stack([*tables, tables[0], tables[1]])

    def write(self, kind: Kind, size_bytes: int) -> bytes:
        """One file's text of exactly `size_bytes` bytes."""
        local = self._tables[0][self._rng.integers(0, _TABLE, min(56 + size_bytes // 100, 3_000))]
        clock = int(self._rng.integers(0, 4_000 * _DAY_SECONDS))
        pieces: list[bytes] = []
        missing = size_bytes
        while missing > 0:
            count = min(missing // 24 + 2, _LINES_AT_ONCE)
            piece, clock = self._lines(kind, count, local, clock)
            pieces.append(piece[:missing])
            missing -= len(pieces[-1])
        return b"".join(pieces)

    def _lines(self, kind: Kind, count: int, local: Ids, clock: int) -> tuple[bytes, int]:
        drawn = kind.draw[self._rng.integers(0, len(kind.draw), count)].tolist()
        slots = np.concatenate([kind.slots[line] for line in drawn])
        chance = self._rng.random(len(slots))
        ids = self._tables[slots, (chance * _TABLE).astype(np.int64)]
        own = slots >= SLOTS.index("w")
        capital = (slots[own] == SLOTS.index("W")) * _VOCABULARY
        ids[own] = local[(chance[own] ** 1.25 * len(local)).astype(np.int64)] + capital
        times, dates = slots == SLOTS.index("t"), slots == SLOTS.index("D")
        seconds = clock + np.cumsum(times * (chance**3 * 2)).astype(np.int64)
        ids[times] = self._first_second + seconds[times] % _DAY_SECONDS
        ids[dates] = self._first_day + seconds[dates] // _DAY_SECONDS % _DAYS
        text = b"".join([kind.formats[line] for line in drawn]) % tuple(map(self._pool.__getitem__, ids.tolist()))
        return text, int(seconds[-1]) if len(seconds) else clock

    def _joined(self, by: bytes, count: int, *, longest: int) -> list[bytes]:
        """Phrases of one to `longest` words."""
        picks = (self._rng.random((count, longest)) ** 2 * _VOCABULARY).astype(np.int64).tolist()
        return [by.join(self.words[word] for word in pick[: 1 + i % longest]) for i, pick in enumerate(picks)]


def _words(rng: np.random.Generator) -> list[bytes]:
    """A vocabulary of distinct pronounceable words, the frequent ones shorter."""
    words: dict[bytes, None] = {}
    while len(words) < _VOCABULARY:
        longest = 1 + min(3, len(words) // 150 + 1)
        picks = rng.integers(0, 1 << 30, (int(rng.integers(1, longest + 1)), 3)).tolist()
        parts = (_ONSETS[a % 24] + _VOWELS[b % 9] + _CODAS[c % 15] for a, b, c in picks)
        words["".join(parts).encode()] = None
    return list(words)


PYTHON = Kind(
    ".py",
    (
        "",
        "        self.~w = ~w",
        "        ~w = self.~w.~w(~w)",
        "        if ~w is None:",
        "            return ~w",
        "    def ~w_~w(self, ~w, ~w=None):",
        "        for ~w in ~w.~w():",
        "            ~w.append(~w[~n])",
        '        """~G ~g ~g the ~g ~g ~g."""',
        "        # ~G ~g ~g, ~g ~g the ~g",
        "        assert ~w == ~n",
        "from ~w.~w import ~W~W",
        "class ~W~W(~W):",
        '            raise ValueError(f"~g ~g ~g: {~w}")',
        "    @property",
        "        with open(~w, 'rb') as ~w:",
    ),
)
C_SOURCE = Kind(
    ".c",
    (
        "",
        "    ~w->~w = ~w;",
        "    if (~w < 0) {",
        "        return -~n;",
        "    }",
        "}",
        "    ~w = ~w_~w(~w, ~w, ~n);",
        "static int ~w_~w(struct ~w *~w, size_t ~w)",
        "{",
        "    /* ~g ~g ~g ~g the ~g */",
        "#include <~w/~w.h>",
        "#define ~W_~W 0x~h",
        "    for (size_t i = 0; i < ~w->~w; i++)",
        '        fprintf(stderr, "~g ~g ~g: %s\\n", ~w);',
    ),
)
SCRIPT = Kind(
    ".js",
    (
        "  const ~w = ~w.~w(~w);",
        "  if (!~w) return ~w.~w;",
        "",
        "export function ~w~W(~w, ~w) {",
        "  return { ~w, ~w: ~n };",
        "}",
        "import { ~w } from '../~w/~w';",
        "  // ~G ~g ~g ~g ~g",
        "  this.~w = await ~w(`/~w/${~w}`);",
    ),
)
INI = Kind(
    ".conf", ("~w_~w = ~n", "~w.~w = ~g", "# ~G ~g ~g ~g the ~g ~g", "", "[~w]", "~w = /~w/~g/~w", "~w = true", "~w=~h")
)
JSON = Kind(
    ".json",
    (
        '    "~w": "~g ~g",',
        '    "~w": ~n,',
        '    "~w": true,',
        '  "~w": {',
        "  },",
        '    "~w": "^~n.~n.0",',
        '    "id": "~h~h",',
    ),
)
YAML = Kind(".yaml", ("  ~w: ~n", "    - ~w: ~g", "  ~w: '~g/~w'", "~w:", "    # ~g ~g ~g", "  ~w_~w: ~h", ""))
XML = Kind(
    ".xml",
    (
        "    <~w>~g ~g</~w>",
        '    <~w name="~w" value="~n"/>',
        "  </~w>",
        '  <~w id="~h">',
        "    <!-- ~g ~g ~g -->",
    ),
)
MARKDOWN = Kind(
    ".md",
    (
        "~G ~g ~g the ~g ~g ~w, ~g ~g and ~g ~g in ~g.",
        "- ~w: ~g ~g ~g",
        "",
        "~g ~g of ~g ~g ~w; ~g ~g ~g to the ~g ~g ~g ~g.",
        "## ~G ~g",
        "    ~w --~w ~n ~w",
        "See [~w](https://~g.org/~w/~w).",
    ),
)
PLAIN = Kind(
    ".txt",
    (
        "~g ~g the ~g ~g ~g ~w ~g of ~g ~g, ~g ~g and",
        "~g the ~g. ~G ~g ~g ~g ~g ~w in ~g ~g",
        "~g ~g ~g to ~g the ~w ~g; ~g ~g ~g.",
        "",
        "~G ~g, ~d: ~g ~g is ~n ~g.",
    ),
)
CSV = Kind(".csv", ("~d,~n,~n.~n,~w,~w,0", "~d,~n,~n.~n,~w,~w,1", "~d,~n,,~w,~w,~n"))
LOG = Kind(
    ".log",
    (
        "~D ~t INFO  [~p] ~m id=~h in ~n ms",
        '10.0.0.~n - - [~t +0000] "GET /~p?~w=~n HTTP/1.1" 200 ~n "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        "~D ~t DEBUG [~p] ~m: ~w=~n",
        "~D ~t INFO  [~p] ~m",
        "~D ~t WARN  [~p] ~m after ~n retries",
        "    at org.~p(~m.java:~n)",
    ),
)

SMALL_KINDS = (PYTHON, C_SOURCE, SCRIPT, INI, JSON, YAML, XML, MARKDOWN, PLAIN, CSV)
SOURCE_KINDS = (PYTHON, C_SOURCE, SCRIPT)
CONFIG_KINDS = (INI, JSON, YAML, XML)
DOCUMENT_KINDS = (MARKDOWN, PLAIN, XML)
