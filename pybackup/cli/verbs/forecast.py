"""pybackup forecast."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pybackup.errors import FormatError
from pybackup.model.problem import Problem, Trouble
from pybackup.options import values
from pybackup.sector import SECTOR

from ..hanging import asking_what_hangs, hanging_lines, json_hanging
from ..json_form import fields_of, json_line
from ..options import add_talk, argument, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes, percentage

if TYPE_CHECKING:
    from pybackup.check.forecast import Forecast, Step
    from pybackup.jobs.hanging import Hanging
    from pybackup.parity.odds.forecast import Structures

_NAMED = 5
EPILOG = """\
Shows how much damage an intact volume survives, calculated from its layout: only its end and its index are read. FILE
is an archive, or any file with its sidecar FILE.xpar beside it; such a pair is treated as the file followed by the
sidecar, but "start" and "end" mean those of the file. A directory stands for each volume in it. Of an archive of a
chain it is told which earlier archives it needs and, if there is a catalogue, how many files of later ones need it.
'pybackup drill' tests forecasts.

examples:
  pybackup forecast docs.xtar
  pybackup forecast --sweep disc.iso
  pybackup forecast volumes/
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        type=argument(values.path),
        help="an archive, or a file with a sidecar; or a directory of volumes",
    )
    parser.add_argument(
        "--sweep", action="store_true", help="show the chance of restoring everything, per half percent of bad sectors"
    )
    parser.add_argument(
        "--catalogue",
        metavar="URL",
        help="the catalogue that tells what builds on an archive; none: no catalogue (default: $PYBACKUP_CATALOGUE, "
        "the configuration's, else your own if it exists)",
    )
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Print how much damage each volume survives; return the exit status."""
    from pybackup.archive.find import files_of, volumes_in
    from pybackup.check.forecast import forecast

    with talk_of(options, options.files[0]) as talk, asking_what_hangs(options, talk) as what_hangs:
        files = files_of(options.files)
        shown = 0
        for file in files:
            try:
                found = forecast(file)
            except FormatError as error:
                if len(files) == 1:
                    raise
                talk.problem(Problem(file, Trouble.DAMAGED, error.without(file)))
                continue
            hanging = None if found.files is None else what_hangs([*volumes_in(file)])
            _show(found, hanging, options, first=not shown)
            shown += 1
        return conclude(talk)


def _show(found: Forecast, hanging: Hanging | None, options: argparse.Namespace, *, first: bool) -> None:
    steps = list(found.sweep()) if options.sweep else []
    if options.json:
        deliver([_json(found, hanging, steps)])
    else:
        deliver_lines((*([] if first else [""]), *_lines(found, hanging), *_curve(steps)))


def _lines(found: Forecast, hanging: Hanging | None) -> Iterator[str]:
    chain = [] if hanging is None else [*hanging_lines(hanging)]
    named = zip(("chain", *[""] * len(chain)), chain, strict=False)
    for name, value in (*_fields(found), *named):
        yield f"{name + ':':<14}{value}" if name else f"{'':<14}{value}"


def _fields(found: Forecast) -> Iterator[tuple[str, str]]:
    shape, parts = found.geometry, found.structures
    beside = ", the stream in a sidecar" if shape.sidecar else ""
    yield "volume", f"{display(found.path)}: {humane_bytes(shape.volume_bytes)}{beside}"
    groups = f" in {shape.groups:,} groups" if shape.groups > 1 else ""
    parity = f"{shape.parity_sectors:,} of parity{groups}" if shape.groups else "no parity"
    yield (
        "sectors",
        f"{shape.sectors:,} of {SECTOR:,} bytes: {shape.data_sectors:,} of data, {parity}, "
        f"{shape.guard_sectors:,} of checksums",
    )
    if shape.groups:
        yield from _limits(parts)
    else:
        yield "survives", "nothing for certain: no bad sector of data can be rebuilt here, only its damage be seen;"
        yield "", "an archive reads around damage to its own index, and loses the files that were hit"
    yield "weakest", _weakest(parts)
    if found.files is not None:
        yield from _files(found)


def _limits(parts: Structures) -> Iterator[tuple[str, str]]:
    scattering, total = parts.scattering, parts.sectors
    yield "any pattern", f"{_part(scattering.certain, total)}, whichever they are"
    likely, even = scattering.most(0.999), scattering.most(0.5)
    yield (
        "scattered",
        f"{_part(likely, total)} at random: all comes back in 99.9 % of cases; {_part(even, total)}: in half",
    )
    yield "one burst", f"{_part(parts.longest_burst, total)}, wherever it lies"
    yield "lost start", f"{_part(parts.longest_start, total)}"
    cut = f"; truncated by no more than {count(parts.longest_truncation_bytes, 'byte')}, too"
    yield "lost end", f"{_part(parts.longest_end, total)}{cut}"
    yield "both ends", f"{_part(parts.longest_both, total)}, half at each"
    yield "moved", "bytes put in cost the sector they fall into; bytes taken out cost what a burst of them does"


def _part(sectors: int, total: int) -> str:
    return f"{count(sectors, 'sector')} ({percentage(sectors, total)}, {humane_bytes(sectors * SECTOR)})"


def _weakest(parts: Structures) -> str:
    shape, label = parts.geometry, parts.weakest
    size, spare = int(parts.sizes[label]), int(parts.spare[label])
    if parts.is_guard(label):
        words = f"the checksums: any {size - spare:,} of {size:,} guard sectors tell them"
    elif shape.groups:
        which = "the one group of" if shape.groups == 1 else f"the {shape.groups:,} groups of"
        words = f"the parity: {which} {size:,} sectors {'does' if shape.groups == 1 else 'do'} without any {spare:,}"
    else:
        words = "the data: nothing else holds them"
    least = min(range(len(parts.spare)), key=lambda number: int(parts.spare[number]))
    if parts.is_guard(least) and not parts.is_guard(label):
        kept, all_ = int(parts.sizes[least] - parts.spare[least]), int(parts.sizes[least])
        words += f"; the worst pattern hits the checksums, which any {kept:,} of {all_:,} sectors tell"
    return words


def _files(found: Forecast) -> Iterator[tuple[str, str]]:
    files, total = found.files, found.structures.sectors
    if files is None or not files.paths:
        return
    mean = int(files.sectors.sum()) / total
    yield "beyond it", f"each bad sector that is left hits {mean:.2f} of {count(len(files.paths), 'file')} on average"
    yield "hit first", "the largest:"
    for number in files.largest[:_NAMED]:
        yield "", f"  {_part(int(files.sectors[number]), total)}: {display(files.paths[number])}"
    first, left = found.past_burst()
    if first < 0:
        return
    hit = files.hit_by(left)
    length = found.structures.longest_burst + 1
    burst = f"a burst of {count(length, 'sector')} from sector {first:,} on"
    yield "worst burst", f"{burst} leaves {count(len(left), 'bad one')} and hits {count(len(hit), 'file')}"
    sizes = files.sectors
    yield from (("", f"  {display(files.paths[row])}") for row in sorted(hit, key=lambda row: -sizes[row])[:_NAMED])
    if len(hit) > _NAMED:
        yield "", f"  and {len(hit) - _NAMED:,} more"


def _curve(steps: list[Step]) -> Iterator[str]:
    if not steps:
        return
    with_files = steps[0].files is not None
    yield ""
    yield f"{'bad':>7}  {'sectors':>12}  {'all back':>9}" + ("  files whole without parity" if with_files else "")
    for step in steps:
        files = "" if step.files is None else f"  {100 * step.files:>9.3f} %"
        yield f"{100 * step.fraction:>5.1f} %  {step.lost:>12,}  {100 * step.chance:>7.3f} %{files}"


def _json(found: Forecast, hanging: Hanging | None, steps: list[Step]) -> bytes:
    shape, parts = found.geometry, found.structures
    fields: dict[str, Any] = {
        "file": found.path,
        **fields_of(shape, "sidecar", "volume_bytes", "sectors", "data_sectors", "parity_sectors"),
        **fields_of(shape, "guard_sectors", "groups"),
        "survives_sectors": {
            "any_pattern": parts.scattering.certain,
            "scattered_999": parts.scattering.most(0.999),
            "scattered_500": parts.scattering.most(0.5),
            "burst": parts.longest_burst,
            "start": parts.longest_start,
            "end": parts.longest_end,
            "both_ends": parts.longest_both,
        },
        "survives_truncation_bytes": parts.longest_truncation_bytes,
        "weakest": _weakest(parts),
    }
    if (files := found.files) is not None:
        first, left = found.past_burst()
        sizes = files.sectors
        fields["files"] = len(files.paths)
        fields["files_hit_per_sector"] = round(int(sizes.sum()) / shape.sectors, 4)
        fields["largest"] = [{"path": files.paths[row], "sectors": int(sizes[row])} for row in files.largest[:_NAMED]]
        if first >= 0:
            fields["past_burst"] = {"first": first, "left_sectors": len(left), "files": len(files.hit_by(left))}
        fields["chain"] = json_hanging(hanging)
    if steps:
        fields["sweep"] = [
            fields_of(step, "lost", "fraction", "chance", files_without_parity="files") for step in steps
        ]
    return json_line(fields)
