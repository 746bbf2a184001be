"""One way to do each thing: a second finder of volumes, a second mender or restorer fails here.

Each deed is known by what it is done with: a function of a lower floor that nothing but the one place for it needs. Who
does it anew imports that, and is not in the list. Whoever has a good reason comes into the list, with it.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import pybackup

PACKAGE = Path(pybackup.__file__).parent
# What a deed is done with, and all modules that import it.
DEEDS: dict[str, tuple[list[str], set[str]]] = {
    "find where in a file an archive is": (
        ["container.locate.locate", "container.locate.locate_what_is_left"],
        {
            "archive.find",
            "check.verify",  # of a file that does not begin as an archive, whose index may be lost
            "disc.volume",  # the one archive in the file that is to go onto a disc
            "mend.best_image",  # an image that was just put together holds it at another place
        },
    ),
    "know a volume by what is left of its headers": (["container.begin.begin_by_rows"], {"mend.survey_set"}),
    "search for guard sectors": (
        ["parity.stream.find.find", "parity.stream.find.GuardSearch"],
        {
            "archive.find",  # whether a file that is no archive is a sidecar
            "disc.parity",  # of the image that was just written
            "make.sidecar",  # of the sidecar that was just written
            "mend.alike",  # of a file that tells nothing else
            "mend.survey",
            "parity.stream.sidecar",
        },
    ),
    "make one address space of volumes": (
        ["archive.joined.joined"],
        {
            "archive.open",
            "check.spared",  # where the second copies of damaged files lie
            "jobs.verify",
            "mend.mended",
        },
    ),
    "align what moved": (["parity.mend.align.align"], {"mend.survey"}),
    "choose the volume that copies are of": (["mend.which_volume.choose"], {"mend.survey"}),
    "survey copies": (
        ["mend.survey.survey"],
        {
            "jobs.repair",
            "make.add_recovery",  # a recovery volume of damaged volumes would protect the damage
            "mend.best_image",
            "mend.bodies",
            "mend.health",
        },
    ),
    "put a volume together from copies and parity": (
        ["parity.mend.mend.mend", "parity.mend.mend.assemble"],
        {
            "mend.assemble",
            "mend.bodies",  # the body of a volume of a set, which the code over the set fills up before
            "mend.in_place",
        },
    ),
    "compute what parity restores": (["parity.mend.rebuild.rebuild"], {"parity.mend.mend", "parity.mend.rehearse"}),
    "use the code over the set": (
        ["parity.mend.columns.fill_across", "parity.mend.columns.encode_lost"],
        {"mend.across"},
    ),
    "decide what is mended for whom": (
        ["mend.mender.Mender"],
        {"jobs.salvage", "mend.chain", "mend.names", "mend.identify", "restore.mending"},
    ),
    "decode what a file consists of": (
        ["restore.worker.restore_batch", "restore.worker.restore_segment"],
        {"restore.files"},
    ),
    "restore by a plan": (["restore.run.run"], {"jobs.drill", "jobs.extract", "jobs.salvage"}),
    "write an archive": (
        ["container.write.ArchiveWriter"],
        {
            "make.recovery_volumes",  # a recovery volume is an archive without entries
            "make.volumes",
        },
    ),
    "pack what was read into volumes": (["make.writer.Writer"], {"make.run"}),
    "write parity": (["parity.stream.protect.protect"], {"make.seal"}),
    "seal": (
        ["make.seal.seal"],
        {"make.publish_rebuilt", "make.recovery_volumes", "make.sidecar", "make.writer"},
    ),
    "reckon what an entry costs": (
        [
            "container.cost.item_bytes",
            "container.cost.copied_member_bytes",
            "container.cost.copied_container_bytes",
            "container.cost.copied_in_bundle_bytes",
            "container.cost.tree_rows_bytes",
            "container.cost.EntryCosts",
            "container.cost.unpacked_file_bytes",
        ],
        {
            "container.write",
            "disc.estimate",
            "make.plan_copies",
            "make.recovery_room",
            "make.second_copies",
            "stage.cost",
        },
    ),
    "reckon what fits onto a medium": (
        ["make.capacity.body_limit"],
        {"disc.plan", "jobs.stage_settings", "make.plan_set", "make.recovery_room", "make.volumes"},
    ),
    "give what is done its name": (["host.give_name.give_name"], {"host.temporaries"}),
}
# Classes of which there is one, by what marks them: the name of a base class, or that of a field's type.
ARCHIVES = {"archive.open.OpenArchive", "mend.mended.MendedArchive"}
FATED = {"model.verdict.FileVerdict", "model.verdict.UnnamedFile"}
# Makers of temporary files that get a name by another scheme than that of `host.temporaries`.
NAMED_OTHERWISE = {"NamedTemporaryFile", "TemporaryDirectory", "mkdtemp", "mkstemp", "mktemp"}


@cache
def _modules() -> dict[str, ast.Module]:
    """Each module of the package by its name in it, but for rescue.py, which does all by itself."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(path.read_bytes())
        for path in sorted(PACKAGE.rglob("*.py"))
        if "standalone" not in path.parts
    }


