"""Names and directories such as a home directory has."""

from collections.abc import Sequence

import numpy as np

_DISTINCT = "{stem}{count}{suffix}"
_DEEPEST = 6


class Namer:
    """Gives names that look real and never repeat within a directory."""

    def __init__(self, words: Sequence[bytes], rng: np.random.Generator) -> None:
        self._words = [word.decode() for word in words]
        self._rng = rng
        self._taken: set[str] = set()

    def directories(self, top: str, count: int) -> list[str]:
        """`count` nested directories beneath `top`, which is the first; `""` is the root of the corpus."""
        found = [top]
        while len(found) < count:
            parent = found[int(self._rng.random() ** 1.5 * len(found))]
            if parent.count("/") < _DEEPEST:
                found.append(self._distinct(parent, self._word(), ""))
        return found

    def file(self, directory: str, suffix: str) -> str:
        """A new file's path in `directory`."""
        return self._distinct(directory, self._stem(suffix), suffix)

    def _stem(self, suffix: str) -> str:
        rng, word = self._rng, self._word
        match suffix:
            case ".jpg" | ".mp4":
                day = f"20{rng.integers(10, 25)}{rng.integers(1, 13):02}{rng.integers(1, 29):02}"
                return f"{'IMG' if suffix == '.jpg' else 'VID'}_{day}_{rng.integers(0, 240_000):06}"
            case ".mp3":
                return f"{rng.integers(1, 20):02} - {word().title()} {word()}"
            case ".docx" | ".txt" | ".md" | ".csv":
                return self._document()
            case ".so":
                return f"lib{word()}"
            case ".log":
                return f"{word()}.{rng.integers(1, 10)}"
            case ".js":
                return f"{word()}{word().title()}"
            case _:
                return word() if rng.random() < 0.5 else f"{word()}_{word()}"

    def _document(self) -> str:
        """A few in a hundred hold letters beyond ASCII, a third hold spaces."""
        chance = self._rng.random()
        if chance < 0.03:
            return f"Résumé {self._word()} été"
        if chance < 0.35:
            return f"{self._word().title()} {self._word()} {self._rng.integers(2010, 2025)}"
        return f"{self._word()}-{self._word()}" if chance < 0.7 else self._word().upper()

    def _word(self) -> str:
        return self._words[int(self._rng.random() ** 2 * len(self._words))]

    def _distinct(self, directory: str, stem: str, suffix: str) -> str:
        prefix = f"{directory}/" if directory else ""
        path, count = f"{prefix}{stem}{suffix}", 1
        while path in self._taken:
            count += 1
            path = prefix + _DISTINCT.format(stem=stem, count=count, suffix=suffix)
        self._taken.add(path)
        return path
