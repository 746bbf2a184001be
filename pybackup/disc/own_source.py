"""The program itself as a source archive of the files it is installed as: on a disc it needs nobody who still has it.

In that archive this module is what builds it, too (PEP 517): pip needs no other program to install it.
"""

from __future__ import annotations

import base64
import bz2
import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
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
_MODE = 0o644
SUFFIX = ".tar.bz2"
_STEM = f"{DISTRIBUTION.replace('-', '_')}-{VERSION}"
# As RESCUE.PY on a disc, and here once more.
_RESCUE = "pybackup/standalone/rescue.py"
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
_PYPROJECT = f"""\
[build-system]
requires = []
build-backend = "{__name__}"
backend-path = ["."]
"""


@dataclass(frozen=True, slots=True)
class OwnSource:
    """A source archive, and the name that pip wants it to have."""

    name: str
    content: bytes


@cache
def own_source() -> OwnSource:
    """Return the source archive of the running program: the same bytes, however and where it is installed.

    It is a tar in two streams of bzip2, of which the first ends with rescue.py: that is found in an image without its
    file system, and unpacked however damaged the rest is.
    """
    first = {"pyproject.toml": _PYPROJECT.encode(), "PKG-INFO": _metadata()}
    others = _installed()
    first[_RESCUE] = others.pop(_RESCUE)
    streams = [_members(first), _members(others) + bytes(2 * tarfile.BLOCKSIZE)]
    return OwnSource(_STEM + SUFFIX, b"".join(map(bz2.compress, streams)))


def build_wheel(
    wheel_directory: str,
    config_settings: Mapping[str, object] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """Write the wheel of the program into a directory, and return its name: what pip asks for (PEP 517)."""
    files = _installed()
    info = f"{_STEM}.dist-info"
    files[f"{info}/METADATA"] = _metadata()
    files[f"{info}/WHEEL"] = _WHEEL.encode()
    files[f"{info}/entry_points.txt"] = ENTRY_POINTS.encode()
    record = f"{info}/RECORD"
    lines = [_recorded(path, content) for path, content in files.items()]
    files[record] = "".join([*lines, f"{record},,\n"]).encode()
    name = f"{_STEM}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as archive:
        for path, content in files.items():
            member = zipfile.ZipInfo(path)
            member.create_system = 3
            member.external_attr = _MODE << 16
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return name


def requirements() -> list[str]:
    """Return what the program needs to be installed beside it."""
    lines = resources.files("pybackup").joinpath("requirements.txt").read_text("ascii").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _members(files: Mapping[str, bytes]) -> bytes:
    """Return files as members of a tar, without the tar's end."""
    packed = io.BytesIO()
    for path, content in files.items():
        member = tarfile.TarInfo(f"{_STEM}/{path}")
        member.mode, member.size = _MODE, len(content)
        packed.write(member.tobuf(tarfile.USTAR_FORMAT))
        packed.write(content + bytes(-len(content) % tarfile.BLOCKSIZE))
    return packed.getvalue()


def _metadata() -> bytes:
    needed = "".join(f"Requires-Dist: {line}\n" for line in requirements())
    return (_METADATA.format(name=DISTRIBUTION, version=VERSION) + needed).encode()


def _recorded(path: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}\n"


def _installed() -> dict[str, bytes]:
    """Return the files of the packages, by path."""
    return {path: file.read_bytes() for package in _PACKAGES for path, file in _files(package)}


def _files(package: str) -> Iterator[tuple[str, Traversable]]:
    if find_spec(package) is not None:
        yield from _below(resources.files(package), package)


def _below(directory: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(directory.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _below(entry, f"{path}/{entry.name}")
        elif entry.name.endswith(_SUFFIXES) or entry.name in _NAMES:
            yield f"{path}/{entry.name}", entry
