"""The house: what import-linter cannot see."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import pybackup

PACKAGE = Path(pybackup.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "standalone" not in path.parts)
LONGEST_VERB = 150
# Modules of `jobs` that are no verb: what several verbs join in one way of rooms that do not know each other.
JOINED_FOR_SEVERAL = {
    "catalogue_compare": "files and the catalogue: for verify, apart from what is read of them",
    "catalogue_enter": "an archive and the catalogue: for all that add, write down or rebuild",
    "catalogue_hash_inside": "archives of others and the catalogue: the second half of hash",
    "catalogue_look": "archives of others and of ours: for add, hash and verify",
    "catalogue_mended": "an archive that is mended to be entered: for add and rebuild",
    "catalogue_record": "what was made, burnt or checked and the catalogue: for each verb that does so",
    "catalogue_run": "the run that an archive tells of and the catalogue: for all that enter",
    "catalogue_volumes": "the archives on a medium and the catalogue: for add, write down and rebuild",
    "catalogue_tree": "directories and the catalogue: for add, hash and verify",
    "chain": "the catalogue and what create builds on: for create, jobs and Python",
    "chain_record": "create and create_set",
    "earlier": "create and create_set",
    "hanging": "archives and the catalogue: for forecast and disc check",
    "chain_runs": "the catalogue, or archives, and their runs: for restore, list and chain merge",
    "export_state": "a listing and JSON: one form of export",
    "known_files": "the catalogue and the plan of create: what is safe elsewhere",
    "signatures": "what create and what it builds on have to know of them: for create and create_set",
    "stage_archive": "a stage and archives: for close",
    "stage_compare": "a stage and archives: for close",
    "stage_history": "a stage and a catalogue: for init, close and verify",
    "stage_recovery": "a stage and recovery volumes: for closing its discs",
    "stage_image": "a stage and a disc: for close",
    "stage_settings": "a stage and a disc: for init, and for jobs",
    "stage_carried": "a disc and a stage: for init",
    "structure": "two verbs that are each other's mirror: save and restore",
    "store_backup": "archives and a store that the caller of the Python API provides",
}
TESTS = PACKAGE.parent / "tests"
# Modules that no test imports, each with the words by which tests run it.
RUN_OTHERWISE = {
    # Functions of one call each, by their names in the package.
    "api.asked": "ProblemWarning",
    "api.checking": "pybackup.verify(",
    "api.discs": "pybackup.disc_build(",
    "api.exporting": "pybackup.export(",
    "api.making": "pybackup.create(",
    "api.mending": "pybackup.repair(",
    "api.reading": "pybackup.read(",
    "api.restoring": "pybackup.extract(",
    "api.snapshots": "pybackup.snapshot_run(",
    "api.stages": "pybackup.stage_scan(",
    "api.storing": "pybackup.backup(",
    # What verbs share: nothing of it can be seen but in what they print.
    "cli.catalogue": '"whereis"',
    "cli.changes": '"diff"',
    "cli.completions.bash": "scripts()",
    "cli.completions.fish": "scripts()",
    "cli.completions.zsh": "scripts()",
    "cli.jobfiles": '"--config"',
    "cli.options": "verb_parser(",
    "cli.pages.run_page": '"--html"',
    "cli.recording": '"--catalogue"',
    "cli.stages": '"stage", "close"',
    # What becomes of files on a disk, and what mail, HTTP, syslog and the catalogue are told: tests start the servers.
    "jobfiles.burning": 'burn = "stdio:',
    "jobfiles.dry_run": '"--dry-run"',
    "jobfiles.keep": "keep = {",
    "jobfiles.recording": 'catalogue = "{tmp_path}',
    "jobfiles.run_options": "known = {",
    "jobfiles.tell": "sendmail = ",
    "jobfiles.timers": '"timers"',
    "jobfiles.wanted": "copies = {",
    # Each joins rooms for one verb, and does nothing else.
    "jobs.catalogue_check": '"check"',
    "jobs.catalogue_export": '"export"',
    "jobs.catalogue_hash_inside": '"hash"',
    "jobs.catalogue_lost": '"lost"',
    "jobs.catalogue_mended": '"rebuild"',
    "jobs.catalogue_rebuild": '"rebuild"',
    "jobs.catalogue_record": '"--catalogue"',
    "jobs.catalogue_run": '"--chain',
    "jobs.catalogue_tree": '"rebuild"',
    "jobs.catalogue_volumes": '"rebuild"',
    "jobs.chain": '"--chain',
    "jobs.chain_merge": "pybackup.chain_merge(",
    "jobs.chain_record": "pybackup.create(",
    "jobs.chain_runs": "pybackup.restore_chain(",
    "jobs.create": "pybackup.create(",
    "jobs.earlier": "since_archive=",
    "jobs.disc_plan": '"plan"',
    "jobs.export": '"export"',
    "jobs.snapshot_list": '"snapshot',
    "jobs.snapshot_prune": '"prune"',
    "jobs.snapshot_run": '"snapshot',
    "jobs.stage_history": "stage.close(",
    "jobs.stage_image": "stage.close(",
    "jobs.stage_lost": "pybackup.stage_lost(",
    "jobs.stage_compare": "stage.close(",
    "jobs.stage_carried": "from_disc=",
    "jobs.stage_settings": "compare=",
    "jobs.verify": "pybackup.verify(",
}
# Rooms that an import contract leaves out, by words of its name.
NOT_UNDER = {
    "Tar headers": {
        "container": "the stage that reads and writes them",
        "foreign": "writes tar for other programs",
        "layout": "has their bytes",
        "tree": "finds holes in the grain of tar",
    },
    "rescue.py is alone": {},
    "Of pyactivity only": {"selection": "takes its patterns, its rules of junk and its dates"},
    "Whoever needs no database": {
        "catalogue": "is the one that imports it",
        "api": "offers what asks the catalogue",
        "cli": "has verbs that ask the catalogue",
        "jobfiles": "write down in the catalogue what they made",
        "jobs": "join the catalogue with other rooms",
    },
}
# What docstrings and comments name that is no name of ours.
OF_OTHERS = {"typing", "numpy", "concurrent", "futures", "crc32_combine", "u8", "u16"}
# Each is run as people do, by its words: `test_each_verb_is_run` asks that.
VERBS = "cli.verbs."


@cache
def _nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_bytes())))


def test_no_two_public_classes_have_one_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for node in _nodes(path):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(PACKAGE)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_verbs_are_thin() -> None:
    """What a verb does is in the rooms; its module says in which order."""
    lengths = {path.name: len(path.read_text().splitlines()) for path in (PACKAGE / "jobs").glob("*.py")}
    assert len(lengths) > 12
    assert {name: length for name, length in lengths.items() if length > LONGEST_VERB} == {}


def test_each_module_of_jobs_is_a_verb_or_joins_rooms_for_several() -> None:
    verbs = {path.stem for path in (PACKAGE / "cli/verbs").glob("*.py")}
    jobs = {path.stem for path in (PACKAGE / "jobs").glob("*.py")}
    assert jobs - verbs == JOINED_FOR_SEVERAL.keys()


def _contract(words: str) -> dict[str, Any]:
    contracts = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (found,) = (each for each in contracts if each["name"].startswith(words))
    assert isinstance(found, dict)
    return found


def _rooms() -> set[str]:
    """All packages, and the modules beside them that are used from everywhere."""
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"standalone"}
    return packages | {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("__")}


def test_each_room_has_a_floor() -> None:
    floors = " | ".join(_contract("Rooms")["layers"]).split(" | ")
    assert sorted(floors) == sorted(f"pybackup.{room}" for room in _rooms())


@pytest.mark.parametrize("words", NOT_UNDER)
def test_a_contract_names_each_room_but_those_that_have_a_reason(words: str) -> None:
    contract = _contract(words)
    named = contract["forbidden_modules" if "alone" in words else "source_modules"]
    assert named == sorted(f"pybackup.{room}" for room in _rooms() - NOT_UNDER[words].keys())


def test_all_verbs_are_strangers() -> None:
    jobs, verbs = ({path.stem for path in (PACKAGE / room).glob("*.py")} for room in ("jobs", "cli/verbs"))
    named = _contract("Verbs do not know")["modules"]
    # Two verbs in one module, which no other verb imports.
    assert named == sorted(f"pybackup.jobs.{verb}" for verb in {*(jobs & verbs), "structure"} - {"__init__"})


def test_each_exception_of_a_contract_has_a_reason_beside_it() -> None:
    text = (PACKAGE.parent / "pyproject.toml").read_text().partition("[tool.importlinter]")[2]
    exceptions = [line for line in text.splitlines() if "->" in line]
    assert len(exceptions) > 5
    assert [line for line in exceptions if " # " not in line] == []


def test_the_map_of_rooms_has_all_of_them() -> None:
    said = (PACKAGE / "docs/DESIGN.md").read_text().partition("## Rooms")[2].partition("## What flows")[0]
    names = [line.strip().partition("  ")[0] for line in said.splitlines() if line.startswith("    ")]
    drawn = set(re.findall(r"\w+", " ".join(names)))
    assert sorted(_rooms() - drawn) == []


def test_the_grain_of_discs_is_said_once() -> None:
    said = [
        str(path.relative_to(PACKAGE))
        for path in MODULES
        for node in _nodes(path)
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        and isinstance(node.value, ast.Constant)
        and node.value.value in (2048, b"7z\xbc\xaf\x27\x1c")
    ]
    assert sorted(said) == ["layout/sevenzip.py", "sector.py"]


def test_what_the_map_names_is_there() -> None:
    """The table "Where to look" of DESIGN.md; its sections of FORMAT.md, too."""
    design = (PACKAGE / "docs/DESIGN.md").read_text()
    table = design.partition("## Where to look")[2].partition("\n## ")[0]
    named = re.findall(r"`([\w/]+\.(?:py|md))`", table)
    assert len(named) > 40
    top = PACKAGE.parent
    assert [name for name in named if not (PACKAGE / name).is_file() and not (top / name).is_file()] == []
    sections = {
        number for numbers in re.findall(r"FORMAT ([\d., to]+)", table) for number in re.findall(r"[\d.]+", numbers)
    }
    headings = set(re.findall(r"^##+ ([\d.]+) ", (PACKAGE / "docs/FORMAT.md").read_text(), re.MULTILINE))
    assert sections
    assert sections <= headings


def test_modules_named_in_documents_exist() -> None:
    """Paths of modules in all documents, of CHANGELOG its newest section; in DESIGN also names as ``room.module``."""
    top = PACKAGE.parent
    design = (PACKAGE / "docs/DESIGN.md").read_text()
    texts = [path.read_text() for path in (*PACKAGE.glob("docs/*.md"), top / "README.md", top / "benchmarks/README.md")]
    texts.append((top / "CHANGELOG.md").read_text().split("\n## ")[1])
    there = {path.name for path in (*PACKAGE.rglob("*.py"), *top.glob("pyactivity/*.py"), *top.glob("benchmarks/*.py"))}
    paths = {path for text in texts for path in re.findall(r"(?<![\w./])[\w/]+\.py\b", text)}
    assert len(paths) > 60
    assert [
        each for each in paths if each not in there and not (PACKAGE / each).exists() and not (top / each).exists()
    ] == []
    modules = re.findall(rf"\b({'|'.join(_rooms())})\.(\w+)(?![\w/])", re.sub(r"\S*/\S*", "", design))
    assert len(modules) > 20
    assert [each for each in modules if not (PACKAGE / each[0] / f"{each[1]}.py").exists()] == []


def test_tests_stand_in_rooms_or_where_the_design_says_that_they_cross_them() -> None:
    places = {path.name for path in TESTS.iterdir() if path.is_dir() and path.name != "__pycache__"}
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    said = (PACKAGE / "docs/DESIGN.md").read_text().partition("Tests are in a directory")[2].partition("\n## ")[0]
    across = set(re.findall(r"`tests/(\w+)`", said))
    assert across
    assert places - rooms == across


def test_no_test_module_imports_another() -> None:
    """What several of them need stands in the kit, or in a module of their room that has no test."""
    found = [
        (str(path.relative_to(TESTS)), name)
        for path in sorted(TESTS.rglob("*.py"))
        for node in _nodes(path)
        if isinstance(node, ast.ImportFrom)
        for name in [*(node.module or "").split("."), *(alias.name for alias in node.names)]
        if name.startswith("test_")
    ]
    assert found == []


def _with_logic() -> set[str]:
    """Modules that have a function, by their names in the package."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for path in MODULES
        if path.name not in ("__init__.py", "__main__.py")
        and any(isinstance(node, ast.FunctionDef) for node in _nodes(path))
    }


