"""The program itself as a source archive, put on each disc so that the disc can be read when the program is gone.

The archive is made of the installed files. In it, this module is also the build backend (PEP 517), so that pip can
install it without any other program.
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
# pyactivity is a package of its own in the same distribution.
_PACKAGES = ("pybackup", "pyactivity")
# Only these are packed, as other files may lie beside them: compiled modules, backups of editors.
_SUFFIXES = (".py", ".md", ".txt", ".typed", ".html", ".css", ".js", ".bash", ".fish")
_NAMES = ("_pybackup",)
_MODE = 0o644
SUFFIX = ".tar.bz2"
_STEM = f"{DISTRIBUTION.replace('-', '_')}-{VERSION}"
# It is on a disc as RESCUE.PY too.
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
    """A source archive: the file name that pip expects, and the bytes."""

    name: str
    content: bytes


@cache
def own_source() -> OwnSource:
    """Return the source archive of the running program: the same bytes however and wherever it is installed.

    It is a tar compressed as two bzip2 streams. The first one ends with rescue.py, so that this file can be found in an
    image without its file system and unpacked even if the rest of the archive is damaged.
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
    """Write the wheel of the program into a directory, and return its file name: the hook that pip calls (PEP 517)."""
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
    """Return the requirements of the program, as lines of a requirements file."""
    lines = resources.files("pybackup").joinpath("requirements.txt").read_text("ascii").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _members(files: Mapping[str, bytes]) -> bytes:
    """Return a tar of files by path, without the two zero blocks at its end."""
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
    """Return the contents of all files of the packages, by path."""
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
