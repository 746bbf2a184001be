"""What the help of the two commands says below their options, and how it is fitted to a terminal."""

import argparse
import textwrap
from itertools import groupby

STATUSES = """\
exit status: 0 fine, 1 something could not be read (named on stderr, the rest is shown), 2 wrong usage,
5 the environment failed (results could not be written, or pybackup is missing for --against), 130 interrupted
"""

REPORT = """\
Files are grouped with those modified shortly before or after them; groups come newest first, numbered from 1, the
files of a group oldest first. What came in bulk (unpacked, checked out, installed: hundreds of files within a second,
or with the times of a package) is told apart from what was done by hand, and what keeps arriving by itself, evenly
(mail, podcasts, logs), has a group of its own for each place, after the activities (--no-streams). Times later than
now, and times within a day of 1970, which stand for none, have groups of their own. --since and --until choose files,
before they are grouped; a day without a time means all of it.

What has more than 20 groups is told as an overview on one screen: what was worked on, by the files that were made,
halved for every month of age; what arrives by itself; what came in bulk; what is large and new; with --against, what
is in no archive.

Caches and what systems make again are left out, and said, unless --keep-junk is given.

With --against a file counts as archived where pybackup list names one of its size, its time (a file
system may have cut it, by 2 s on FAT) and its path's end. That the archive is whole, pybackup verify tells.

examples:
  pyactivity ~                                    what was going on, newest first
  pyactivity --since '2 weeks ago' --tree ~       where
  pyactivity --browse ~                           walk through it, by size, time or files
  pyactivity --largest 20 --since 2026-01-01 ~    what takes the room
  pyactivity --against /media/cd/docs.xtar ~/docs what would be lost today
  pyactivity ~ --html report.html                 the same as a page: look, select, save the selection
  pyactivity select ~/docs --activity 1,3-5 -o chosen.jsonl
  pyactivity --limit 1 --null ~/docs | pybackup create --files-from - --null -o last.xtar

--json: of each group "group" (activity, stream, future or epoch), "number", "by", "from" and "to" (local, ISO 8601),
"from_ns" and "to_ns", "files", "bytes" (those of hard links once), "directories" (each with "path", "files", "bytes",
"bulk"), "elsewhere", "in_bulk", "kinds", "largest", of a stream "place" and "pattern", with --against "archived", with
--explain "why", with --names "names", with --overview "section"; of each file of --newest and --largest "path",
"bytes", "time", "time_ns", "by"; of each directory of --tree "path", "depth", "files", "bytes", "newest", "newest_ns",
"hidden" (how many below it are too small to be told). --null: of --tree its directories, of all else the files.
JSON names: {"text": "..."} where the name is UTF-8, {"bytes": "..."} in base64 where it is not. Without --json
or --null, names are shown with what is not printable as backslash escapes. A directory called select is ./select.
FILE may be -, standard output.

"""

SELECT = """\
Chooses whole activities, numbered as the report numbers them for the same DIRs, --radius, --since and the like, and
writes them as a selection: a list of files with their sizes and times. pybackup create --select takes it, and tells
what changed since.

--max-size counts the bytes of the files: leave room for the parity of an archive (10 % unless told otherwise) and
about 1 KiB a file. Activities that no longer fit are left out, and the newest of these named.

examples:
  pyactivity select ~/docs --activity 1,3-5 -o chosen.jsonl
  pyactivity select ~ --since '2 weeks ago' --path 'docs/**' --path '!*.tmp' --max-size 600M -o chosen.jsonl
  pyactivity select ~/docs --against full.xtar | pybackup create --select - -o new.xtar

"""


class Help(argparse.RawDescriptionHelpFormatter):
    """Keeps paragraphs as they are where there is room, and wraps them where there is none."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        if self._width < 60:  # columns: no room for two of them
            super().__init__(prog, max_help_position=8)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fitted: list[str] = []
        # An example stands alone; all else goes on in the next line.
        for prose, found in groupby(text.splitlines(), key=lambda line: line[:1].strip() != ""):
            lines = list(found)
            if max(map(len, lines)) <= width:
                fitted += lines
                continue
            for line in [" ".join(lines)] if prose else lines:
                fitted += _wrapped(line, width, "" if prose else " " * 6)
        return "\n".join(indent + line for line in fitted)


def _wrapped(line: str, width: int, indent: str) -> list[str]:
    wrapper = textwrap.TextWrapper(width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(line) or [""]
