"""Revisions: what makes one and what does not, and what dateline show says of them."""

import dataclasses
import json
import re
from collections.abc import Callable, Sequence

import pytest
from typer.testing import CliRunner, Result

from dateline.archive.numbering import same_date
from dateline.article import Article, Extraction
from dateline.cli.main import app
from dateline.cli.stack import Stack
from dateline.extraction import extract as extract_page
from dateline.page import Page
from dateline.query.diff import between
from tests.conftest import Aws
from tests.support.samples import Newsroom, extract

PARAGRAPHS = (
    "Nineteen trawlers lay in the harbour of Zuwara on Sunday night, the harbour master said, nine of them unlit.",
    "The fishermen’s guild answered that a lamp costs more than a season’s mullet, and that the quay has had no power "
    "since the storm. A meeting is to be held on the first of the month.",
    "The coastguard has lent two lamps to the boats that go out first.",
)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (None, None, True),
        ("2019-04-16", "2019-04-16", True),
        ("2019-04-16", "2019-04-17", False),
        ("2019-04-16T09:30:00+02:00", "2019-04-16T07:30:00Z", True),
        ("2019-04-16T09:30:00+02:00", "2019-04-16T09:30:41+02:00", True),
        ("2019-04-16T09:30:00+02:00", "2019-04-16T09:31:00+02:00", False),
        ("2019-04-16T00:30:00+02:00", "2019-04-16", True),
        ("2019-04-15", "2019-04-16T00:30:00+02:00", True),
        ("2019-04-16T00:30:00+02:00", "2019-04-17", False),
        ("2019-04-16T09:30:00+02:00", None, True),
        (None, "2019-04-16", False),
    ],
)
def test_compatible_dates_are_same(before: str | None, after: str | None, same: bool) -> None:
    """Dates that do not contradict each other are the same."""
    assert same_date(before, after) is same


def page(*, separator: str = "\n", related: Sequence[str] = ("one", "two"), shares: int = 4, more: str = "") -> bytes:
    links = "".join(f'<li><a href="/news/{name}">Another story, number {name}</a></li>' for name in related)
    body = separator.join(f"<p>{separator}{paragraph}</p>" for paragraph in PARAGRAPHS)
    return (
        '<!doctype html><html lang="en"><head><title>Trawlers without lamps | Gazette</title></head><body>'
        f'<nav><a href="/">Home</a></nav><article><h1>Trawlers without lamps</h1>{body}{more}'
        f'<div class="share">{shares} shares</div></article>'
        f"<aside><h3>Related</h3><ul>{links}</ul></aside><footer>© Gazette {shares}</footer></body></html>"
    ).encode()


def extracted(body: bytes) -> Article:
    article = extract_page(Page("https://gazette.example/2019/04/16/trawlers", body)).article
    assert article
    return article


@pytest.mark.parametrize(
    "other",
    [
        page(separator="\r\n    \t"),
        page(related=("two", "one")),
        page(related=("three", "four", "five")),
        page(shares=1718),
        page(more='<p class="newsletter">Sign up for our newsletter</p>'),
        page(more="<p>Read also: <a href='/news/six'>Six lamps</a></p>"),
    ],
)
def test_surroundings_make_no_revision(other: bytes) -> None:
    """What surrounds a story makes no revision."""
    assert extracted(other).digest == extracted(page()).digest


def dated(page: Page) -> Extraction:
    """Reads "title|text|date"."""
    body, _, date = page.body.decode().rpartition("|")
    found = extract(dataclasses.replace(page, body=body.encode()))
    return found._replace(article=found.article and dataclasses.replace(found.article, published_at=date or None))


def test_another_date_is_a_revision(aws: Aws) -> None:
    newsroom = Newsroom(aws)
    dates = ["", "2019-04-16", "2019-04-16T09:30:00+02:00", "", "2019-04-17T09:30:00+02:00"]
    found = [newsroom.archive(extract=dated).add(newsroom.capture(("a", f"T|W|{date}")))[0] for date in dates]
    assert [each.outcome.value for each in found] == ["archived", "archived", "unchanged", "unchanged", "archived"]
    assert [each.revision for each in found] == [1, 2, None, None, 3]


Shown = Callable[..., Result]


