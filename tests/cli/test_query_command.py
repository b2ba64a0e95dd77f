"""``dateline query`` and ``show`` on a terminal and in a pipe."""

import csv
import json
import re
from datetime import date

import pytest
from rich.cells import cell_len

from dateline.cli.reading import query as command
from dateline.cli.terminal.output import CommandError
from dateline.story import Story
from tests.cli.conftest import Command, plain
from tests.support.samples import Newsroom

LONG = "A headline of the harbour dated, longer than a narrow terminal shows beside an id and a source"
TITLES = [LONG, "عودة العبّارة إلى الميناء بعد تسع سنوات من الغياب الطويل عن المدينة", "[/x] [red]not[/] markup"]


@pytest.fixture
def stories(newsroom: Newsroom) -> list[str]:
    """Three stories, the oldest first; returns their ids."""
    pages = [(f"{n}", f"{title}|The words of story {n}.") for n, title in enumerate(TITLES)]
    newsroom.archive().add(newsroom.capture(*pages))
    return [story["id"] for story in newsroom.query().of_all()]


@pytest.mark.usefixtures("terminal")
def test_terminal_cuts_titles_alone(dateline: Command, stories: list[str]) -> None:
    """In 80 columns ids, dates and sources are whole, and no line is longer."""
    lines = plain(dateline("query").stdout).splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert [line.split()[0] for line in lines] == ["id", *stories[::-1]]
    assert all(" sample-gazette " in line for line in lines[1:])
    assert "2019-04-16 09:30" in lines[-1]
    assert lines[-1].endswith("…")


def test_pipe_has_tabs_alone(dateline: Command, stories: list[str]) -> None:
    """Without a terminal each story is one line of tab-separated cells, none cut or padded."""
    rows = list(csv.DictReader(dateline("query", "--oldest-first").stdout.splitlines(), delimiter="\t"))
    assert [row["id"] for row in rows] == stories
    assert {row["title"] for row in rows} == set(TITLES)
    assert {row["gone"] for row in rows} == {""}


@pytest.mark.usefixtures("stories")
@pytest.mark.parametrize(
    ("options", "first"),
    [([], 2), (["--oldest-first"], 0), (["--limit", "1"], 2), (["--oldest-first", "--limit", "1"], 0)],
)
def test_order_is_newest_first(dateline: Command, stories: list[str], options: list[str], first: int) -> None:
    """The newest story comes first, unless --oldest-first; --limit keeps the first ones."""
    lines = dateline("query", *options, "--json").stdout.splitlines()
    assert json.loads(lines[0])["id"] == stories[first]
    assert len(lines) == (1 if "--limit" in options else 3)


