"""The directories of a report, walked at the terminal as with ncdu: by size, time or files, one directory at a time.

`Walk` is what is shown and what a key does, and knows no terminal; `browse` draws it with curses.
"""

import curses
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pyactivity.ending import Meanwhile
from pyactivity.errors import EnvironmentFailed
from pyactivity.model import NO_PARENT, Files
from pyactivity.moments import moment_text
from pyactivity.totals import FILES, SIZE, TIME, Sums
from pyactivity.words import count, display, humane_bytes

_BAR = 10  # characters
_KEYS = "arrows move, Enter opens, Left goes back, s size, t time, f files, q ends"
_LEAST_LINES, _LEAST_COLUMNS = 4, 20


@dataclass(frozen=True, slots=True)
class Row:
    """A directory, or the files directly in the one that is shown.

    directory  its index in `Files`, NO_PARENT for the files directly in here
    """

    directory: int
    name: bytes
    files: int
    size_bytes: int
    newest_ns: int


_ORDERS: dict[str, Callable[[Row], tuple[int, bytes]]] = {
    SIZE: lambda row: (-row.size_bytes, row.name),
    TIME: lambda row: (-row.newest_ns, row.name),
    FILES: lambda row: (-row.files, row.name),
}


@dataclass(slots=True)
class Walk:
    """Where somebody is in a tree of directories.

    here   the directory that is shown, NO_PARENT for the list of the DIRs where there are several
    order  SIZE, TIME or FILES
    place  which of the rows is pointed at
    """

    files: Files
    sums: Sums
    now_ns: int
    order: str = SIZE
    here: int = NO_PARENT
    place: int = 0
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        tops = self._inner(NO_PARENT)
        self._show(tops[0].directory if len(tops) == 1 else NO_PARENT)

    def title(self, width: int) -> str:
        """The directory that is shown, and what lies in and below it; of a long path the end."""
        files, size_bytes = sum(row.files for row in self.rows), sum(row.size_bytes for row in self.rows)
        where = display(self.files.directories[self.here]) if self.here != NO_PARENT else "all"
        told = f": {count(files, 'file')}, {humane_bytes(size_bytes)}, by {self.order}"
        room = max(8, width - len(told))
        return f"{where if len(where) <= room else '...' + where[3 - room :]}{told}"[:width]

    def sort(self, order: str) -> None:
        """Show the rows in another order; the one pointed at stays so."""
        at = self.rows[self.place] if self.rows else None
        self.order = order
        self.rows.sort(key=_ORDERS[order])
        self.place = self.rows.index(at) if at else 0

    def move(self, steps: int) -> None:
        """Point at a row further down, or up for negative steps."""
        self.place = max(0, min(len(self.rows) - 1, self.place + steps))

    def enter(self) -> None:
        """Show the directory pointed at."""
        if self.rows and (inner := self.rows[self.place].directory) != NO_PARENT:
            self._show(inner)

    def leave(self) -> None:
        """Show the directory above, and point at the one left."""
        below = self.here
        if below == NO_PARENT:
            return
        above = int(self.files.parents[below])
        if above == NO_PARENT and len(self._inner(NO_PARENT)) == 1:
            return
        self._show(above)
        self.place = next(number for number, row in enumerate(self.rows) if row.directory == below)

    def lines(self, height: int, width: int) -> Iterator[tuple[str, bool]]:
        """At most `height` rows around the one pointed at, cut to `width`, and whether it is that one."""
        first = max(0, min(self.place - height // 2, len(self.rows) - height))
        most = max((self._measure(row) for row in self.rows), default=0)
        for number, row in enumerate(self.rows[first : first + height], first):
            filled = round(_BAR * self._measure(row) / most) if most > 0 else 0
            bar = f"[{'#' * filled}{' ' * (_BAR - filled)}] " if width >= 70 else ""
            when = f"  {moment_text(row.newest_ns, self.now_ns):<18}" if width >= 60 else ""
            name = display(row.name) + ("/" if row.directory != NO_PARENT else "")
            yield f"{humane_bytes(row.size_bytes):>10} {row.files:>9,}{when}  {bar}{name}"[:width], number == self.place

    def _measure(self, row: Row) -> int:
        """What the bar tells; of a time, that it is the newest."""
        if self.order == TIME:
            return int(row.newest_ns == max(other.newest_ns for other in self.rows))
        return row.size_bytes if self.order == SIZE else row.files

    def _show(self, directory: int) -> None:
        self.here, self.place = directory, 0
        self.rows = self._inner(directory)
        if directory in self.sums.directly:
            files, size_bytes, newest_ns = self.sums.directly[directory]
            self.rows.append(Row(NO_PARENT, b"(files in here)", files, size_bytes, newest_ns))
        self.sort(self.order)
        self.place = 0

    def _inner(self, directory: int) -> list[Row]:
        above = self.files.directories[directory] if directory != NO_PARENT else b""
        rows = []
        for inner in self.sums.inner(directory):
            path = self.files.directories[inner]
            rows.append(Row(inner, os.path.relpath(path, above) if above else path, *self.sums.held(inner)))
        return rows


def browse(walk: Walk) -> None:
    """Show a tree until somebody has seen enough. Raises EnvironmentFailed where there is no terminal to do so."""
    if not (sys.stdin and sys.stdout and sys.stdin.isatty() and sys.stdout.isatty()):
        raise EnvironmentFailed("--browse needs a terminal; --tree prints the same for pipes")
    try:
        with Meanwhile(curses.endwin):
            curses.wrapper(_run, walk)
    except curses.error as error:
        raise EnvironmentFailed(f"this terminal cannot be drawn on: {error}; --tree prints the same") from error


def _run(screen: "curses.window", walk: Walk) -> None:
    if curses.has_colors():
        curses.use_default_colors()
    if curses.tigetstr("civis"):
        curses.curs_set(0)
    page = 1
    keys: dict[int, Callable[[], None]] = {
        **dict.fromkeys((curses.KEY_DOWN, ord("j")), lambda: walk.move(1)),
        **dict.fromkeys((curses.KEY_UP, ord("k")), lambda: walk.move(-1)),
        curses.KEY_NPAGE: lambda: walk.move(page),
        curses.KEY_PPAGE: lambda: walk.move(-page),
        **dict.fromkeys((curses.KEY_HOME, ord("g")), lambda: walk.move(-len(walk.rows))),
        **dict.fromkeys((curses.KEY_END, ord("G")), lambda: walk.move(len(walk.rows))),
        **dict.fromkeys((curses.KEY_RIGHT, curses.KEY_ENTER, ord("\n"), ord("\r"), ord("l")), walk.enter),
        **dict.fromkeys((curses.KEY_LEFT, curses.KEY_BACKSPACE, 127, 8, ord("h")), walk.leave),
        ord("s"): lambda: walk.sort(SIZE),
        ord("t"): lambda: walk.sort(TIME),
        ord("f"): lambda: walk.sort(FILES),
        12: lambda: screen.clearok(True),  # Ctrl-L, where something else has written on the screen
    }
    while True:
        page = max(1, _paint(screen, walk))
        key = screen.getch()
        if key in (ord("q"), 27, -1):
            return
        if act := keys.get(key):
            act()


def _paint(screen: "curses.window", walk: Walk) -> int:
    """Draw all, and return how many rows there is room for."""
    screen.erase()
    height, width = screen.getmaxyx()
    if height < _LEAST_LINES or width < _LEAST_COLUMNS:
        return 1
    width -= 1  # the last column of the last line cannot be written
    _put(screen, 0, walk.title(width), curses.A_BOLD)
    for number, (line, pointed) in enumerate(walk.lines(height - 2, width), 1):
        _put(screen, number, f"{line:<{width}}" if pointed else line, curses.A_REVERSE if pointed else curses.A_NORMAL)
    _put(screen, height - 1, _KEYS[:width], curses.A_DIM)
    screen.refresh()
    return height - 2


def _put(screen: "curses.window", line: int, text: str, look: int) -> None:
    # Wide characters may not fit where as many narrow ones do.
    try:
        screen.addstr(line, 0, text, look)
    except (curses.error, UnicodeEncodeError):
        screen.addnstr(line, 0, text.encode("ascii", "replace").decode(), screen.getmaxyx()[1] - 1, look)