@pytest.fixture
def show(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Shown:
    outputs = {"CaptureBucket": aws.captures, "ArchiveBucket": aws.archive}
    stack = Stack(s3=aws.s3, sqs=None, table=aws.table, outputs=outputs)  # type: ignore[arg-type]
    monkeypatch.setattr(Stack, "find", lambda _: stack)
    return lambda *arguments: CliRunner().invoke(app, ["show", "http://news.example.org/a", *arguments])


@pytest.fixture
def newsroom(aws: Aws) -> Newsroom:
    newsroom = Newsroom(aws)
    for text in (
        "Lamps|One.\n\nTwo lamps were lit.\n\nThree.|",
        "Lamps out|One.\n\nNo lamps were lit.\n\nFour.|2019-04-16",
    ):
        newsroom.archive(extract=dated).add(newsroom.capture(("a", text)))
    return newsroom


@pytest.mark.usefixtures("newsroom")
def test_show_lists_revisions(show: Shown) -> None:
    """Show lists revisions with what changed."""
    first, second, changed = show("--revisions").output.splitlines()
    assert first == "1  2019-04-17T12:00:00.000Z  Lamps"
    assert second == "2  2019-04-17T13:00:00.000Z  Lamps out"
    assert changed.strip() == "3 words added, 2 removed; title was: Lamps; published: undated -> 2019-04-16"
    _, line = map(json.loads, show("--revisions", "--json").output.splitlines())
    assert line["changed"] == {
        "words_added": 3,
        "words_removed": 2,
        "title": ["Lamps", "Lamps out"],
        "published_at": [None, "2019-04-16"],
    }


@pytest.mark.usefixtures("newsroom")
def test_show_marks_words_that_changed(show: Shown) -> None:
    lines = [line for line in show("--diff", "1", "2").output.splitlines() if line]
    assert lines[1:] == ["Lamps {+out+}", "One.", "[-Two-] {+No+} lamps were lit.", "[-Three.-] {+Four.+}"]
    assert show("--diff", "1", "2019-04-17T13").output == show("--diff", "1", "2").output
    html = show("--diff", "1", "2", "--html").output
    assert '<h1 dir="auto">Lamps <ins>out</ins></h1>' in html
    assert '<p dir="auto"><del>Two</del> <ins>No</ins> lamps were lit.</p>' in html


@pytest.mark.usefixtures("newsroom")
@pytest.mark.parametrize(
    ("arguments", "status"), [(("--diff", "1", "7"), 1), (("--diff", "1", "2019"), 1), (("--html",), 2)]
)
def test_show_says_what_is_wrong(show: Shown, arguments: Sequence[str], status: int) -> None:
    done = show(*arguments)
    assert done.exit_code == status
    assert re.search("there are 1|--diff A B", f"{done.output} {done.exception}")


def test_gone_story_stays_readable(newsroom: Newsroom, show: Shown) -> None:
    """A story that is gone stays readable."""
    newsroom.archive(extract=dated).add(newsroom.capture(("a", "not here|"), status="404 Not Found"))
    assert "gone: 2019-04-17T14:00:00.000Z" in show().output
    assert json.loads(show("--json").output)["gone_at"] == "2019-04-17T14:00:00.000Z"
    assert show("--revisions").output.splitlines()[-1] == "gone since 2019-04-17T14:00:00.000Z"
    assert show("--text").output == "One.\n\nNo lamps were lit.\n\nFour.\n"
    assert show("--raw").output.startswith("Lamps out|One.")
    listed = CliRunner().invoke(app, ["query"]).output
    assert "gone" in listed


def test_show_names_other_printers(aws: Aws, show: Shown) -> None:
    """Show names who else printed a story."""
    words = "The harbour master counted nineteen trawlers on Sunday night and nine of them had no lamp."
    for host in ("news.example.org", "other.example"):
        outlet = Newsroom(aws, source=host.partition(".")[0], host=host)
        outlet.archive().add(outlet.capture(("a", f"Trawlers|{words}")))
    assert re.search(r"copies, in order of appearance:\n  (news|other)  undated", show().output)
    assert {copy["source"] for copy in map(json.loads, show("--copies", "--json").output.splitlines())} == {
        "news",
        "other",
    }


def test_diff_by_paragraph_and_word() -> None:
    """A change is told by paragraph and word."""
    before = Article(id="", url="", title="T", text="أولاً.\n\nثانياً كما كان.\n\nثالثاً.", digest="")
    after = dataclasses.replace(before, text="أولاً.\n\nجديد.\n\nثانياً كما صار.\n\nثالثاً.")
    change = between(before, after)
    assert (change.added, change.removed) == (2, 1)
    assert [[piece.kind for piece in paragraph] for paragraph in change.paragraphs] == [
        ["same"],
        ["added"],
        ["same", "removed", "added"],
        ["same"],
    ]


def test_nothing_changed_is_told_too() -> None:
    article = Article(id="", url="", title="T", text="Words.", digest="")
    change = between(article, article)
    assert (change.added, change.removed, change.is_retitled, change.is_redated) == (0, 0, False, False)
