"""``dateline search``, and the search index's rebuild and verification from the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dateline.cli.main import app
from dateline.cli.stack import Stack
from dateline.cli.terminal.output import CommandError
from dateline.keys import identifiers
from tests.conftest import Aws
from tests.support.samples import Newsroom


@pytest.fixture
def archived(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    outputs = {"CaptureBucket": aws.captures, "ArchiveBucket": aws.archive, "IndexTable": aws.table.name}
    deployed = Stack(s3=aws.s3, sqs=None, table=aws.table, outputs=outputs)  # type: ignore[arg-type]
    monkeypatch.setattr(Stack, "find", lambda _: deployed)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    newsroom = Newsroom(aws)
    newsroom.archive().add(newsroom.capture(("a", "A dated fire|In Sfax it burnt."), ("b", "Rain|In Sfax.")))
    return newsroom


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.mark.usefixtures("archived")
def test_search_rebuild_and_verify() -> None:
    """What is missing is told, rebuilt and then found, with its words marked for people and as ranges in JSON."""
    missing = run("verify", "--search")
    assert (missing.exit_code, missing.stdout.count("search-missing")) == (1, 2)
    assert run("rebuild", "--search", "--json").stdout == '{"stories": 2}\n'
    assert run("verify", "--search").exit_code == 0
    found = run("search", "fires", "--json")
    (hit,) = map(json.loads, found.stdout.splitlines())
    assert (hit["id"], hit["title"]) == (identifiers.article_id("http://news.example.org/a"), "A dated fire")
    assert "In Sfax it burnt." in run("search", "burnt").stdout


@pytest.mark.usefixtures("archived")
def test_pages_and_facets_print() -> None:
    """A page names the cursor of the next one; facets are counts."""
    run("rebuild", "--search")
    first = run("search", "sfax", "--newest", "--limit", "1")
    cursor = first.stderr.split("--cursor ")[1].split()[0]
    second = run("search", "sfax", "--newest", "--limit", "1", "--cursor", cursor)
    assert "Rain" in first.stdout
    assert "fire" in second.stdout
    counted = run("search", "sfax", "--facets", "--json").stdout.splitlines()[-1]
    assert json.loads(counted)["facets"]["sources"] == {"sample": 2}
    assert "sources: sample 2" in run("search", "sfax", "--facets").stdout


@pytest.mark.parametrize("arguments", [("since:never",), ("fire", "--cursor", "forged")])
@pytest.mark.usefixtures("archived")
def test_wrong_queries_are_explained(arguments: tuple[str, ...]) -> None:
    """What cannot be searched for is one line of explanation."""
    found = run("search", *arguments)
    assert isinstance(found.exception, CommandError)


@pytest.mark.usefixtures("archived")
def test_unpaired_quotation_mark_is_noted() -> None:
    """A mark that makes no phrase is a space, and the command says so."""
    run("rebuild", "--search")
    found = run("search", 'sfax"burnt', "--json")
    assert (found.exit_code, len(found.stdout.splitlines())) == (0, 1)
    assert "no partner" in found.stderr
    assert "no partner" not in run("search", '"in Sfax"').stderr
