"""A source's own rules: what its file may say, what they give, and what is known of those that find nothing."""

from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dateline.archive.formats import read_outcomes
from dateline.article import Article, Dateline, Image
from dateline.extraction import RULES, extract
from dateline.extraction.rulebook import Rulebook, check
from dateline.keys import object_keys
from dateline.maintenance.rebuild import rebuild
from dateline.page import Page
from dateline.sources import registry, rules
from dateline.sources.registry import SourceError
from tests.support.samples import NOON, Newsroom

PAGE = """<html lang="en"><head><title>Page 7</title><meta property="article:section" content="Region">
<meta name="filed" content="2019-04-16T09:30:00+02:00"></head><body>
<div class="top"><b class="kicker">Water</b><h1>Our paper</h1><h2 class="head">The pump at Wadi Ghan runs again</h2>
<em class="sum">After two dry summers the lower town has water, and the queue at the tanker is gone.</em></div>
<i class="sig">By Huda Ben Amer and Salem Gritli, correspondents</i> <time class="at">Tuesday 16/04/2019 09:30</time>
<i class="new">Updated Wednesday 17/04/2019 08:00</i> <u>Water, Wadi Ghan</u>
<div class="pic"><img src="/pump.jpg"><small class="caption">The pump, mended (LANA)</small></div>
<div class="words"><span class="from">Gharyan, Libya (LANA)</span>: The pump of the old well at Wadi Ghan was mended on
Monday, and by noon the last of the queue had gone home with full cans.<br>Its motor had come from Misrata.
<p>The council had waited for the part <q>two summers, and a winter</q> before somebody drove there to fetch it.</p>
<ul><li>Three streets have water all day.</li><li>Two have it until noon.</li></ul>
<aside class="more">Also: the baker of Wadi Ghan has bread again, and what else there was in the week.</aside>
<table><tr><th>Street</th><td>Hours</td></tr><tr><th>Upper</th><td>6</td></tr></table></div></body></html>"""
TEXT = (
    "The pump of the old well at Wadi Ghan was mended on Monday, and by noon the last of the queue had gone home with"
    " full cans.",
    "Its motor had come from Misrata.",
    "The council had waited for the part two summers, and a winter before somebody drove there to fetch it.",
    "Three streets have water all day.\nTwo have it until noon.",
    "Street | Hours\nUpper | 6",
)


def article(table: Any, captured_at: datetime = NOON) -> tuple[Article, tuple[str, ...]]:
    """The article of the page above by these rules, and the fields whose rule found nothing."""
    page = Page(
        url="https://gazette.example/7",
        body=PAGE.encode(),
        source="gazette",
        timezone="Africa/Tripoli",
        captured_at=captured_at,
    )
    sets = rules.read(table)
    check(sets)
    extraction = extract(page, Rulebook({"gazette": sets}))
    assert extraction.article, extraction.reason
    return extraction.article, extraction.rules_missed


@pytest.mark.parametrize(
    ("field", "selector", "value"),
    [
        ("title", "h2.head", "The pump at Wadi Ghan runs again"),
        ("title", "(normalize-space(//h2[@class='head']))", "The pump at Wadi Ghan runs again"),
        (
            "standfirst",
            "em.sum",
            "After two dry summers the lower town has water, and the queue at the tanker is gone.",
        ),
        ("authors", ".sig", ("Huda Ben Amer", "Salem Gritli")),
        ("section", "b.kicker", "Water"),
        ("section", ["b.none", "//b/text()"], "Water"),
        ("tags", "u", ("Water", "Wadi Ghan")),
        ("published_at", "time", "2019-04-16T09:30:00+02:00"),
        ("published_at", "meta[name=filed]", "2019-04-16T09:30:00+02:00"),
        ("published_at", "//meta[@name='filed']/@content", "2019-04-16T09:30:00+02:00"),
        ("modified_at", "i.new", "2019-04-17T08:00:00+02:00"),
        ("dateline", "span.from", Dateline("Gharyan, Libya", "Gharyan", "ly")),
        ("images", "div.pic", (Image("https://gazette.example/pump.jpg", "The pump, mended", "LANA"),)),
        ("images", "//div/img", (Image("https://gazette.example/pump.jpg"),)),
        ("images", "//img/@src", (Image("https://gazette.example/pump.jpg"),)),
    ],
)
def test_a_rule_gives_its_field(field: str, selector: str | list[str], value: Any) -> None:
    found, missed = article({field: selector, "optional": []})
    assert (getattr(found, field), missed) == (value, ())
    last = selector if isinstance(selector, str) else selector[-1]
    assert found.provenance[field].removesuffix("; zone of the source") == f"rule:{last}"
    assert found.extractor
    assert found.extractor.rules == f"{RULES}+gazette"


