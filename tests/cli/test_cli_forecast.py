"""pybackup forecast and pybackup drill, on real archives."""

import json
from itertools import pairwise
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from kit.command import lines, parsed, run
from kit.trees import plant_docs

from pybackup.cli.main import main
from pybackup.jobs import drill
from pybackup.monitor import Monitor
from pybackup.options.mending import MODELS
from pybackup.parity.odds.harm import Model
from pybackup.parity.odds.prospect import Prospects

FILES = 12


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    random = Random(5)
    (root / "docs/sub").mkdir(parents=True)
    (root / "docs/large").write_bytes(random.randbytes(300_000))
    (root / "docs/empty").touch()
    for number in range(FILES - 2):
        (root / f"docs/sub/{number}").write_bytes(random.randbytes(random.randrange(1, 20_000)))
    return root


@pytest.fixture(scope="module")
def archive(tree: Path) -> Path:
    made = run("create", "docs", "--quiet", cwd=tree)
    assert made.returncode == 0, made.stderr
    return tree / "docs.xtar"


@pytest.fixture(scope="module")
def bare(tree: Path) -> Path:
    """An archive without parity."""
    assert run("create", "docs", "-o", "bare.xtar", "--parity", "none", "--quiet", cwd=tree).returncode == 0
    return tree / "bare.xtar"


@pytest.fixture(scope="module")
def image(tree: Path) -> Path:
    """A file that is no archive, with a sidecar; it is no whole number of sectors, and partly zeros."""
    path = tree / "disc.img"
    path.write_bytes(Random(6).randbytes(400_001) + bytes(100_000) + Random(7).randbytes(150_000))
    assert run("protect", path, "--quiet").returncode == 0
    return path


def test_the_models_are_those_of_the_library() -> None:
    assert tuple(Model) == MODELS


# Forecast