def _imported() -> set[str]:
    """Modules of the package that any test imports, or a name of."""
    found: set[str] = set()
    for path in TESTS.rglob("*.py"):
        for node in _nodes(path):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
    return {name.removeprefix("pybackup.") for name in found if name.startswith("pybackup.")}


def test_each_module_with_logic_is_imported_by_a_test_or_said_to_be_run_otherwise() -> None:
    """A module that comes without a test fails here: write one, or say above how it is run."""
    untested = {module for module in _with_logic() - _imported() if not module.startswith(VERBS)}
    # None is said to be run otherwise that needs it no more.
    assert sorted(untested) == sorted(RUN_OTHERWISE)
    said = _words_of_tests()
    assert [module for module, words in RUN_OTHERWISE.items() if words not in said] == []


def _words_of_tests() -> str:
    return "\n".join(path.read_text() for path in TESTS.rglob("*.py") if path.name != "test_house.py")


def test_each_verb_is_run() -> None:
    """By its words, one behind the other as strings or in one: `"catalogue", "add"` or `catalogue add`."""
    verbs = [path.stem.split("_") for path in (PACKAGE / "cli/verbs").glob("*.py") if path.stem != "__init__"]
    said = _words_of_tests()
    unsaid = [
        verb
        for verb in verbs
        if not re.search(r"""["' ]""" + r"""(?:["'],?\s+["']|\s|-)""".join(verb) + r"""["' ]""", said)
    ]
    assert len(verbs) > 40
    assert unsaid == []


def _names() -> set[str]:
    """All names that modules of the package have, or use."""
    found = {part for path in MODULES for part in path.relative_to(PACKAGE.parent).with_suffix("").parts}
    for path in MODULES:
        for node in _nodes(path):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.arg):
                found.add(node.arg)
            elif isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.alias):
                found.add(node.name)
    return found


def _said(path: Path) -> Iterator[str]:
    """The docstrings and comments of a module."""
    for node in _nodes(path):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""
    yield from re.findall(r"(?m)(?:^|\s)# .*", path.read_text())


def test_names_in_docstrings_are_there() -> None:
    """What stands between single backticks: a name that was changed is changed there as well."""
    known = _names() | OF_OTHERS
    named = {
        (str(path.relative_to(PACKAGE)), name)
        for path in MODULES
        for text in _said(path)
        for name in re.findall(r"(?<!`)`([A-Za-z_][\w.]*)`(?!`)", text)
    }
    assert len(named) > 300
    assert sorted((path, name) for path, name in named if not set(name.split(".")) <= known) == []
