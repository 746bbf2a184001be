"""The options for what is archived, which several verbs share."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

from pybackup.errors import UsageError

from . import Option, Path, values
from .shared import Monitored

if TYPE_CHECKING:
    from pybackup.model.source import Source
    from pybackup.monitor import Monitor
    from pybackup.selection.chosen import Chosen
    from pybackup.selection.rules import Rules

GROUP = "selection"


@dataclass(frozen=True, kw_only=True)
class Selection(Monitored):
    """The options that leave out files of the sources, and name further sources."""

    exclude: Annotated[
        Iterable[str], Option("leave out, by the rules of .gitignore", "PATTERN", group=GROUP, many=True)
    ] = ()
    exclude_from: Annotated[
        Iterable[Path], Option("patterns from a file, one per line", "FILE", values.path, group=GROUP, many=True)
    ] = ()
    exclude_dir: Annotated[
        Iterable[str | bytes], Option("leave out directories of this name", "NAME", group=GROUP, many=True)
    ] = ()
    exclude_caches: Annotated[bool, Option("leave out the content of directories with a CACHEDIR.TAG", group=GROUP)] = (
        False
    )
    skip_junk: Annotated[
        bool, Option("leave out files that programs create anyway: Thumbs.db, .DS_Store, *.pyc, ...", group=GROUP)
    ] = False
    since: Annotated[
        int | str | None,
        Option(
            "only files modified since: 2026-01-31, '2026-01-31 18:30', '2 weeks ago', yesterday, @SECONDS",
            "DATE",
            values.since,
            group=GROUP,
        ),
    ] = None
    files_from: Annotated[
        Path | BinaryIO | None,
        Option(
            "also archive the paths in FILE, one per line, stored under their whole paths; - is standard input",
            "FILE",
            values.path,
            group=GROUP,
        ),
    ] = None
    null: Annotated[bool, Option("the paths in that list end in NUL bytes instead of newlines", group=GROUP)] = False
    select: Annotated[
        Path | BinaryIO | None,
        Option(
            "also archive what a selection file of pyactivity chooses, stored under the base name of its root; - is "
            "standard input",
            "FILE",
            values.path,
            group=GROUP,
        ),
    ] = None

    def rules(self) -> "Rules":
        """Return the rules for which files to leave out."""
        from pybackup.selection.rules import Rules

        return Rules(
            exclude=values.several(self.exclude, "patterns"),
            exclude_from=values.paths(self.exclude_from),
            exclude_dir=values.several(self.exclude_dir, "names of directories"),
            exclude_caches=self.exclude_caches,
            skip_junk=self.skip_junk,
            since_ns=values.maybe(self.since, values.since),
        )

    def gather(self, named: Path | Iterable[Path], monitor: "Monitor") -> "list[Source]":
        """Return the sources to archive: those named, those listed in a file, and those selected.

        Raises
        ------
        UsageError
            There are no sources, or the list or selection cannot be read.
        """
        from pybackup.selection.filelist import named_source, sources_from_list
        from pybackup.selection.resolve import sources_from_selection

        if self.null and self.files_from is None:
            raise UsageError("has no effect, as no list of paths is given", option="null")
        paths = values.paths(named)
        for path in paths:
            _tell_of_link(path, monitor)
        sources = [named_source(path) for path in paths]
        if self.files_from is not None:
            sources += sources_from_list(_read_list(self.files_from, self.null))
        if self.select is not None:
            sources += sources_from_selection(_read_selection(self.select), monitor=monitor)
        if not sources:
            option = "select" if self.select is not None else "files_from" if self.files_from is not None else ""
            hint = "chooses no existing file" if option == "select" else "lists nothing"
            raise UsageError("nothing to archive: no source is named", option=option, hint=hint)
        return sources


def _read_list(given: Path | BinaryIO, null: bool) -> list[bytes]:
    from pybackup.selection.filelist import read_list

    with _opened(given, "files_from") as stream:
        return read_list(stream, null)


def _read_selection(given: Path | BinaryIO) -> "Chosen":
    from pybackup.selection.chosen import read_selection

    with _opened(given, "select") as stream:
        return read_selection(stream)


@contextmanager
def _opened(given: Path | BinaryIO, option: str) -> Iterator[BinaryIO]:
    """Open a file, or use a stream as it is; errors in reading name the file."""
    is_path = isinstance(given, str | bytes | os.PathLike)
    name = os.fsdecode(cast(Path, given)) if is_path else getattr(given, "name", "")
    try:
        with open(values.path(cast(Path, given)), "rb") if is_path else nullcontext(cast(BinaryIO, given)) as stream:
            yield stream
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}", option=option) from error
    except UsageError as error:
        raise UsageError(f"{name}: {error}", option=option) from error


def _tell_of_link(source: bytes, monitor: "Monitor") -> None:
    try:
        is_link = stat.S_ISLNK(os.lstat(source).st_mode)
    except OSError:
        return
    if is_link and os.path.isdir(source):
        name = os.fsdecode(source)
        monitor.note(f"{name} is a symbolic link and archived as such; to archive what it points to, name {name}/")