def test_forecast_of_a_directory_is_that_of_each_volume_in_it(tree: Path, tmp_path: Path) -> None:
    assert run(
        "create", tree / "docs", "--volumes", tmp_path / "set", "--volume-size", "400K", "--quiet"
    ).returncode in (0,)
    names = sorted(path.name for path in (tmp_path / "set").iterdir())
    assert len(names) > 1
    done = run("forecast", "set", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    blocks = done.stdout.decode().split("\n\n")
    assert [block.split()[1] for block in blocks] == [f"set/{name}:" for name in names]
    assert blocks[0] == run("forecast", f"set/{names[0]}", cwd=tmp_path).stdout.decode().rstrip("\n")
    said = run("forecast", "--json", "set", cwd=tmp_path).stdout.splitlines()
    assert [json.loads(line)["file"]["text"] for line in said] == [f"set/{name}" for name in names]


def test_one_of_a_directory_that_has_no_parity_left_is_named_and_the_rest_shown(archive: Path, tmp_path: Path) -> None:
    data = archive.read_bytes()
    (tmp_path / "whole.xtar").write_bytes(data)
    (tmp_path / "cut.xtar").write_bytes(data[: len(data) // 2])
    done = run("forecast", ".", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith(b"volume:       ./whole.xtar")
    assert done.stdout.count(b"volume: ") == 1
    assert b"cut.xtar: damaged: no parity stream ends here" in done.stderr
    (tmp_path / "empty").mkdir()
    none = run("forecast", "empty", cwd=tmp_path)
    assert (none.returncode, none.stdout) == (2, b"")
    assert b"empty: no archive is in this directory" in none.stderr


def test_forecast_in_words(archive: Path) -> None:
    done = run("forecast", archive)
    assert (done.returncode, done.stderr) == (0, b"")
    shown = dict(line.split(":", 1) for line in lines(done.stdout) if not line.startswith(" "))
    expected = {
        "any pattern",
        "scattered",
        "one burst",
        "lost start",
        "lost end",
        "both ends",
        "weakest",
        "worst burst",
    }
    assert expected <= shown.keys()
    assert "docs/large" in done.stdout.decode()
    assert f"of {FILES} files" in shown["beyond it"]


def test_forecast_in_json(archive: Path) -> None:
    told = parsed(run("forecast", archive, "--sweep", "--json"))
    limits = told["survives_sectors"]
    assert 0 < limits["any_pattern"] <= limits["scattered_999"] <= limits["scattered_500"] < told["sectors"]
    assert limits["any_pattern"] <= limits["burst"] <= min(limits["start"], limits["end"])
    assert told["largest"][0] == {"path": {"text": "docs/large"}, "sectors": told["largest"][0]["sectors"]}
    assert 147 <= told["largest"][0]["sectors"] <= 148
    curve = told["sweep"]
    assert curve[0] == {"lost": 0, "fraction": 0.0, "chance": 1.0, "files_without_parity": 1.0}
    assert curve[-1]["chance"] < 0.001
    assert curve[-1]["fraction"] > limits["scattered_500"] / told["sectors"]
    for before, after in pairwise(curve):
        assert before["chance"] >= after["chance"]
        assert before["files_without_parity"] > after["files_without_parity"]


def test_forecast_without_parity(bare: Path) -> None:
    done = run("forecast", bare, "--sweep")
    assert done.returncode == 0
    assert b"nothing for certain" in done.stdout
    told = parsed(run("forecast", bare, "--json"))
    assert told["groups"] == 0
    assert set(told["survives_sectors"].values()) <= {0, told["survives_sectors"]["scattered_999"]}


def test_forecast_of_a_sidecar(image: Path) -> None:
    told = parsed(run("forecast", image, "--json"))
    assert told["sidecar"] is True
    assert "files" not in told
    assert 0 < told["survives_sectors"]["start"] < told["data_sectors"]
    wrong = run("forecast", f"{image}.xpar")
    assert wrong.returncode == 2
    assert b"is a sidecar" in wrong.stderr


def test_forecast_reads_no_more_than_it_needs(archive: Path, tmp_path: Path) -> None:
    """The forecast is the same after the contents are destroyed."""
    told = parsed(run("forecast", archive, "--json"))
    data = bytearray(archive.read_bytes())
    data[4096:250_000] = bytes(250_000 - 4096)
    (tmp_path / "docs.xtar").write_bytes(data)
    assert {**parsed(run("forecast", tmp_path / "docs.xtar", "--json")), "file": told["file"]} == told


def test_forecast_of_what_has_no_stream(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"plain" * 1000)
    done = run("forecast", tmp_path / "plain")
    assert done.returncode == 4
    assert b"'pybackup protect'" in done.stderr
    assert run("forecast", tmp_path / "missing").returncode == 2


# Drill


def drilled(capsys: pytest.CaptureFixture[bytes], *arguments: str | Path) -> tuple[int, list[dict[str, object]]]:
    status = main(["drill", *map(str, arguments), "--workers", "1", "--json"])
    return status, json.loads(capsys.readouterr().out)["rounds"]


def test_drill_of_an_archive(archive: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    before = archive.read_bytes()
    status, rounds = drilled(capsysbinary, archive, "--work-dir", tmp_path)
    assert status == 0
    assert archive.read_bytes() == before
    assert list(tmp_path.iterdir()) == []
    assert {found["model"] for found in rounds} == set(Model)
    assert all(found["agrees"] for found in rounds)
    decided = [found for found in rounds if found["forecast"] in (0.0, 1.0)]
    assert {found["all_back"] for found in decided} == {True, False}
    assert all(found["all_back"] is (found["forecast"] == 1.0) for found in decided)
    assert any(found["files_lost"] for found in rounds)
    assert not any(found["files_wrong"] or found["sectors_found_elsewhere"] for found in rounds)


def test_drill_of_a_sidecar(image: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    before = [image.read_bytes(), Path(f"{image}.xpar").read_bytes()]
    status, rounds = drilled(capsysbinary, image, "--work-dir", tmp_path)
    assert status == 0
    assert [image.read_bytes(), Path(f"{image}.xpar").read_bytes()] == before
    assert {found["all_back"] for found in rounds} == {True, False}
    assert all(found["files_lost"] is None for found in rounds)


def test_content_that_stands_twice_is_no_wrong_forecast(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Data behind removed bytes is found again at an odd offset, though the forecast knows only the layout."""
    half = Random(6).randbytes(1_000_001)
    (tmp_path / "f").write_bytes(half + half)
    assert main(["protect", str(tmp_path / "f"), "--quiet"]) == 0
    drill = (tmp_path / "f", "--damage", "delete", "--fraction", "15%")
    status, (found,) = drilled(capsysbinary, *drill)
    assert (status, found["all_back"], found["agrees"]) == (0, True, True)
    assert found["forecast"] == pytest.approx(0, abs=0.001)
    assert int(str(found["sectors_found_elsewhere"])) > 50
    assert main(["drill", *map(str, drill)]) == 0
    assert b" stood twice  agrees" in capsysbinary.readouterr().out


def test_drill_without_parity(bare: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """A burst destroys files, as forecast."""
    status, rounds = drilled(capsysbinary, bare, "--damage", "burst", "--fraction", "20%", "--work-dir", tmp_path)
    assert status == 0
    assert [(found["model"], found["forecast"], found["all_back"]) for found in rounds] == [("burst", 0.0, False)]
    assert rounds[0]["files_lost"]


def test_drill_as_a_process(archive: Path) -> None:
    arguments = ("drill", archive, "--damage", "scattered", "--fraction", "5%", "--rounds", "2", "--seed", "9")
    done = run(*arguments)
    assert done.returncode == 0
    shown = lines(done.stdout)
    assert len(shown) == 2
    assert all("survives" in line and "all back" in line and line.endswith("  agrees") for line in shown)
    assert ["seed 9" in shown[0], "seed 10" in shown[1]] == [True, True]
    assert lines(done.stderr) == ["pybackup: 2 of 2 rounds went as forecast"]
    quiet = run(*arguments, "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, b"", b"")


def test_a_wrong_forecast_is_told(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(Prospects, "chance", lambda self, model, sectors: 1.0)
    status, rounds = drilled(capsysbinary, archive, "--damage", "start", "--fraction", "30%")
    assert status == 1
    assert [(found["all_back"], found["agrees"]) for found in rounds] == [(False, False)]
    assert main(["drill", str(archive), "--damage", "start", "--fraction", "30%", "--workers", "1"]) == 1
    told = capsysbinary.readouterr()
    assert b"DISAGREES" in told.out
    assert b"0 of 1 round went as forecast" in told.err


def test_a_repair_that_boasts_is_told(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A repair that claims success without having repaired makes the round wrong, though the forecast was right."""

    def boast(paths: list[bytes], output: bytes, **options: object) -> SimpleNamespace:
        Path(output.decode()).write_bytes(Path(paths[0].decode()).read_bytes())
        return SimpleNamespace(complete=True, mended=0, left=0)

    monkeypatch.setattr(drill, "repair", boast)
    status, rounds = drilled(capsysbinary, archive, "--damage", "start", "--fraction", "30%")
    assert status == 1
    assert [(found["forecast"], found["all_back"], found["agrees"]) for found in rounds] == [(0.0, False, False)]


def test_a_file_that_comes_back_wrong_is_named(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    def restore(image: bytes, target: bytes, workers: int | None, monitor: Monitor) -> None:
        (Path(target.decode()) / "docs").mkdir()
        (Path(target.decode()) / "docs/large").write_bytes(bytes(300_000))

    monkeypatch.setattr(drill, "_restore", restore)
    status, rounds = drilled(capsysbinary, archive, "--damage", "start", "--fraction", "30%")
    assert status == 1
    assert rounds[0]["files_wrong"] == [{"text": "docs/large"}]
    assert rounds[0]["files_lost"] == FILES - 1


def test_no_drill_of_what_is_damaged(archive: Path, tmp_path: Path) -> None:
    data = bytearray(archive.read_bytes())
    data[100_000] ^= 1
    (tmp_path / "docs.xtar").write_bytes(data)
    done = run("drill", tmp_path / "docs.xtar")
    assert done.returncode == 4
    assert b"is damaged already" in done.stderr


@pytest.mark.parametrize("wrong", ["5", "0%", "101%", "x%", "nan%"])
def test_fractions(wrong: str) -> None:
    assert main(["drill", "x.xtar", "--fraction", wrong]) == 2


@pytest.mark.parametrize("n_bytes", [1, 2048, 4097])
def test_drill_of_a_tiny_file(n_bytes: int, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """No more can be lost at an end than the file has, and the sidecar can restore all of that."""
    (tmp_path / "f").write_bytes(Random(8).randbytes(n_bytes))
    assert main(["protect", str(tmp_path / "f"), "--quiet"]) == 0
    status, rounds = drilled(capsysbinary, tmp_path / "f")
    assert (status, [found["model"] for found in rounds if not found["agrees"]]) == (0, [])
    status, rounds = drilled(capsysbinary, tmp_path / "f", "--damage", "start", "--fraction", "100%")
    assert [(found["forecast"] == 1.0, found["agrees"]) for found in rounds] == [(n_bytes <= 2048, True)]


@pytest.mark.parametrize("parity", ["10%", "20%", "none"])
def test_truncations_up_to_the_byte_that_is_promised(tmp_path: Path, parity: str) -> None:
    """Cutting off one more byte may be too much; verify and repair agree on it for every length."""
    plant_docs(tmp_path)
    assert run("create", "docs", "-o", "a.xtar", "--parity", parity, cwd=tmp_path).returncode == 0
    whole = (tmp_path / "a.xtar").read_bytes()
    assert len(whole) % 2048, "the last sector is to be one in part"
    most = parsed(run("forecast", "a.xtar", "--json", cwd=tmp_path))["survives_truncation_bytes"]
    if parity != "none":
        promise = f"truncated by no more than {most:,} bytes".encode()
        assert promise in run("forecast", "a.xtar", cwd=tmp_path).stdout
    for cut in (most, most + 1, most + 1024, most + 2048, 3 * most + 9000):
        (tmp_path / "cut.xtar").write_bytes(whole[:-cut] if cut else whole)
        (tmp_path / "fixed.xtar").unlink(missing_ok=True)
        verified = run("verify", "cut.xtar", cwd=tmp_path).returncode
        repaired = run("repair", "cut.xtar", "-o", "fixed.xtar", cwd=tmp_path).returncode
        if cut <= most:
            assert (verified, repaired) == (3 if cut else 0, 0)
            assert (tmp_path / "fixed.xtar").read_bytes() == whole
        elif (tmp_path / "fixed.xtar").exists():
            # What is lost of the archive may be all known, or nobody's.
            assert (verified, repaired) in ((3, 0), (3, 3), (4, 4))
            assert (repaired == 0) == ((tmp_path / "fixed.xtar").read_bytes() == whole) or repaired == 3
        else:
            assert repaired == 4
