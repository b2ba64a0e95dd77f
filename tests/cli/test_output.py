"""What the commands print with: tables, counts, text of anybody's."""

import json
import shlex
from typing import Any

import pytest
from rich.cells import cell_len

from dateline.cli.collecting import crawl, import_
from dateline.cli.operating import env
from dateline.cli.stack import Stack
from dateline.cli.terminal import output
from dateline.cli.terminal.cells import Column
from dateline.cli.terminal.tables import print_fields, print_table
from dateline.importing.found import Reason
from tests.cli.conftest import plain

COLUMNS = (
    Column("id"),
    Column("many", right=True, drop=2),
    Column("few", right=True, drop=1),
    Column("title", cut=True),
)


def rows(*, width: int) -> list[tuple[str, str, str, str]]:
    return [("a" * width, "1", "2", "title " * 20), ("b", "10", "20", "أخبار الميناء " * 9)]


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(("width", "names"), [(20, "id many few title"), (60, "id few title"), (66, "id title")])
def test_narrow_table_drops_columns(capsys: pytest.CaptureFixture[str], width: int, names: str) -> None:
    """A table too wide loses its droppable columns, the highest first; only the column that may be cut is."""
    print_table(COLUMNS, rows(width=width))
    lines = plain(capsys.readouterr().out).splitlines()
    assert lines[0].split() == names.split()
    assert lines[1].startswith("a" * width)
    assert max(map(cell_len, lines)) <= 80


@pytest.mark.usefixtures("terminal")
def test_empty_columns_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal a column without a value is not shown, and a table without rows is nothing."""
    print_table(COLUMNS, [("a", "", "2", "t"), ("b", "", "", "u")])
    assert plain(capsys.readouterr().out).splitlines()[0].split() == ["id", "few", "title"]
    print_table(COLUMNS, [])
    assert capsys.readouterr().out == ""


def test_pipe_gets_every_cell(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe cells stand between tabs, whole, on one line whatever they hold."""
    print_table(COLUMNS, [("a", "", "2", "two\nlines\tand a tab"), ("b", "1", "", [("styled", "red"), (" text", "")])])
    assert capsys.readouterr().out.splitlines() == [
        "id\tmany\tfew\ttitle",
        "a\t\t2\ttwo lines and a tab",
        "b\t1\t\tstyled text",
    ]
    print_fields({"name": "[/x] \x1b[1m", "n": 1})
    assert capsys.readouterr().out == "name\t[/x] �[1m\nn\t1\n"


@pytest.mark.parametrize(
    ("number", "noun", "plural", "text"),
    [(0, "page", None, "0 pages"), (1, "page", None, "1 page"), (1234, "story", "stories", "1,234 stories")],
)
def test_counts_agree_with_nouns(number: int, noun: str, plural: str | None, text: str) -> None:
    """One is singular, everything else plural, thousands are grouped."""
    assert output.count(number, noun, plural) == text


def summary(**values: Any) -> dict[str, Any]:
    return {"captured": 0, "outcomes": {}, "failures": {}, "known": 0, "waiting": 0, "left": 0} | values


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"captured": 1, "outcomes": {"archived": 1}}, "captured 1 page: 1 archived"),
        ({"failures": {"robots": 2}}, "captured 0 pages; 2 skipped by robots.txt"),
        (
            {"failures": {"robots": 2, "timeout": 1}, "known": 4},
            "captured 0 pages; 2 skipped by robots.txt; 1 failed (timeout 1); 4 known",
        ),
    ],
)
def test_policy_is_no_failure(values: dict[str, Any], text: str) -> None:
    """What robots.txt forbids is skipped; other reasons are failures."""
    assert crawl._sentence([summary(**values)]) == text


@pytest.mark.parametrize("reason", Reason)
def test_refusal_has_remedy(reason: Reason) -> None:
    """Each reason for refusing an imported page says what to do."""
    assert import_._REMEDIES[reason.value]


def test_shell_reads_variables(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """env prints assignments that a shell reads back, the local cloud's address among them."""
    stack = type("Found", (), {"endpoint": "http://127.0.0.1:5", "outputs": {"IndexTable": "a b", "ExtractQueue": "q"}})
    monkeypatch.setattr(Stack, "find", lambda _: stack)
    env.env()
    lines = capsys.readouterr().out.splitlines()
    told = dict(shlex.split(line)[1].split("=", 1) for line in lines if line.startswith("export "))
    assert (told["TABLE"], told["EXTRACT_QUEUE"], told["AWS_ENDPOINT_URL"]) == ("a b", "q", "http://127.0.0.1:5")
    assert lines[-1].startswith("aws() {")
    env.env(json=True)
    assert json.loads(capsys.readouterr().out) == told
