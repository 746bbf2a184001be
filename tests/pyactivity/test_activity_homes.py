"""Planned homes of four kinds, three years each: what a person did comes first, and is told right."""

import itertools
import re
from collections.abc import Iterator

import numpy as np
import pytest
from kit.system import local_zone
from kit.thorough import so_many

from benchmarks.homes import HOUR_NS, KINDS, NOW_NS, Home
from pyactivity.details import details
from pyactivity.explain import explain
from pyactivity.overview import overview_of
from pyactivity.overview_text import overview_sections
from pyactivity.render import group_lines
from pyactivity.survey import ACTIVITY, Survey, survey_of


@pytest.fixture(autouse=True)
def _utc() -> Iterator[None]:
    with local_zone("UTC0"):
        yield


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((kind, seed), marks=pytest.mark.xdist_group(kind))
        for kind in KINDS
        for seed in range(so_many(12, 41))
    ],
    ids=str,
)
def home(request: pytest.FixtureRequest) -> Home:
    kind, seed = request.param
    return KINDS[kind](seed)


@pytest.fixture(scope="module")
def survey(home: Home) -> Survey:
    return survey_of(home.scan(), radius_ns=HOUR_NS, now_ns=NOW_NS)


def test_streams_and_bulk_are_those_that_were_planned(home: Home, survey: Survey) -> None:
    arriving = np.concatenate([stream.members for stream in survey.streams])
    assert set(arriving.tolist()) == set(home.streams)
    assert np.flatnonzero(survey.bulk).tolist() == sorted(home.bulk)


def test_activities_are_the_sessions_that_were_planned(home: Home, survey: Survey) -> None:
    made = [part.members[~survey.bulk[part.members]] for part in survey.parts() if part.kind == ACTIVITY]
    found = [sorted(members.tolist()) for members in made if len(members)]
    assert sorted(found) == sorted(map(sorted, home.sessions))


def test_the_default_report_begins_with_sessions_and_fits_a_screen(home: Home, survey: Survey) -> None:
    parts = list(survey.fold(survey.parts()))
    shown = overview_of(survey, parts)
    first = next(overview_sections(shown, survey, b"/home/anna"))
    assert (first.name, first.parts) == ("worked", shown.worked)
    planned = {tuple(sorted(session)) for session in home.sessions}
    assert len(shown.worked) == 8
    for part in shown.worked:
        assert tuple(sorted(part.members.tolist())) in planned
        made = f" {len(part.members):,} files "
        head, *more = group_lines(details(survey, part), NOW_NS, b"/home/anna")
        assert made in head
        assert not any(line.lstrip().startswith("+") for line in more)
    assert [len(stream.members) for stream in shown.streams] == sorted(
        (len(stream.members) for stream in survey.streams), reverse=True
    )
    assert 0 < len(shown.bulk) <= 4
    assert set(np.concatenate([part.members for part in shown.bulk]).tolist()) <= set(home.bulk)
    # Nothing is lost between what is shown and what is folded.
    files = sum(len(part.members) for part in shown.parts()) + shown.others_files
    assert files == len(survey.scan.files)
    whole = {part.number for part in shown.worked} | {
        part.number for part in shown.bulk if survey.bulk[survey.activities.numbered(part.number)].all()
    }
    assert len(whole) + shown.others == len(survey.activities.clusters)
    sections = list(overview_sections(shown, survey, b"/home/anna"))
    lines = [section.title for section in sections] + [line for section in sections for line in section.lines]
    for part in itertools.chain.from_iterable(section.parts for section in sections):
        lines += group_lines(details(survey, part), NOW_NS, b"/home/anna")
    assert len(lines) <= 50


def test_the_radius_by_the_data_finds_the_sessions(home: Home) -> None:
    """Nine in ten, whatever radius it is."""
    chosen = survey_of(home.scan(), now_ns=NOW_NS)
    found = {
        tuple(sorted(part.members[~chosen.bulk[part.members]].tolist()))
        for part in chosen.parts()
        if part.kind == ACTIVITY
    }
    planned = {tuple(sorted(session)) for session in home.sessions}
    assert len(found & planned) >= 0.9 * len(planned)


def test_what_is_said_of_a_stream_is_what_makes_it_one(survey: Survey) -> None:
    for part in survey.parts():
        if part.stream:
            (why,) = explain(survey, part)
            slices, filled, _, swing, most = re.fullmatch(
                r"even: of ([\d,]+) times .* ([\d,]+) saw files, ([\d,.]+) each, give or take ([\d,.]+); "
                r"up to ([\d,.]+) is even",
                why,
            ).groups()  # type: ignore[union-attr]
            assert int(filled.replace(",", "")) >= 0.85 * int(slices.replace(",", ""))
            assert float(swing.replace(",", "")) <= float(most.replace(",", ""))