@pytest.mark.parametrize("text", ["div.words", ["article", "//div[@class='words']"], "div.words, div.words p"])
def test_text_rule_takes_blocks(text: str | list[str]) -> None:
    """A text is the blocks of its element."""
    found, _ = article({"title": "h2", "text": text, "dateline": ".from", "prune": ["aside", "//small"]})
    assert found.text.split("\n\n") == list(TEXT)
    assert found.provenance["text"].startswith("rule:")


def test_text_rule_takes_paragraphs() -> None:
    """A text may be paragraphs one by one."""
    found, _ = article({"text": "//div[@class='words']/p | //div[@class='words']/aside"})
    assert [block.split()[0] for block in found.text.split("\n\n")] == ["The", "Also:"]


def test_what_is_pruned_is_nowhere() -> None:
    assert "two dry summers" in article({"prune": "h1"})[0].text
    found, missed = article({"prune": [".sum", "h1", ".not-there"], "title": "h2"})
    assert "two dry summers" not in found.text
    assert (found.title, missed) == ("The pump at Wadi Ghan runs again", ())


@pytest.mark.parametrize("nothing", ["b.none", "//b[2]", "//@data-none", "(string(//b[2]))", "h1"])
def test_unmatched_rule_falls_back(nothing: str) -> None:
    """Where a rule finds nothing general extraction has the word."""
    table = {"published_at": nothing, "images": "div.none", "title": "h2.head"}
    found, missed = article(table)
    assert (found.published_at, missed) == ("2019-04-16T09:30:00+02:00", ("published_at", "images"))
    assert not found.provenance["published_at"].startswith("rule:")
    assert article(table | {"optional": ["images"]})[1] == ("published_at",)


def test_date_after_capture_ignored() -> None:
    """A date after the capture is none."""
    assert article({"published_at": "meta[name=filed]"}, datetime(2019, 4, 16, 7, tzinfo=UTC))[1] == ("published_at",)


@pytest.mark.parametrize(
    ("captured_at", "title", "name"),
    [
        (datetime(2018, 12, 31, 23, 59, tzinfo=UTC), "Water", f"{RULES}+gazette@2018-12-31"),
        (datetime(2019, 1, 1, tzinfo=UTC), "The pump at Wadi Ghan runs again", f"{RULES}+gazette@2019-04-30"),
        (datetime(2019, 4, 30, 23, tzinfo=UTC), "The pump at Wadi Ghan runs again", f"{RULES}+gazette@2019-04-30"),
        (datetime(2019, 5, 1, tzinfo=UTC), "Our paper", f"{RULES}+gazette"),
    ],
)
def test_set_by_capture_day(captured_at: datetime, title: str, name: str) -> None:
    """A set is valid by the day of the capture."""
    sets = [
        {"title": "h1"},
        {"title": "b.kicker", "valid_until": date(2018, 12, 31)},
        {"title": ".head", "valid_until": date(2019, 4, 30)},
    ]
    found, _ = article(sets, captured_at)
    assert found.extractor
    assert (found.title, found.extractor.rules) == (title, name)


