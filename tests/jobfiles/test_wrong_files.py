"""Wrong job files: every mistake is named, with its place and what was probably meant."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pybackup.cli.main import main
from pybackup.jobfiles.load import load_all

GOOD = 'sources = ["/a"]\noutput = "/b.xtar"\n'
DISCS = 'mode = "discs"\nsources = ["/a"]\nvolumes = "/v"\n'
# What stands in [job.x], behind what is needed; the line counts from there, and what is said of it.
IN_A_JOB: list[tuple[str, str]] = [
    ('excldue = ["a"]', "excldue: no such key; did you mean 'exclude'?"),
    ("skip-junk = true", "skip-junk: no such key; did you mean 'skip_junk'?"),
    ('Compression = "fast"', "Compression: no such key; did you mean 'compression'?"),
    ("zzzz = 1", "zzzz: no such key"),
    ('compression = "fats"', "compression: 'fats' is none of store, fast, default, small"),
    ("compression = 3", "compression: a number stands where a text is wanted"),
    ('exclude = "*.tmp"', 'exclude: a text stands where a list is wanted, such as ["*.tmp"]'),
    ("exclude = [true]", "exclude: each item must be a text"),
    ("exclude = { a = 1 }", "exclude: a table stands where a list is wanted"),
    (
        'exclude = ["+a", "b"]',
        "exclude: either all items begin with +, and are added to those that hold already, or none does",
    ),
    ('skip_junk = "yes"', "skip_junk: a text stands where a true or false is wanted"),
    ("skip_junk = 1", "skip_junk: a number stands where a true or false is wanted"),
    ("overwrite = 0", "overwrite: a number stands where a true or false is wanted"),
    ('workers = "2"', "workers: a text stands where a number is wanted"),
    ("workers = 0", "workers: not a whole number of 1 or more: 0"),
    ("workers = true", "workers: a true or false stands where a number is wanted"),
    ("workers = 1.5", "workers: a number with a fraction stands where a number is wanted"),
    ('parity = "10"', "parity: "),
    ("parity = 10", "parity: a number stands where a text is wanted"),
    ('segment_size = "3K"', "segment_size: a segment is 64 KiB"),
    ("group_sectors = -1", "group_sectors: less than 0: '-1'"),
    ('since = "one day"', "since: "),
    ("since = true", "since: a true or false stands where a number or text is wanted"),
    ('store = ["a/b"]', "store: not the part of a name after its last dot"),
    ("comment = 5", "comment: a number stands where a text is wanted"),
    ("since_archive = 1", "since_archive: a number stands where a list is wanted"),
    ('mode = "archiv"', "mode: no such mode; did you mean 'archive'?; there are archive, discs, snapshot, stage"),
    ('level = "weekly"', "level: 'weekly' is none of auto, full, differential, incremental"),
    ("level = 1", "level: 1 is none of auto, full"),
    ('level = { full = "hourly" }', "level: full is one of daily, weekly, monthly, yearly"),
    ("level = {}", "level: full is one of daily"),
    ('level = { full = "monthly", betwen = "auto" }', "level: betwen: no such key; did you mean 'between'?"),
    ('level = { full = "monthly", between = "none" }', "level: 'none' is none of auto, full"),
    ('known = "yes"', "known: is a table, such as { skip = true, min_copies = 1"),
    ("known = { skip = 1 }", "known: skip: a number stands where a true or false is wanted"),
    ("known = { min_copy = 1 }", "known: min_copy: no such key; did you mean 'min_copies'?"),
    ("known = { min_copies = 0 }", "known: min_copies: not a whole number of 1 or more: 0"),
    ('known = { max_age_of_check = "soon" }', "known: max_age_of_check: not an age such as 90d"),
    ("keep = 3", "keep: is a table, such as { last = 3"),
    ("keep = {}", "keep: it keeps nothing"),
    ("keep = { last = 0 }", "keep: it keeps nothing"),
    ("keep = { hourly = 3 }", "keep: 'hourly' is none of last, daily"),
    ("keep = { within = 7 }", "keep: not an age such as 90d"),
    ("keep = { last = true }", "keep: not a whole number: 'True'"),
    ("delta = { max_depth = 9 }", "delta: max_depth=9: the rules for deltas are min_size=1M, max_depth=1 (up to 3)"),
    ("delta = { depth = 1 }", "delta: depth: no such key"),
    ('delta = { min_saving = "much" }', "delta: not a percentage"),
    ("delta = 3", "delta: is a table, such as { min_size"),
    ("copies = 2", "copies: is a table, such as { want = 2"),
    ("copies = { places = 2 }", "copies: does not say how many: { want = 2"),
    ("copies = { want = 1, places = 2 }", "copies: there cannot be more places than copies"),
    ("require = { min_files = 1 }", "require: is for jobs of mode snapshot"),
    ("burn = 5", "burn: is a table, such as { device = "),
    ('export = "rar"', "export: 'rar' is none of none, zip, tar, tar.gz, tar.bz2, tar.xz"),
    ("export = true", "export: a true or false stands where a text is wanted"),
    ('export = { format = "zip", insted = true }', "export: insted: no such key; did you mean 'instead'?"),
    ('export = { format = "zip", instead = "yes" }', "export: a text stands where a true or false is wanted"),
    ("export = { instead = true }", "export: format is missing"),
    ('schedule = "yearly"', "schedule: 'yearly' is none of hourly, daily, weekly, monthly"),
    ('schedule = "25:00"', "schedule: '25:00' is none of"),
    ('schedule = "31 02:00"', "schedule: '31 02:00': not each month has that day; 1 to 28 are in all"),
    ('schedule = "moonday 02:00"', "schedule: 'moonday 02:00': moonday is no day of the week"),
    ("schedule = 2", "schedule: a number stands where a text is wanted"),
    ('notify = "mail"', 'notify: a text stands where a list is wanted, such as ["mail"]'),
    ('notify = ["mial"]', "notify: 'mial': no such notifier; did you mean 'mail'?"),
    ('syslog = "yes"', "syslog: a text stands where a true or false is wanted"),
    ("catalogue = 1", "catalogue: a number stands where a text is wanted"),
    ('catalogue = "postgresql://me:secret@host/db"', "catalogue: a password stands in no job file"),
    ('catalogue = { url = "postgresql://me:secret@host/db" }', "catalogue: a password stands in no job file"),
    ('catalogue = { password = { env = "X" } }', "catalogue: url is missing"),
    ('catalogue = { url = "a", pasword = 1 }', "catalogue: pasword: no such key; did you mean 'password'?"),
    ('catalogue = { url = "a", password = "secret" }', "catalogue: a secret stands in no job file; say where it is: "),
    ('catalogue = { url = "a", password = { fil = "secret" } }', "catalogue: a secret stands in no job file"),
    ('catalogue = { url = "a", password = { command = "secret" } }', "catalogue: the command is a list"),
    ('catalogue = { url = "a", password = { env = 5 } }', "catalogue: what stands under env is a text"),
    ("volumes = '/v'", "volumes: is for jobs of mode discs"),
    ('volume_size = "cd700"', "volume_size: is for jobs of mode discs"),
    ("recovery_volumes = 1", "recovery_volumes: is for jobs of mode discs"),
    ('media = "bd25"', "media: is for jobs of mode discs"),
    ("hook = 1", "hook: hooks are tables, each under a heading [[job.NAME.hook]]"),
    ('hook = [{ run = ["a"] }]', 'hook: hook 1: has either before = "run" or after = "run"'),
    ('hook = [{ before = "run", after = "run", run = ["a"] }]', "hook: hook 1: has either before"),
    ('hook = [{ before = "burn", run = ["a"] }]', "hook: hook 1: before = 'burn' is for jobs of mode discs"),
    ('hook = [{ after = "volume", run = ["a"] }]', "hook: hook 1: after = 'volume' is for jobs of mode discs"),
    ('hook = [{ before = "volume", run = ["a"] }]', "hook: hook 1: before: 'volume' is none of 'run', 'level', 'burn'"),
    (
        'hook = [{ after = "prune", states = ["ok"], run = ["a"] }]',
        "hook: hook 1: states are those of a run, a level or a burn",
    ),
    ('hook = [{ before = "ran", run = ["a"] }]', "hook: hook 1: before: 'ran' is none of 'run', 'level', 'burn'"),
    (
        'hook = [{ after = "run", run = "a b" }]',
        "hook: hook 1: run is a list, the program and each of its arguments; a text",
    ),
    ('hook = [{ after = "run", run = [] }]', "hook: hook 1: run is a list: the program and each of its arguments"),
    ('hook = [{ after = "run" }]', "hook: hook 1: run is a list"),
    ('hook = [{ after = "run", run = [1] }]', "hook: hook 1: run is a list"),
    (
        'hook = [{ after = "run", run = ["a"], shell = true }]',
        "hook: hook 1: shell = true is for a text, not for a list",
    ),
    (
        'hook = [{ after = "run", run = "a", shell = 1 }]',
        "hook: hook 1: a number stands where a true or false is wanted",
    ),
    ('hook = [{ after = "run", run = ["a"], states = ["failed"] }]', "no such state; did you mean 'fail'?"),
    ('hook = [{ after = "run", run = ["a"], states = "fail" }]', "hook: hook 1: states are a list"),
    ('hook = [{ before = "run", run = ["a"], states = ["ok"] }]', "hook: hook 1: states are known only afterwards"),
    ('hook = [{ after = "run", run = ["a"], time_limit = 5 }]', "hook: hook 1: 5 is no span of time such as 30s"),
    ('hook = [{ after = "run", run = ["a"], time_limit = "0s" }]', "hook: hook 1: '0s' is no span of time"),
    ('hook = [{ after = "run", rum = ["a"] }]', "hook: hook 1: rum: no such key; did you mean 'run'?"),
]
SOURCES: list[tuple[str, str]] = [
    ('"/a"', "sources: sources are a list"),
    ("[]", "sources: is empty: there is nothing to back up"),
    ("[1]", "sources: source 1 is neither a text nor a table with a path"),
    ('[""]', "sources: source 1 is neither a text nor a table with a path"),
    ('["/a", { compression = "fast" }]', "sources: source 2 has no path"),
    ("[{ path = 1 }]", "sources: source 1: path: a number stands where a text is wanted"),
    ('[{ path = "/a", separate_dir = true }]', "source 1: separate_dir: no such key; did you mean 'separate_dirs'?"),
    (
        '[{ path = "/a", separate_dirs = 1 }]',
        "source 1: separate_dirs: a number stands where a true or false is wanted",
    ),
    ('[{ path = "/a", compression = "x" }]', "source 1: compression: 'x' is none of"),
    ('[{ path = "/a", pack = "tight" }]', "source 1: pack: no such key"),
    ('[{ path = "/a", export = "rar" }]', "source 1: export: 'rar' is none of none, zip"),
]
OUTPUTS: list[tuple[str, str]] = [
    ("5", "output: a number stands where a text is wanted"),
    ('"/{jop}.xtar"', "output: {jop}: no such placeholder; did you mean 'job'?"),
    ('"/{job.xtar"', "output: a brace without its partner; write {{ or }} for a single brace in the name"),
    ('"/{}.xtar"', "output: {}: no such placeholder"),
]
MEDIA: list[tuple[str, str]] = [
    ('media = "bd26"', "media: "),
    ("media = true", "media: a true or false stands where a number or text is wanted"),
    ('media = { first = ["596M"] }', 'media: does not say which media come after the first ones: then = "bd25"'),
    ('media = { then = "bd25", frist = ["1M"] }', "media: frist: no such key; did you mean 'first'?"),
    ('media = { then = "bd25", first = ["abc"] }', "media: "),
    ('volume_size = "x"', "volume_size: "),
    ('media = "bd25"\nsecond_copies = "0%"', "second_copies: "),
    ('media = "bd25"\nrecovery_volumes = "1"', "recovery_volumes: a text stands where a number is wanted"),
    ('media = "bd25"\npack = "loose"', "pack: 'loose' is none of ordered, tight"),
    ('media = "bd25"\noutput = "/a.xtar"', "output: is for jobs of mode archive"),
    ('media = "bd25"\nburn = "/dev/sr0"', "burn: there is nothing to burn without the key images"),
    ('media = "bd25"\nimages = "/i"\nburn = { speed = 8 }', "burn: device is missing"),
    ('media = "bd25"\nimages = "/i"\nburn = { device = "/dev/sr0", sped = 8 }', "burn: sped: no such key"),
    (
        'media = "bd25"\nimages = "/i"\nhook = [{ after = "burn", run = ["a"] }]',
        "hook: hook 1: after = 'burn': nothing is burnt without the key burn",
    ),
    ('media = "bd25"\nexport = "zip"', "export: is for jobs of mode archive"),
    ("", "media is missing: which they are"),
]
NOTIFIERS: list[tuple[str, str]] = [
    ("on = ['fail']", "has exactly one of sendmail, smtp, ping and apprise"),
    ('sendmail = "a@b.c"\nping = "https://a"', "has exactly one of sendmail, smtp, ping and apprise"),
    ('sendmail = "a b@c.d"', "sendmail: 'a b@c.d' is no address of mail"),
    ('sendmail = "a@b.c,d@e.f"', "sendmail: 'a@b.c,d@e.f' is no address of mail"),
    ("sendmail = 5", "a number stands where a text is wanted"),
    ('sendmial = "a@b.c"', "sendmial: no such key; did you mean 'sendmail'?"),
    ('sendmail = "a@b.c"\non = "fail"', "on is a list of events"),
    ('sendmail = "a@b.c"\non = ["failure"]', "on: no such event; did you mean 'fail'?"),
    ('sendmail = "a@b.c"\non = ["disc_full"]', "on: no such event; did you mean 'disc-full'?"),
    ('smtp = "mail.example.org"', "smtp is a table"),
    ('smtp = { host = "a" }', "smtp: to is missing"),
    ('smtp = { to = "a@b.c" }', "smtp: host is missing"),
    ('smtp = { host = "a", to = "a@b.c", prot = 1 }', "smtp: prot: no such key; did you mean 'port'?"),
    ('smtp = { host = "a", to = "a@b.c", port = "25" }', "a text stands where a number is wanted"),
    ('smtp = { host = "a", to = "a@b.c", security = "ssl" }', "smtp: security: 'ssl' is none of starttls, tls, none"),
    ('smtp = { host = "a", to = "a@b.c", password = "secret" }', "a secret stands in no job file"),
    (
        'smtp = { host = "a", to = "a@b.c", security = "none", password = { env = "X" } }',
        "smtp: a password goes nowhere without",
    ),
    ('apprise = "mailto://me:secret@example.org"', "a secret stands in no job file"),
    ("ping = 5", "a number stands where a text is wanted"),
    ('ping = "ftp://a"', "ping: an address begins with https:// or http://"),
]
WHOLE: list[tuple[str, str]] = [
    ("[job.x\n", ":1: "),
    ("a = 1\na = 2\n", ":2: Cannot overwrite a value"),
    ("versoin = 1\n", ":1: versoin: no such table; did you mean 'version'?"),
    ("version = 2\n", ":1: version: this program knows version 1 of job files only"),
    ("version = true\n", ":1: version: this program knows version 1"),
    ("job = 1\n", ":1: job: is no table: each job has a name, [job.NAME]"),
    ("notify = 1\n", ":1: notify: is no table"),
    ("defaults = 1\n", ":1: defaults: is no table"),
    ("[job]\nx = 1\n", ":2: [job]: x: is no table: [job.x]"),
    (f'[job."a b"]\n{GOOD}', ":1: [job.a b]: the name of a job has letters, digits, - _ . and no other sign"),
    (f'[job."../a"]\n{GOOD}', "the name of a job has letters, digits"),
    ('[job.x]\nsources = ["/a"]\n', ":1: [job.x]: output is missing, which a job of mode archive needs"),
    ('[job.x]\noutput = "/a"\n', ":1: [job.x]: sources is missing"),
    ('[job.x]\nmode = "discs"\nmedia = "bd25"\n', ":1: [job.x]: sources is missing, which a job of mode discs needs"),
    ('[defaults]\nsources = ["/a"]\n', ":2: [defaults]: sources: belongs to one job"),
    ('[defaults]\nexclude = 1\n', ":2: [defaults]: exclude: a number stands where a list is wanted"),
]  # fmt: skip


def told(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "x.toml"
    path.write_text(text)
    path.chmod(0o644)
    _, mistakes = load_all([], [str(path)])
    return [str(mistake).removeprefix(str(path)) for mistake in mistakes]


def test_there_are_a_hundred() -> None:
    assert len([*IN_A_JOB, *SOURCES, *OUTPUTS, *MEDIA, *NOTIFIERS, *WHOLE]) >= 100


@pytest.mark.parametrize(("text", "said"), IN_A_JOB)
def test_keys_of_a_job(text: str, said: str, tmp_path: Path) -> None:
    mail = '[notify.mail]\nsendmail = "me@example.org"\n'
    (found,) = told(f"{mail}[job.x]\n{GOOD}{text}\n", tmp_path)
    assert found.startswith(":6: [job.x]: ")
    assert said in found


def test_what_contradicts_another_key(tmp_path: Path) -> None:
    (found,) = told(f"[job.x]\n{GOOD}known = true\nknown_copies = 2\n", tmp_path)
    assert found == ":5: [job.x]: known_copies: stands beside known, which says the same: give one of them"
    one = '[job.x]\nmode = "snapshot"\nsource = "/a"\nto = "/b"\nrequire = { min_files = 1 }\n'
    (found,) = told(f"{one}require_files = 1\n", tmp_path)
    assert found == ":6: [job.x]: require_files: stands beside require, which says the same: give one of them"


@pytest.mark.parametrize(("value", "said"), SOURCES)
def test_sources(value: str, said: str, tmp_path: Path) -> None:
    (found,) = told(f'[job.x]\noutput = "/b"\nsources = {value}\n', tmp_path)
    assert found.startswith(":3: [job.x]: sources: ")
    assert said in found


@pytest.mark.parametrize(("value", "said"), OUTPUTS)
def test_patterns(value: str, said: str, tmp_path: Path) -> None:
    (found,) = told(f'[job.x]\nsources = ["/a"]\noutput = {value}\n', tmp_path)
    assert found.startswith(":3: [job.x]: output: ")
    assert said in found


@pytest.mark.parametrize(("text", "said"), MEDIA)
def test_media(text: str, said: str, tmp_path: Path) -> None:
    (found,) = told(f"[job.x]\n{DISCS}{text}\n", tmp_path)
    assert said in found


@pytest.mark.parametrize(("text", "said"), NOTIFIERS)
def test_notifiers(text: str, said: str, tmp_path: Path) -> None:
    (found,) = told(f"[notify.n]\n{text}\n", tmp_path)
    assert "[notify.n]: " in found
    assert said in found
    assert 'secret"' not in found


@pytest.mark.parametrize(("text", "said"), WHOLE)
def test_whole_files(text: str, said: str, tmp_path: Path) -> None:
    (found,) = told(text, tmp_path)
    assert said in found


def test_all_at_once_and_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.toml"
    path.write_text('version = 3\n[job.x]\nsorces = ["/a"]\noutput = 5\n[job.y]\nmode = "stage"\nwatch = "~/music"\n')
    path.chmod(0o600)
    assert main(["jobs", "check", "--config", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"{path}:1: version: this program knows version 1 of job files only",
        f"{path}:2: [job.x]: sources is missing, which a job of mode archive needs",
        f"{path}:3: [job.x]: sorces: no such key; did you mean 'sources'?",
        f"{path}:4: [job.x]: output: a number stands where a text is wanted",
        f"{path}:5: [job.y]: staging is missing, which a job of mode stage needs",
        f"{path}:5: [job.y]: medium is missing, which a job of mode stage needs",
    ]
    assert said.err == "pybackup: 2 jobs in 1 file, 6 mistakes\n"
    assert main(["jobs", "check", "--config", str(path), "--json", "--quiet"]) == 2
    assert len(json.loads(capsys.readouterr().out)["mistakes"]) == 6
    assert main(["jobs", "list", "--config", str(path)]) == 2
    assert "[job.y]: staging is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("mode", "said"),
    [(0o666, "others may write it"), (0o620, "others may write it"), (0o644, ""), (0o600, "")],
)
def test_what_others_can_write_is_refused(mode: int, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(f"[job.x]\n{GOOD}")
    path.chmod(mode)
    configuration, mistakes = load_all([], [str(path)])
    assert [mistake.text.partition(",")[0] for mistake in mistakes] == ([said] if said else [])
    assert list(configuration.jobs) == ([] if said else ["x"])


@pytest.mark.parametrize(
    ("mode", "said"), [(0o777, "where others may put another"), (0o770, "where others"), (0o1777, ""), (0o755, "")]
)
def test_where_others_can_put_another_file_in_its_place_it_is_refused(mode: int, said: str, tmp_path: Path) -> None:
    path = tmp_path / "below" / "x.toml"
    path.parent.mkdir()
    path.write_text(f"[job.x]\n{GOOD}")
    path.chmod(0o644)
    path.parent.chmod(mode)
    (tmp_path / "link.toml").symlink_to(path)
    for named in (path, tmp_path / "link.toml"):
        configuration, mistakes = load_all([], [str(named)])
        assert [said in mistake.text for mistake in mistakes] == ([True] if said else [])
        assert list(configuration.jobs) == ([] if said else ["x"])


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file away")
def test_what_belongs_to_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("")
    path.chmod(0o644)
    os.chown(path, 4321, 4321)
    _, (mistake,) = load_all([], [str(path)])
    assert mistake.text.startswith("belongs to somebody else")


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"\xff", "is not UTF-8"), (b"#" * (1 << 21), "is larger than any job file"), (None, "No such file or directory")],
)
def test_what_is_no_text(data: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    if data is not None:
        path.write_bytes(data)
        path.chmod(0o644)
    _, (mistake,) = load_all([], [str(path)])
    assert mistake.text == said


def test_files_of_a_directory_set_no_defaults(tmp_path: Path) -> None:
    below = tmp_path / "jobs.d"
    below.mkdir()
    (below / "x.toml").write_text("[defaults]\nskip_junk = true\n")
    (below / "x.toml").chmod(0o644)
    _, (mistake,) = load_all([str(tmp_path)])
    assert (mistake.line, mistake.text) == (1, "defaults stand in config.toml, where they are looked for")
