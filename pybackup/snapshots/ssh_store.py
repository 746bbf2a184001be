"""A directory of snapshots on another machine, by ssh: scripts for its shell do there what rsync cannot do."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Iterator, Sequence

from pyactivity.ending import Child
from pybackup.errors import EnvironmentFailed, Exists
from pybackup.host.environment import environment
from pybackup.host.locks import try_lock

from .local_store import GOING, INCOMPLETE, LATEST, OWN_DIRECTORY, RECORD, snapshots_of
from .location import Location
from .record import Snapshot, SnapshotRecord, parse_record

_TAKEN = 9  # status of our scripts
_SHELL = "exec sh -s"  # whatever shell the user has there


class SshStore:
    """Snapshots in a directory of another machine, in the same form as in a `LocalStore`.

    Parameters
    ----------
    ssh
        The program that reaches it, with its arguments.
    locks
        A directory of this machine for the lock, so runs of other machines into the same target are not noticed.
    """

    is_local = False

    def __init__(self, location: Location, ssh: Sequence[str], locks: bytes) -> None:
        self.location = location
        self._ssh = ssh or ("ssh",)
        self._locks = locks
        self.path = location.path
        """Absolute from the first look on."""

    def survey(self) -> list[Snapshot]:
        """Return all snapshots in the order in which they were made; none if the directory does not exist.

        Raises
        ------
        EnvironmentFailed
            The machine cannot be reached.
        """
        said = self._run(
            b"""cd -- "$to" 2>/dev/null || exit 0
printf 'P%s\\000' "$(pwd -P && printf /)"
for each in *; do
    if [ -d "$each" ] && [ ! -L "$each" ]; then printf 'D%s\\000' "$each"; fi
done
for each in "$own"/*.json; do
    if [ -f "$each" ]; then printf 'R%s\\000' "$each"; cat -- "$each"; printf '\\000'; fi
done
"""
        )
        directories: list[bytes] = []
        records: dict[bytes, SnapshotRecord | None] = {}
        parts = iter(said.split(b"\0"))
        for part in parts:
            kind, text = part[:1], part[1:]
            if kind == b"P":
                self.path = text.removesuffix(b"\n/") or b"/"
            elif kind == b"D":
                directories.append(text)
            elif kind == b"R":
                name = text.removeprefix(OWN_DIRECTORY + b"/").removesuffix(RECORD)
                records[name] = parse_record(next(parts, b""))
        return snapshots_of(directories, records.get)

    @contextlib.contextmanager
    def locked(self) -> Iterator[int]:
        """Lock the directory for a run of this machine, and make it; yield the descriptor of the lock.

        Raises
        ------
        EnvironmentFailed
            Another run of this machine is at work there; the other one cannot be reached.
        """
        name = hashlib.sha256(self.location.as_target()).hexdigest()[:16].encode()
        path = os.path.join(self._locks, b"snapshots-%b.lock" % name)
        with environment(path):
            os.makedirs(self._locks, 0o700, exist_ok=True)
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if not try_lock(fd):
                raise EnvironmentFailed(f"{self._shown}: another run is at work there, or what it has left of rsync is")
            self._run(b'umask 077; mkdir -p -- "$to/$own"\n')
            yield fd
        finally:
            os.close(fd)

    def keeps_nanoseconds(self) -> bool:
        """Return False, as it is not known of another machine."""
        return False

    def begin(self, name: bytes, record: SnapshotRecord) -> None:
        """Make the directory of a new snapshot, under the name of an incomplete one.

        Raises
        ------
        Exists
            There is one of that name.
        EnvironmentFailed
        """
        script = b'cd -- "$to" || exit 1\nif [ -e "$name" ] || [ -e "$name$incomplete" ]; then exit 9; fi\n'
        script += _writing(record) + b'umask 077; mkdir -- "./$name$incomplete"\n'
        self._run(script, name=name)

    def finish(self, name: bytes, record: SnapshotRecord) -> None:
        """Write a snapshot through to the disk, and then give it its name.

        Raises
        ------
        EnvironmentFailed
        """
        script = b'cd -- "$to" || exit 1\nif [ -e "$name" ]; then exit 9; fi\nsync\n'
        self._run(script + _writing(record) + b'mv -- "./$name$incomplete" "./$name"\n', name=name)

    def point_latest(self, name: bytes) -> bool:
        """Make the symbolic link ``latest`` lead to a snapshot; return False if something else has that name.

        Raises
        ------
        EnvironmentFailed
        """
        script = b'cd -- "$to" || exit 1\nif [ -e "$latest" ] && [ ! -L "$latest" ]; then echo no; exit 0; fi\n'
        return not self._run(script + b'ln -sfn -- "$name" "$latest"\n', name=name)

    def remove(self, snapshot: Snapshot) -> None:
        """Remove a snapshot. It is renamed first, so that what is left of it never looks complete.

        Raises
        ------
        EnvironmentFailed
        """
        script = b"""cd -- "$to" || exit 1
if [ "$directory" != "$name$going" ]; then mv -- "./$directory" "./$name$going" || exit 1; fi
find "./$name$going" -type d ! -perm -700 -exec chmod u+rwx '{}' \\;
rm -rf -- "./$name$going" && rm -f -- "$own/$name$record"
"""
        self._run(script, name=snapshot.name, directory=snapshot.directory)

    @property
    def _shown(self) -> str:
        return os.fsdecode(self.location.shown)

    def _run(self, script: bytes, **names: bytes) -> bytes:
        """Have the shell there run a script, with ``names`` as its variables, and return its output."""
        path = self.location.path
        variables = {
            "to": path if path.startswith(b"/") else b"./" + path,
            "own": OWN_DIRECTORY,
            "record": RECORD,
            "incomplete": INCOMPLETE,
            "going": GOING,
            "latest": LATEST,
            **names,
        }
        setting = b"".join(b"%b=%b\n" % (name.encode(), quoted(value)) for name, value in variables.items())
        command = [*map(os.fsencode, self._ssh), b"--", self.location.host, _SHELL.encode()]
        pipe = subprocess.PIPE
        with environment(command[0]), Child(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            # In braces, so that all is read before anything runs.
            said, complaint = process.communicate(b"unset CDPATH\n" + setting + b"{\n" + script + b"exit $?\n}\n")
        if process.returncode == _TAKEN:
            raise Exists(f"{self._shown}/{os.fsdecode(names.get('name', b''))}: exists")
        if process.returncode:
            reason = " / ".join(complaint.decode(errors="backslashreplace").split("\n")[-3:]).strip(" /")
            raise EnvironmentFailed(f"{self._shown}: {reason or f'its shell ended with {process.returncode}'}")
        return bytes(said)


def quoted(text: bytes) -> bytes:
    """Return a text quoted so that a shell takes it for one word."""
    return b"'" + text.replace(b"'", b"'\\''") + b"'"


def _writing(record: SnapshotRecord) -> bytes:
    """Return a script that writes a record, and gives it its name when it is complete."""
    return b'printf \'%%s\\n\' %b >"$own/$name.new" && mv -- "$own/$name.new" "$own/$name$record" || exit 1\n' % quoted(
        record.to_json().strip()
    )