def test_no_rules_after_last() -> None:
    """After the last set there are no rules."""
    found, missed = article({"title": "b.kicker", "section": "b.none", "valid_until": date(2019, 4, 16)})
    assert found.extractor
    assert (found.extractor.rules, missed) == (RULES, ())


STATED = """name = "The Gazette"
home = "https://gazette.example/"
country = "ly"
languages = ["en"]
timezone = "Africa/Tripoli"
"""


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("[extract]\ntitel = 'h1'", "did you mean 'title'?"),
        ("[extract]\ntitle = 7", "title: 7 is neither a text nor a list of texts"),
        ("[extract]\ntitle = ['h1', '']", "title: "),
        ("[extract]\ntitle = 'h1['", "title: 'h1[' is not a CSS selector"),
        ("[extract]\ntitle = 'h1::text'", "title: 'h1::text' is not a CSS selector"),
        ("[extract]\ntitle = '//h1['", "title: '//h1[' is not XPath"),
        ("[extract]\ntitle = '//h1[matches(., 1)]'", "is not XPath: there is no matches() in XPath 1.0"),
        ("[extract]\ntitle = '//h1[svg:text]'", "is not XPath: pages have no prefixes such as svg:"),
        ("[extract]\ntitle = '//h1[$x]'", "is not XPath: there are no variables such as $x"),
        ("[extract]\ntitle = '(count(//h1))'", "gives a number or a truth"),
        ("[extract]\nprune = ['p..x']", "prune: 'p..x' is not a CSS selector"),
        ("[extract]\ntitle = 'h1'\nvalid_until = '2026-10-31'", "write it as 2026-10-31, without quotes"),
        ("[extract]\ntitle = 'h1'\nvalid_until = 2026-10-31T00:00:00Z", "valid_until is not a date"),
        ("[extract]\ntitle = 'h1'\noptional = 'section'", "optional: 'section' has no rule"),
        ("[extract]\nvalid_until = 2026-10-31", "a set has no rule"),
        ("extract = 7", "7 is not a table"),
        ("extract = [7]", "7 is not a table"),
        ("[[extract]]\ntitle = 'h1'\n[[extract]]\ntitle = 'h2'", "two sets have no valid_until"),
        (
            "[[extract]]\ntitle = 'h1'\nvalid_until = 2026-10-31\n[[extract]]\ntitle = 'h2'\nvalid_until = 2026-10-31",
            "two sets have valid_until = 2026-10-31",
        ),
    ],
)
def test_error_names_file_and_key(tmp_path: Path, text: str, mend: str) -> None:
    """An error names the file the key and the mend."""
    path = tmp_path / "ly" / "gazette.toml"
    path.parent.mkdir()
    path.write_text(f"{STATED}\n{text}")
    with pytest.raises(SourceError) as caught:
        Rulebook.of_sources(registry.load(tmp_path).values())
    assert str(caught.value).startswith(f"{path}: extract: ")
    assert mend in str(caught.value)


def test_shipped_rules_are_sound() -> None:
    """The rules of all shipped sources are sound."""
    Rulebook.shipped()


def test_rules_missed_counted_once(aws: Any) -> None:
    """What rules missed is counted once and a rebuild counts the same."""
    newsroom = Newsroom(aws, source="gazette")
    book = Rulebook({"gazette": rules.read({"title": "h2.head", "section": "b.none", "standfirst": "p.none"})})
    key = newsroom.capture(("a", PAGE), ("b", PAGE), ("c", "no page"))
    archive = newsroom.archive(extract=partial(extract, rulebook=book))
    for _ in range(2):
        archive.add(key)
    stored = read_outcomes(newsroom.objects()[object_keys.parse(key).outcomes])
    assert [page.rules_missed for page in stored] == [("standfirst", "section"), ("standfirst", "section"), ()]
    items = newsroom.items()
    assert next(item for item in items if item["SK"].startswith("DAY#"))["rules_missed"] == 4
    aws.clear_table()
    rebuild(aws.deployment, unarchived=print)
    assert [item for item in newsroom.items() if not item["PK"].startswith("URL#")] == items
