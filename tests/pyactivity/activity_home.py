"""A home as a person has it, with activities planted in it."""

import os
from datetime import datetime
from pathlib import Path

SECOND = 10**9


def moment(text: str) -> int:
    """Nanoseconds of a date and time in UTC."""
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * SECOND


NOW = moment("2026-11-25 18:00")


class Home:
    """Files are planted with their times; hand work has nanoseconds, packages have not."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, name: str, time_ns: int, size: int = 100) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
        os.utime(path, ns=(time_ns, time_ns))

    def session(self, names: list[str], begin: str, step_s: int, size: int = 100) -> None:
        """Files saved one after the other."""
        for number, name in enumerate(names):
            self.put(name, moment(begin) + number * step_s * SECOND + 123_456_789 + number, size)


def plant_home(root: Path) -> Home:
    """Three work sessions, a photo import, an unpacked archive and a package install, with noise between."""
    home = Home(root)
    home.session([f"docs/thesis/ch{n}.tex" for n in range(6)] + ["docs/thesis/main.pdf"], "2026-11-25 14:00", 600, 5000)
    # While the third session went on, a package was installed: with its own times, and with those of now.
    home.session([f"src/app/mod{n}.py" for n in range(5)] + ["notes/todo.md"], "2026-11-23 09:00", 900)
    installed = moment("2026-11-23 09:40")
    for number in range(400):
        home.put(f"src/app/node_modules/p{number % 20}/f{number}.js", installed + number * SECOND // 500 + 7)
    # Five seconds a photo, as a card reader copies them; the camera's clock knows whole seconds.
    for number in range(120):
        home.put(f"photos/2026/berlin/img{number:03}.jpg", moment("2026-11-15 20:00") + number * 5 * SECOND, 20_000)
    home.session([f"letters/{n}.odt" for n in range(4)], "2026-09-02 10:00", 1200)
    # Unpacked: a release of years ago, as its makers dated it, over seven weeks.
    for number in range(300):
        place = f"src/lib-1.0/part{number % 7}/f{number}.c"
        home.put(place, moment("2021-03-01 08:00") + number * 3 * 3600 * SECOND)
    home.put("docs/from-a-dead-clock.txt", moment("1970-01-01 00:00"))
    home.put("docs/from-tomorrow.txt", moment("2031-01-01 12:00"))
    home.put(".cache/thumbs/x.png", moment("2026-11-25 14:05"))
    home.put("src/app/__pycache__/mod0.pyc", moment("2026-11-25 14:05"))
    return home