@pytest.mark.usefixtures("terminal", "stories")
def test_terminal_states_omissions(dateline: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the first stories come, and how many there are; with --limit no more is said."""
    monkeypatch.setattr(command, "_SCREEN", 2)
    done = dateline("query")
    assert len(done.stdout.splitlines()) == 3
    assert done.stderr == "2 of 3; --limit for more\n"
    assert dateline("query", "--text", "words").stderr == "2 of more; --limit for more\n"
    monkeypatch.setattr(command, "_COUNTED", 1)
    assert dateline("query").stderr == "2 of over 1; --limit for more\n"
    assert dateline("query", "--limit", "2").stderr == ""


@pytest.mark.usefixtures("newsroom")
@pytest.mark.parametrize("options", [[], ["--country", "tn"], ["--source", "libya-herald"], ["--language", "fr-TN"]])
def test_no_stories_is_said(dateline: Command, options: list[str]) -> None:
    """Nothing found is nothing on standard output and a word on standard error."""
    done = dateline("query", *options)
    assert (done.stdout, done.stderr, done.exit_code) == ("", "no stories\n", 0)


def test_query_and_show_agree(dateline: Command, stories: list[str]) -> None:
    """query --json and show --json print the same public Story, without the table's own attributes."""
    lines = dateline("query", "--json").stdout.splitlines()
    for line in lines:
        story = json.loads(line)
        assert dateline("show", story["id"], "--json").stdout == f"{line}\n"
        assert list(story) == list(Story.__dataclass_fields__)
    article = json.loads(dateline("show", stories[0], "--article").stdout)
    assert (article["title"], article["text"]) == (LONG, "The words of story 0.")


NAMES = [
    (["query", "--source", "libya-herld"], "libya-herald"),
    (["export", "-f", "jsonl", "--source", "sample-gazete"], "sample-gazette"),
    (["query", "--country", "libya"], "ly (Libya)"),
    (["query", "--about", "Tunis"], "tn (Tunisia)"),
    (["query", "--language", "arabic"], "ar (Arabic)"),
    (["export", "-f", "csv", "--language", "turkish"], "tr (Turkish)"),
    (["quarantine", "list", "--source", "kapitali"], "kapitalis"),
    (["quarantine", "release", "kapitali"], "kapitalis"),
    (["reextract", "libya-herold"], "libya-herald"),
    (["crawl", "libya-herold"], "libya-herald"),
    (["verify", "--source", "libya-herold"], "libya-herald"),
    (["import", ".", "--source", "libya-herold"], "libya-herald"),
    (["extract", ".", "--source", "libya-herold"], "libya-herald"),
    (["sources", "show", "libya-herold"], "libya-herald"),
    (["sources", "check", "libya-herold"], "libya-herald"),
    (["status", "--coverage", "--source", "libya-herold"], "libya-herald"),
    (["search", "x", "--country", "libya"], "ly (Libya)"),
    (["query", "--country", "tu"], "tn (Tunisia)"),
]


@pytest.mark.usefixtures("stories")
@pytest.mark.parametrize(("arguments", "near"), NAMES)
def test_unknown_name_has_nearest(dateline: Command, arguments: list[str], near: str) -> None:
    """An unknown source, country or language is an error with the nearest name, in each command."""
    done = dateline(*arguments)
    assert isinstance(done.exception, CommandError), done.output
    assert re.search(rf"there is no .*; did you mean {re.escape(near)}", str(done.exception))


@pytest.mark.parametrize("wide", [True, False])
def test_hostile_text_is_harmless(
    dateline: Command, newsroom: Newsroom, wide: bool, request: pytest.FixtureRequest
) -> None:
    """A title's markup is text, and its control characters never reach the terminal."""
    if wide:
        request.getfixturevalue("terminal")
    title = "[/x]\x1b]0;owned\x07 \x1b[2J\u202e[bold]Boats\x9b31m"
    newsroom.archive().add(newsroom.capture(("a", f"{title}|Words \x1b[8m of it.")))
    (story,) = newsroom.query().of_all()
    for arguments in (
        ["query"],
        ["show", story["id"]],
        ["show", story["id"], "--text"],
        ["show", story["id"], "--revisions"],
    ):
        done = dateline(*arguments)
        assert done.exit_code == 0, done.output
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", plain(done.output))
    assert "[/x]" in done.output


REVERSED = ("--since", "2020-01-02", "--until", "2020-01-01")


@pytest.mark.parametrize(
    "arguments",
    [
        ("query", *REVERSED),
        ("export", "--format", "csv", *REVERSED),
        ("search", "Haftar", *REVERSED),
        ("crawl", "sample-gazette", *REVERSED),
        ("status", "--coverage", *REVERSED),
        ("reextract", *REVERSED),
        ("names", "suggest", *REVERSED),
    ],
    ids=lambda arguments: arguments[0],
)
def test_reversed_days_are_refused(dateline: Command, arguments: tuple[str, ...]) -> None:
    """A last day before the first one is wrong usage, in every command that takes days."""
    done = dateline(*arguments)
    assert (done.exit_code, "2020-01-01 is before --since 2020-01-02" in plain(done.stderr)) == (2, True)


@pytest.mark.usefixtures("stories")
def test_reversed_days_have_no_stories(newsroom: Newsroom) -> None:
    """From Python, such days have no stories, by whatever list."""
    days = date(2020, 1, 2), date(2020, 1, 1)
    query = newsroom.query()
    found = [query.of_all(*days), query.of_source("sample-gazette", *days), query.about("ly", *days)]
    assert list(map(list, found)) == [[], [], []]


def test_limit_has_a_bound(dateline: Command) -> None:
    done = dateline("query", "--limit", "99999999999999999999")
    assert (done.exit_code, "is not in the range" in plain(done.stderr)) == (2, True)