def _imported(module: str, tree: ast.Module) -> Iterator[str]:
    """Names that a module imports, and those it takes from a module that it imports, by their names in the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            above = ["pybackup", *module.split(".")][: -node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])]).removeprefix("pybackup.")
            yield from (f"{source}.{alias.name}" for alias in node.names)


@cache
def _importers() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for module, tree in _modules().items():
        taken = set(_imported(module, tree))
        for name in taken:
            found[name].add(module)
        # `from . import find` and then `find.find`.
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                for name in taken:
                    if name.endswith(f".{node.value.id}") and name in _modules():
                        found[f"{name}.{node.attr}"].add(module)
    return found


def _classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for module, tree in _modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                yield f"{module}.{node.name}", node


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_is_done_in_one_place(deed: str) -> None:
    means, places = DEEDS[deed]
    assert set().union(*(_importers()[each] for each in means)) == places


@pytest.mark.parametrize("means", [each for means, _ in DEEDS.values() for each in means])
def test_what_a_deed_is_done_with_is_there(means: str) -> None:
    """Else its test says nothing."""
    module, _, name = means.rpartition(".")
    defined = [node.name for node in _modules()[module].body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert defined.count(name) == 1


def test_an_opened_archive_is_one_thing_as_it_is_or_mended() -> None:
    known = {"Archive", "OpenArchive", "MendedArchive"}
    found = {name for name, node in _classes() if known & {ast.unparse(base) for base in node.bases}}
    assert found == ARCHIVES


def test_a_file_has_one_verdict() -> None:
    """Whatever else tells the fate of files has one of these."""
    found = {
        name
        for name, node in _classes()
        for field in node.body
        if isinstance(field, ast.AnnAssign) and ast.unparse(field.annotation) == "Fate"
    }
    assert found == FATED
    assert [name for name, _ in _classes() if name.endswith("FileVerdict")] == ["model.verdict.FileVerdict"]


def test_temporary_files_are_named_by_one_scheme() -> None:
    makers = {
        module
        for module, tree in _modules().items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in NAMED_OTHERWISE)
        or (isinstance(node, ast.alias) and node.name in NAMED_OTHERWISE)
    }
    # What another program is to find by its name: a hook, and rdiff.
    assert makers == {"jobfiles.moments", "delta.engine"}
    drawn = {module for module in _modules() if _draws_names(_modules()[module])}
    assert drawn == {"host.temporaries"}
    suffixed = {
        module
        for module, tree in _modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in (".new", b".new", ".tmp", b".tmp", ".temp", b".temp")
    }
    assert suffixed == set()


def _draws_names(tree: ast.Module) -> bool:
    """Whether a module draws random bytes, of which names are made: ids are hashes here."""
    return any(
        isinstance(node, ast.Attribute) and node.attr in {"urandom", "token_hex", "token_bytes", "getrandbits", "uuid4"}
        for node in ast.walk(tree)
    )
