"""Places of a story's date on pages: elements, attributes, scripts, data of other types, and labels of other dates."""

import pytest

from dateline.extraction.fields.dates import story_dates
from dateline.extraction.fields.dates.date_parsing import read
from dateline.extraction.parse.document import Document
from dateline.page import Page
from tests.extraction.fields.test_date_lines import found

DAY = "2019-04-16"
EPOCH = 1555408800  # 2019-04-16T10:00:00Z


@pytest.mark.parametrize("day", ["16 April 2019", "16 avril 2019", "16 نيسان 2019", "16 Nisan 2019"])
@pytest.mark.parametrize("tag", ["h4", "h6", "section", "button", "label", "cite", "center", "ins", "post-date"])
def test_date_in_any_element(tag: str, day: str) -> None:
    """A date alone in an element is a date, whatever the element, also behind an icon."""
    assert found(f"<{tag}>{day}</{tag}>")[0] == DAY
    assert found(f"<div><i class='icon'></i> {day}</div>")[0] == DAY


@pytest.mark.parametrize(
    "markup",
    [
        f"<time datetime='{EPOCH}'>5 years ago</time>",
        f"<span data-timestamp='{EPOCH}000'>il y a 5 ans</span>",
        f"<b data-publish-date='{EPOCH}'></b>",
        "<em data-post-time='2019-04-16T10:00:00Z'>منذ زمن</em>",
        f"<meta property='article:published_time' content='{EPOCH}'>",
    ],
)
def test_date_in_an_attribute(markup: str) -> None:
    assert found(markup)[0] == "2019-04-16T10:00:00+00:00"


@pytest.mark.parametrize(
    "script",
    [
        "dataLayer = [{'page': 'article', 'publishDate': '2019-04-16'}]",
        'window.state = {"story": {"firstPublishedAt": "2019-04-16", "lastPublishedAt": "2019-04-18"}}',
        '{"props": "{\\"pub_date\\": \\"2019-04-16\\", \\"updated_at\\": \\"2019-04-17\\"}"}',
        'var info = {"date_published": "16/04/2019", "expires": "2019-05-01"}',
    ],
)
def test_date_in_a_script(script: str) -> None:
    """The day of publication in a page's scripts counts if it is the same everywhere, and after any visible date."""
    assert found("", header=f"<script>{script}</script>")[0] == DAY
    assert found("<p>14 April 2019</p>", header=f"<script>{script}</script>")[0] == "2019-04-14"
    other = '<script>var other = {"publishDate": "2019-04-12"}</script>'
    assert found("", header=f"<script>{script}</script>{other}")[0] is None


@pytest.mark.parametrize(
    ("kind", "name", "field"),
    [("Recipe", "name", "datePublished"), ("VideoObject", "name", "uploadDate"), ("HowTo", "headline", "dateCreated")],
)
def test_date_of_a_titled_work(kind: str, name: str, field: str) -> None:
    """A work of another type counts with the page's title, and not with another."""
    node = f'<script type="application/ld+json">{{"@type": "{kind}", "{name}": "%s", "{field}": "2019-04-16"}}</script>'
    assert found("", header=node % "The quay opens again")[0] == DAY
    assert found("", header=node % "A walk to the lighthouse")[0] is None


@pytest.mark.parametrize("headline", ["Boats leave the inner harbour", "Les bateaux quittent le port", "غادرت القوارب"])
def test_data_of_another_story(headline: str) -> None:
    """An article object with another headline and another address is about another page."""
    node = '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "%s", "url": "%s", %s}</script>'
    date = '"datePublished": "2019-04-02"'
    line = "<p>16 April 2019</p>"
    assert found(line, header=node % (headline, "https://x.example/boats", date))[0] == DAY
    assert found(line, header=node % (headline, "https://x.example/a?from=home", date))[0] == "2019-04-02"
    assert found(line, header=node % ("The quay opens again", "https://x.example/b", date))[0] == "2019-04-02"


@pytest.mark.parametrize(
    "label",
    ["Event date: ", "Joined ", "Né le ", "Date limite : ", "موعد الفعالية: ", "Doğum tarihi: ", "تاریخ تولد: "],
)
def test_date_of_something_else(label: str) -> None:
    """A date labelled as an event's, a reader's or a person's is not the story's."""
    assert found(f"<p>{label}2/4/2019</p><p>16/4/2019</p>")[0] == DAY


@pytest.mark.parametrize(
    ("others", "day"),
    [
        ("<p>Mise à jour : 4/24/2019</p>", "2019-04-03"),
        ("<p>Printed: 4/30/2019</p>", "2019-04-03"),
        ("<p>Printed: 30/4/2019</p>", "2019-03-04"),
        ("<p>آخر تحديث: 24/4/2019</p>", "2019-03-04"),
        ("", "2019-03-04"),
    ],
)
def test_order_of_day_and_month(others: str, day: str) -> None:
    """Other dates of a page decide whether the month or the day is first."""
    assert found(f"<p>4/3/2019</p>{others}")[0] == day
    assert found(f"<p>4/3/19</p>{others}")[0] == day


@pytest.mark.parametrize("zone", ["EST", "PDT"])
def test_american_zone(zone: str) -> None:
    published = found(f"<p>4/3/2019 10:00 AM {zone}</p>")[0]
    assert published is not None
    assert published.startswith("2019-04-03T10:00:00")


@pytest.mark.parametrize(
    "opening",
    [
        "LYON (16 April 2019) ",
        "LYON, 16 avril 2019 /PRNewswire/ -- ",
        "16.04.2019 ",
        "صفاقس (16 نيسان 2019) ",
    ],
)
def test_date_of_the_dateline(opening: str) -> None:
    prose = "The harbour board opened the rebuilt quay, and the first ship tied up there before noon on that day. "
    assert found(f"<p>{opening}{prose}</p>")[0] == DAY


@pytest.mark.parametrize(
    "line", ["Last updated: 16 April 2019", "Mis à jour le 16 avril 2019", "آخر تحديث: 16 نيسان 2019"]
)
def test_change_as_the_only_date(line: str) -> None:
    assert found(f"<p>{line}</p>")[0] == DAY


SPELLINGS = [
    ("2019 Apr 16", DAY),
    ("2019. április 16.", DAY),
    ("2019, April 16", DAY),
    ("Apr/16/2019", DAY),
    ("Apr162019", DAY),
    ("16. dubna 2019", DAY),
    ("16. huhtikuuta 2019", DAY),
    ("Selasa, 12 Maret 2019", "2019-03-12"),
    ("١٦ی نیسانی ٢٠١٩", DAY),
    ("4ی کانوونی دووەمی 2019", "2019-01-04"),
    ("5 تشرینی یەکەم 2018", "2018-10-05"),
    ("16ê Nîsanê 2019", DAY),
    ("27 فروردین 98", DAY),
    ("3 مهر 01", "2022-09-25"),
]


@pytest.mark.parametrize(("text", "day"), SPELLINGS)
def test_order_and_name_of_month(text: str, day: str) -> None:
    moment = read(text)
    assert moment is not None
    assert moment.iso() == day


@pytest.mark.parametrize("path", ["2019/apr/16", "2019/avr/16", "2019/nisan/16"])
def test_month_name_in_address(path: str) -> None:
    page = Page(f"https://x.example/{path}/the-quay", b"<h1>The quay opens again</h1><p>It did.</p>")
    published = story_dates.find(Document.of(page)).published
    assert published is not None
    assert published.value.iso() == DAY
