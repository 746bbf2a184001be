"""The program itself as a wheel, made of the files it is installed as: on a disc it needs nobody who still has it."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from importlib.util import find_spec

from pybackup.model.version import VERSION

DISTRIBUTION = "pybackup-xtar"
# pyactivity comes with it, and is no part of it.
_PACKAGES = ("pybackup", "pyactivity")
# What is no file of ours may lie beside them: compiled modules, what editors leave.
_SUFFIXES = (".py", ".md", ".txt", ".typed", ".html", ".css", ".js", ".bash", ".fish")
_NAMES = ("_pybackup",)
_MOMENT = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644
_METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: Archives for media that rot: what can be read can be restored
License: MIT
Requires-Python: >=3.11
"""
_WHEEL = """\
Wheel-Version: 1.0
Generator: pybackup
Root-Is-Purelib: true
Tag: py3-none-any
"""
ENTRY_POINTS = """\
[console_scripts]
pyactivity = pyactivity.__main__:run
pybackup = pybackup.__main__:run
"""


@dataclass(frozen=True, slots=True)
class OwnWheel:
    """A wheel, and the name that pip wants it to have."""

    name: str
    content: bytes


@cache
def own_wheel() -> OwnWheel:
    """Return the wheel of the running program: the same bytes, however and where it is installed."""
    stem = f"{DISTRIBUTION.replace('-', '_')}-{VERSION}"
    files = {path: file.read_bytes() for package in _PACKAGES for path, file in _files(package)}
    info = f"{stem}.dist-info"
    files[f"{info}/METADATA"] = _metadata()
    files[f"{info}/WHEEL"] = _WHEEL.encode()
    files[f"{info}/entry_points.txt"] = ENTRY_POINTS.encode()
    record = f"{info}/RECORD"
    lines = [_recorded(path, content) for path, content in files.items()]
    files[record] = "".join([*lines, f"{record},,\n"]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in files.items():
            member = zipfile.ZipInfo(path, _MOMENT)
            member.create_system = 3
            member.external_attr = _MODE << 16
            archive.writestr(member, content, zipfile.ZIP_DEFLATED, 9)
    return OwnWheel(f"{stem}-py3-none-any.whl", packed.getvalue())


def requirements() -> list[str]:
    """Return what the program needs to be installed beside it."""
    lines = resources.files("pybackup").joinpath("requirements.txt").read_text("ascii").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _metadata() -> bytes:
    needed = "".join(f"Requires-Dist: {line}\n" for line in requirements())
    return (_METADATA.format(name=DISTRIBUTION, version=VERSION) + needed).encode()


def _recorded(path: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}\n"


def _files(package: str) -> Iterator[tuple[str, Traversable]]:
    if find_spec(package) is not None:
        yield from _below(resources.files(package), package)


def _below(directory: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(directory.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _below(entry, f"{path}/{entry.name}")
        elif entry.name.endswith(_SUFFIXES) or entry.name in _NAMES:
            yield f"{path}/{entry.name}", entry
