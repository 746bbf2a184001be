"""Job files: which are read and in which order, which are not trusted, and on which line a key is."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybackup.jobfiles.files import JobFile, find_files, home_directory, read_file
from pybackup.jobfiles.mistakes import Mistake


def read(path: Path) -> tuple[JobFile | None, list[Mistake]]:
    mistakes: list[Mistake] = []
    return read_file(str(path), may_set_defaults=True, mistakes=mistakes), mistakes


def written(path: Path, text: str = "", mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_weakest_come_first_and_only_those_of_a_directory_may_set_no_defaults(tmp_path: Path) -> None:
    for name in ("etc/config.toml", "home/jobs.d/b.toml", "home/jobs.d/a.toml", "home/jobs.d/.hidden.toml"):
        written(tmp_path / name)
    written(tmp_path / "home/jobs.d/a.toml~")
    found = list(find_files([str(tmp_path / "etc"), str(tmp_path / "home")], [str(tmp_path / "named.toml")]))
    assert found == [
        (str(tmp_path / "etc/config.toml"), True),
        (str(tmp_path / "home/jobs.d/a.toml"), False),
        (str(tmp_path / "home/jobs.d/b.toml"), False),
        (str(tmp_path / "named.toml"), True),
    ]


def test_ones_own_files_lie_where_the_desktop_says() -> None:
    assert home_directory({"XDG_CONFIG_HOME": "/config", "HOME": "/home/me"}) == "/config/pybackup"
    assert home_directory({"HOME": "/home/me"}) == "/home/me/.config/pybackup"


@pytest.mark.parametrize(
    ("table", "key", "line"),
    [
        ("", "version", 1),
        ("job.work", "sources", 4),
        ("job.work", "", 3),
        ("job.work", "of which there is none", 3),
        ('job.a b"', "", 0),
        ("notifier.me", "on", 7),
    ],
)
def test_a_mistake_names_the_line_of_its_key_or_of_the_table(table: str, key: str, line: int, tmp_path: Path) -> None:
    text = 'version = 1\n\n[job.work]\nsources = ["/a"]\n\n[notifier.me]\non = ["fail"]\n'
    file, mistakes = read(written(tmp_path / "x.toml", text))
    assert file is not None
    assert mistakes == []
    assert file.mistake(table, key, "wrong") == Mistake(file.path, line, table, key, "wrong")


def test_origins_are_files_and_lines(tmp_path: Path) -> None:
    file, _ = read(written(tmp_path / "x.toml", '[job.work]\noutput = "x"\n'))
    assert file is not None
    assert file.origin("job.work", "output") == f"{tmp_path}/x.toml:2"
    assert file.origin("job.work", "nowhere") == f"{tmp_path}/x.toml"


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_what_others_can_write_is_not_taken(mode: int, tmp_path: Path) -> None:
    file, mistakes = read(written(tmp_path / "x.toml", mode=mode))
    assert file is None
    assert "others may write it" in mistakes[0].text


def test_what_others_can_replace_is_not_taken(tmp_path: Path) -> None:
    path = written(tmp_path / "open/x.toml")
    path.parent.chmod(0o777)
    file, mistakes = read(path)
    assert file is None
    assert "others may put another file in its place" in mistakes[0].text
    path.parent.chmod(0o1777)
    assert read(path)[0] is not None


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"a = \n", 1, "Invalid value"),
        (b"a = 1\na = 2\n", 2, "Cannot overwrite a value"),
        (b"\xff", 0, "is not UTF-8"),
        (b"#" * (1 << 20) + b"\n", 0, "is larger than any job file"),
    ],
    ids=["no value", "twice", "latin-1", "long"],
)
def test_what_is_no_toml_is_a_mistake_with_its_line(content: bytes, line: int, words: str, tmp_path: Path) -> None:
    path = written(tmp_path / "x.toml")
    path.write_bytes(content)
    file, (mistake,) = read(path)
    assert file is None
    assert mistake.text.startswith(words)
    assert "at line" not in mistake.text
    assert mistake.line == line


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    assert read(tmp_path / "none.toml") == (
        None,
        [Mistake(str(tmp_path / "none.toml"), 0, "", "", "No such file or directory")],
    )
