"""Trees to archive: one small one for each thing an archiver may forget, and one that has them all.

Each planter makes its tree in an empty directory. As root, since owners, devices and some attributes want that.
"""

from __future__ import annotations

import hashlib
import os
import random
import socket
import stat
import struct
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

MIB = 1 << 20
SECOND = 1_000_000_000
TIB = 1 << 40

ACL_ACCESS, ACL_DEFAULT = "system.posix_acl_access", "system.posix_acl_default"

Planter = Callable[[Path], None]


def noise(n_bytes: int, seed: int) -> bytes:
    """Bytes that no method shrinks."""
    return random.Random(seed).randbytes(n_bytes)


def text(n_bytes: int, seed: int) -> bytes:
    """Bytes that every method shrinks."""
    words = [hashlib.sha256(b"%d %d" % (seed, number)).hexdigest()[: 2 + number % 9] for number in range(300)]
    choose = random.Random(seed).choice
    page = " ".join(choose(words) for _ in range(min(n_bytes, 40_000) // 4 + 1)).encode()
    return (page * (n_bytes // len(page) + 1))[:n_bytes]


def elf(n_bytes: int, seed: int) -> bytes:
    """Something with the head of an x86-64 executable, calls in it: what the BCJ filter is for."""
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 2, 62, 1)
    draw = random.Random(seed)
    calls = (struct.pack("<i", draw.choice((512, 4096)) - at) for at in range(0, n_bytes, 8))
    body = b"".join(b"\x48\x89\xc7\xe8" + call for call in calls)
    return (head + body)[:n_bytes]


def set_time(path: Path, ns: int) -> None:
    """Set the modification time of the thing itself."""
    os.utime(path, ns=(ns, ns), follow_symlinks=False)


def hard_links(root: Path) -> None:
    """In one directory, across directories, to empty and to large files, before and behind their directory."""
    for name in ("a", "m", "z/deep"):
        (root / name).mkdir(parents=True)
    (root / "m/file").write_bytes(text(3000, 1))
    for link in ("m/again", "a/before", "z/deep/behind", "top"):
        os.link(root / "m/file", root / link)
    (root / "z/empty").touch()
    os.link(root / "z/empty", root / "a/empty too")
    (root / "big").write_bytes(noise(3 * MIB, 2))
    os.link(root / "big", root / "z/big")


def symlinks(root: Path) -> None:
    """Relative, absolute, dangling, to itself, of odd bytes, long; each with a time of its own."""
    (root / "d").mkdir()
    (root / "d/file").write_bytes(b"here")
    targets: Mapping[bytes, bytes] = {
        b"relative": b"d/file",
        b"directory": b"d",
        b"absolute": b"/etc/passwd",
        b"dangling": b"no/such/thing",
        b"out": b"../../../../..",
        b"loop": b"loop",
        b"bytes": b"\xff\n\xc3\xa4 ",
        b"long": b"x/" * 2000 + b"y",
        b"slash": b"d/",
    }
    for number, (name, target) in enumerate(targets.items()):
        os.symlink(target, os.fsencode(root) + b"/" + name)
        set_time(root / os.fsdecode(name), (1_000_000_000 + number) * SECOND + 123_456_789)


def fifos(root: Path) -> None:
    """FIFOs, which nobody may wait for."""
    os.mkfifo(root / "fifo")
    os.chmod(root / "fifo", 0o620)
    set_time(root / "fifo", 1_234_567_890 * SECOND + 5)


def devices(root: Path) -> None:
    """Character and block devices, small and large numbers."""
    os.mknod(root / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    os.mknod(root / "block", 0o660 | stat.S_IFBLK, os.makedev(7, 200))
    os.mknod(root / "largest", 0o600 | stat.S_IFCHR, os.makedev(4095, 1_048_575))
    for name in ("null", "block", "largest"):
        set_time(root / name, 1_111_111_111 * SECOND + 999)


def ns_times(root: Path) -> None:
    """Nanoseconds down to the last digit, on files and directories."""
    for number, rest in enumerate((0, 1, 99, 100, 123_456_789, 999_999_999)):
        (root / f"d{number}").mkdir()
        (root / f"d{number}/file").write_bytes(b"%d" % number)
        set_time(root / f"d{number}/file", 1_600_000_000 * SECOND + rest)
        set_time(root / f"d{number}", 1_500_000_000 * SECOND + rest)


# The span of ext4 with inodes of 256 bytes, the first and the last second of 34 bits (fs/ext4/ext4.h).
OLD_AND_FAR = (-(1 << 31), -1_000_000_001, -SECOND - 1, -1, 0, 1, (1 << 31) + 5, (1 << 33) - 1, 15_032_385_535)


def odd_times(root: Path) -> None:
    """Before 1970, behind 2038, behind what 33 bits of a tar header hold."""
    for number, seconds in enumerate(OLD_AND_FAR):
        for rest in (0, 1, 500_000_000):
            ns = max(seconds * SECOND + rest, -(1 << 31) * SECOND) if abs(seconds) < 1 << 40 else seconds
            name = root / f"{number}-{rest}"
            name.mkdir()
            (name / "file").write_bytes(b"x")
            os.symlink("file", name / "link")
            for path in (name / "file", name / "link", name):
                set_time(path, ns)


# Names that a shell, rsync or a reader of options takes for something else.
SHELL_NAMES = (
    b"with space",
    b" lead",
    b"trail ",
    b"-dash",
    b"--delete",
    b"~tilde",
    b"q'u\"o",
    b"$(touch PWNED)",
    b"`touch PWNED`",
    b"new\nline",
    b"lat\xff",
    b"a*b",
    b"a?b",
    b"a[x]b",
    b"back\\slash",
    b"back\\*star",
    b"end\\",
    b"a;touch PWNED",
    b"#hash",
    b"{a,b}",
    b"a&b",
    b"!bang",
    b"a:b",
    b"a::b",
    b"tab\t",
    b"%s",
    b"=",
    b"\\#012",
)

# Names that are hard to say, for readers, terminals and other systems.
ODD_NAMES = (
    *SHELL_NAMES,
    b"\xff\xfe",
    b"caf\xe9",
    "caf\N{LATIN SMALL LETTER E WITH ACUTE}".encode(),
    "cafe\N{COMBINING ACUTE ACCENT}".encode(),
    b"\n",
    b"cr\rlf\r\n",
    b"tab\t\x01\x1b[31m",
    b" lead and trail ",
    b"-rf",
    b"--help",
    b"a\\b",
    b"quote'\"`$(x)",
    b"*?[a]",
    b"...",
    b"~1",
    b"C:",
    b"nul.",
    b"\xed\xa0\x80",
    "\N{OGHAM SPACE MARK}\N{LINE SEPARATOR}".encode(),
    b"#,=%",
)


def odd_names(root: Path) -> None:
    """Files, directories and links of names that are hard to say."""
    base = os.fsencode(root)
    for number, name in enumerate(ODD_NAMES):
        for kind in (b"f", b"d", b"e"):
            os.makedirs(base + b"/" + kind, exist_ok=True)
        with open(base + b"/f/" + name, "wb") as file:
            file.write(b"%d" % number * number)
        os.makedirs(base + b"/d/" + name)
        with open(base + b"/d/" + name + b"/" + name, "wb") as file:
            file.write(name)
        os.makedirs(base + b"/e/" + name)
        os.symlink(name, base + b"/" + name)
        os.link(base + b"/f/" + name, base + b"/e/" + name + b"/linked")


def long_path(root: Path, n_bytes: int, part: bytes = b"n" * 200) -> bytes:
    """Make directories whose path below ``root`` has so many bytes, a file and a link in the last; return it."""
    at = os.open(root, os.O_RDONLY)
    parts: list[bytes] = []
    while True:
        left = n_bytes - len(b"/".join(parts)) - bool(parts)
        # Nothing may be left over that is too short for a name and its slash.
        name = part[:left] if left <= len(part) or left > len(part) + 1 else part[:-1]
        parts.append(name)
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
        if left == len(name):
            break
    with open(os.open(b"file", os.O_WRONLY | os.O_CREAT, dir_fd=at), "wb") as file:
        file.write(b"deep down")
    os.symlink(b"file", b"link", dir_fd=at)
    os.link(b"file", b"same", src_dir_fd=at, dst_dir_fd=at)
    os.setxattr(b"/proc/self/fd/%d/file" % at, "user.deep", b"yes")
    os.close(at)
    return b"/".join(parts)


def long_paths(root: Path) -> None:
    """Of 2,000 bytes, of 4,000, and beyond what one call takes."""
    for number, n_bytes in enumerate((2000, 4000, 4094, 4200, 6000)):
        below = root / str(number)
        below.mkdir()
        long_path(below, n_bytes)
    (root / "wide").mkdir()
    long_path(root / "wide", 4500, b"w" * 255)


def set_ids(root: Path) -> None:
    """Every set of permission bits that means something of its own."""
    for mode in (0o4755, 0o2755, 0o6711, 0o1644, 0o7777, 0o000, 0o400, 0o111):
        (root / f"f{mode:o}").write_bytes(b"#!/bin/true\n")
        os.chmod(root / f"f{mode:o}", mode)
    for mode in (0o1777, 0o2775, 0o4755, 0o7777, 0o000, 0o500):
        (root / f"d{mode:o}").mkdir()
        (root / f"d{mode:o}/in").write_bytes(b"in")
        os.chmod(root / f"d{mode:o}", mode)


def owners(root: Path) -> None:
    """Of owners that have a name here, and of some that have not; numbers up to the last."""
    (root / "d").mkdir()
    for uid, gid in ((1, 2), (65534, 65534), (4_000_000, 12_345), (2_097_151, 2_097_152), ((1 << 32) - 2,) * 2):
        name = root / f"d/{uid}"
        name.write_bytes(b"%d" % uid)
        os.chown(name, uid, gid)
        os.symlink("x", root / f"l{uid}")
        os.chown(root / f"l{uid}", uid, gid, follow_symlinks=False)
        (root / f"d{uid}").mkdir()
        os.chown(root / f"d{uid}", uid, gid)
        os.chmod(name, 0o6755)


CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")  # cap_net_raw+ep, VFS_CAP_REVISION_2


def xattrs(root: Path) -> None:
    """Of every name space, with values of any bytes; on files, directories and links."""
    (root / "d").mkdir()
    (root / "file").write_bytes(b"x")
    (root / "d/empty").touch()
    os.symlink("file", root / "link")
    os.mkfifo(root / "fifo")
    for name in ("file", "d", "d/empty"):
        os.setxattr(root / name, "user.text", b"words")
        os.setxattr(root / name, "user.bytes", bytes(range(256)))
        os.setxattr(root / name, "user.newline", b"a\nb=c\n12 x=y\n")
        os.setxattr(root / name, "user.empty", b"")
        os.setxattr(root / name, "user.sp ace\xe4", b"odd name")
        os.setxattr(root / name, "user.a=b", b"c")
        os.setxattr(root / name, "trusted.secret", b"\0")
    os.setxattr(root / "d", "user.large", noise(2500, 3))
    os.setxattr(root / "file", "security.capability", CAPABILITY)
    for name in ("link", "fifo"):
        os.setxattr(root / name, "trusted.of the thing itself", b"1", follow_symlinks=False)


def acls(root: Path) -> None:
    """Access ACLs on files, access and default ACLs on directories; what would inherit and did not."""
    for name in ("d/below", "plain"):
        (root / name).mkdir(parents=True)
    for name in ("file", "d/before", "plain/file"):
        (root / name).write_bytes(name.encode())
    _setfacl(root, "u:1:rwx,u:4000000:r,g:2:rx,m::rx", "file", "d", "plain/file")
    _setfacl(root, "d:u:7:rw,d:g:12345:x,d:o::r", "d", "d/below")
    (root / "d/inherits").write_bytes(b"inherits")
    (root / "d/below/directory").mkdir()
    (root / "d/stripped").write_bytes(b"would inherit")
    os.removexattr(root / "d/stripped", ACL_ACCESS)
    os.chmod(root / "d/stripped", 0o644)
    os.mkfifo(root / "d/fifo")


def _setfacl(root: Path, acl: str, *names: str) -> None:
    subprocess.run(["setfacl", "-m", acl, *names], cwd=root, check=True)


def write_sparse(path: Path, size: int, pieces: Mapping[int, bytes]) -> None:
    """Write a file of holes with ``pieces`` at their offsets."""
    with open(path, "wb") as file:
        for offset, data in pieces.items():
            file.seek(offset)
            file.write(data)
        file.truncate(size)


def holes(root: Path) -> None:
    """At the start, in the middle, at the end, everywhere, many; and zeros that are no hole."""
    write_sparse(root / "start", MIB, {MIB - 100: text(100, 4)})
    write_sparse(root / "middle", MIB, {0: text(5000, 5), MIB - 4096: noise(4096, 6)})
    write_sparse(root / "end", MIB + 17, {0: b"x"})
    write_sparse(root / "nothing but", 3 * MIB + 1, {})
    write_sparse(root / "many", 4 * MIB, {at: text(4096, at) for at in range(0, 4 * MIB, 16384)})
    write_sparse(root / "data is long", 8 * MIB, {MIB: noise(3 * MIB, 7), 6 * MIB: text(MIB, 8)})
    (root / "zeros").write_bytes(bytes(100_000))
    write_sparse(root / "new\nline\xe4", MIB, {8192: b"named oddly"})
    os.link(root / "end", root / "end too")
    for name in ("start", "nothing but"):
        set_time(root / name, 1_000_000_000 * SECOND + 7)


def tebibyte(root: Path) -> None:
    """A file nobody could read to its end."""
    write_sparse(root / "huge", TIB + 3, {0: b"first", TIB // 2: text(9000, 9), TIB: b"end"})


def empty(root: Path) -> None:
    """Directories and files with nothing in them but their times."""
    for name in ("a/b/c", "a/d", "e", "with a link"):
        (root / name).mkdir(parents=True)
    for name in ("a/file", "file.txt", "a/.hidden"):
        (root / name).touch()
    os.symlink("../e", root / "with a link/only")
    for number, name in enumerate(("a/file", "file.txt", "a/.hidden", "a/b/c", "a/b", "a/d", "a", "e", "with a link")):
        set_time(root / name, (900_000_000 + number) * SECOND + number)


LONGEST = b"l" * 255


def our_names(root: Path) -> None:
    """Files and directories called as our members are, also side by side, also of the longest names there are."""
    files = ("a", "b", "c.part0001", "c", "y.sparse", "y", "x~1", ".xtar.index", "README.txt", "links.tar", "s")
    for number, name in enumerate(files):
        (root / name).write_bytes(b"%d" % number)
    for name in ("a.7z", "b.7z", "c.part0001.7z", "y.sparse.7z", ".pybackup", ".xtar", "x", "d.7z"):
        (root / name).mkdir()
        (root / name / "in").write_bytes(name.encode())
        (root / name / "in.7z").write_bytes(b"7z\xbc\xaf\x27\x1c, not really")
    for name in (".xtar", ".pybackup", ".xtar.index", "README.txt", "structure.tar"):
        (root / "x" / name).write_bytes(b"a file " + name.encode())
    (root / "b.7z" / ".xtar").mkdir()
    (root / "b.7z" / ".xtar" / ".xtar").write_bytes(b"inside")
    (root / "x" / "part.part0001").write_bytes(noise(2 * MIB + 5, 10))
    (root / "x" / "part").write_bytes(noise(2 * MIB + 6, 11))
    write_sparse(root / "s.sparse", MIB, {5000: b"a sparse one"})
    for end in (b"", b".7z", b"\xff"):
        for cut in (LONGEST[: 255 - len(end)] + end, LONGEST[: 252 - len(end)] + end, LONGEST[: 200 - len(end)] + end):
            with open(os.fsencode(root / "x") + b"/" + cut, "wb") as file:
                file.write(cut[-9:])
            os.makedirs(os.fsencode(root / "d.7z") + b"/" + cut)
            with open(os.fsencode(root / "d.7z") + b"/" + cut + b"/" + cut, "wb") as file:
                file.write(cut[-9:])


def read_only(root: Path) -> None:
    """Directories that let nobody write, search or read, with content."""
    for mode in (0o555, 0o500, 0o444, 0o111, 0o000):
        below = root / f"{mode:o}" / "below"
        below.mkdir(parents=True)
        (below / "file").write_bytes(b"x" * mode)
        os.chmod(below / "file", mode)
        os.chmod(below, mode)
        os.chmod(below.parent, mode)


def contents(root: Path) -> None:
    """What each method is for, at the sizes where something changes; and files of several segments of a MiB."""
    for n_bytes in (1, 2, 31, 511, 512, 513, 4095, 4096, 4097, 32_767, 32_768, MIB, MIB + 1, 2 * MIB, 2_500_000):
        (root / f"text{n_bytes}").write_bytes(text(n_bytes, n_bytes))
        (root / f"noise{n_bytes}").write_bytes(noise(n_bytes, n_bytes))
    (root / "program").write_bytes(elf(60_000, 12))
    (root / "large program").write_bytes(elf(MIB + 100, 13))
    (root / "photo.JPG").write_bytes(text(5000, 14))


def sockets(root: Path) -> None:
    """A socket, which no archive can hold."""
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(os.fspath(root / "socket"))


ROWS: Mapping[str, Planter] = {
    planter.__name__: planter
    for planter in (
        hard_links,
        symlinks,
        fifos,
        devices,
        ns_times,
        odd_times,
        odd_names,
        long_paths,
        set_ids,
        owners,
        xattrs,
        acls,
        holes,
        tebibyte,
        empty,
        our_names,
        read_only,
        contents,
    )
}


def everything(root: Path) -> None:
    """All rows, each in a directory of its own, and some of them at the top as well."""
    for name, plant in ROWS.items():
        (root / name).mkdir()
        plant(root / name)
    (root / "top.txt").write_bytes(text(10_000, 15))
    os.link(root / "top.txt", root / "zz")
    set_time(root, 1_700_000_000 * SECOND + 1)
