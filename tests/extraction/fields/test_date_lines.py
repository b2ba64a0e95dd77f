"""Lines with two dates, and dates on a page that are not the story's."""

from datetime import UTC, datetime

import pytest

from dateline.extraction.fields.dates import date_lines, story_dates
from dateline.extraction.parse.document import Document
from dateline.page import Page

PUBLISHED, CHANGED = "2019-04-16T09:30", "2019-04-17T11:45"
LINES = [
    "Published 16 April 2019 09:30 | Updated 17 April 2019 11:45",
    "Updated: 17 April 2019 11:45 - Published: 16 April 2019 09:30",
    "16 April 2019 09:30 (last modified 17 April 2019 11:45)",
    "Publié le 16 avril 2019 à 09h30, mis à jour le 17 avril 2019 à 11h45",
    "Mis à jour le 17/04/2019 à 11:45 Publié le 16/04/2019 à 09:30",
    "Mise en ligne : 16/04/2019 09:30 - Dernière modification : 17/04/2019 11:45",
    "Giriş: 16.04.2019 - 09:30 Güncelleme: 17.04.2019 - 11:45",
    "Son Güncelleme Tarihi: 17 Nisan 2019 11:45 Yayın Tarihi: 16 Nisan 2019 09:30",
    "16 Nisan 2019 09:30 tarihinde yayınlandı, 17 Nisan 2019 11:45 tarihinde güncellendi",
    "نشر في 16 أبريل 2019 - 09:30 | آخر تحديث 17 أبريل 2019 - 11:45",
    "آخر تحديث: 17/04/2019 11:45 تاريخ النشر: 16/04/2019 09:30",
    "تم النشر: 9:30 صباحًا 16 نيسان 2019، تم التحديث: 11:45 صباحًا 17 نيسان 2019",
    "تاریخ انتشار: ۱۶ آوریل ۲۰۱۹ ۰۹:۳۰ - به‌روزرسانی: ۱۷ آوریل ۲۰۱۹ ۱۱:۴۵",
]


@pytest.mark.parametrize("line", LINES)
def test_line_of_two_dates(line: str) -> None:
    """A line gives the date of publication and that of the change, in either order."""
    found = {said.kind or "published": said.moment.at.isoformat(timespec="minutes") for said in date_lines.read(line)}
    assert found == {"published": PUBLISHED, "changed": CHANGED}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("markup", ["<div class=meta>{}</div>", "<p>{}</p>", "<ul><li><span>{}</span></li></ul>"])
def test_page_with_such_line(line: str, markup: str) -> None:
    """A page with such a line under its headline has both dates."""
    published, changed = found(markup.format(line))
    assert (published, changed) == (f"{PUBLISHED}:00+01:00", f"{CHANGED}:00+01:00")


@pytest.mark.parametrize(
    "markup",
    [
        "<span>Published</span> <span>16 April 2019 09:30</span> <span>Updated</span> <span>17 April 2019 11:45</span>",
        "<time datetime='2019-04-16T09:30'>16 April</time> Mis à jour <time datetime='2019-04-17T11:45'>17</time>",
        "<span>Güncelleme: <b>17.04.2019 11:45</b></span><span>Yayın: <b>16.04.2019 09:30</b></span>",
        "<em>تاريخ النشر</em>: <em>16/04/2019 09:30</em><br><em>تاريخ التحديث</em>: <em>17/04/2019 11:45</em>",
    ],
)
def test_labels_in_other_elements(markup: str) -> None:
    """A label may stand in an element of its own, in front of its date."""
    assert found(f"<div class=info>{markup}</div>") == (f"{PUBLISHED}:00+01:00", f"{CHANGED}:00+01:00")


def test_change_on_same_day() -> None:
    """A clock alone behind a word for a change is of the day before it."""
    assert found("<p class=date>Published 16 April 2019 09:30, updated 11:45</p>")[1] == "2019-04-16T11:45:00+01:00"


NOT_THE_STORYS = {
    "a related story": "<div class=box><a href=/1>Grain prices fall for weeks</a><span class=date>{}</span></div>",
    "a reader": "<div id=comments><div><b>Reader</b> <time>{}</time><p>Well done.</p></div></div>",
    "a reader in Turkish": "<section class=yorumlar><p><b>Okur</b> <i class=tarih>{}</i> Güzel.</p></section>",
    "a style sheet": "<link rel=stylesheet href='/s.css?ver=2018-11-30'>",
    "an expiry": "<script>var gate = {{'expires': '2019-01-31', 'until': '2018-11-30T00:00:00Z'}}</script>",
    "a founding": "<script type=application/ld+json>{{'@type':'Organization','foundingDate':'2018-11-30'}}</script>",
    "an event": "<div class=event_date>{}</div>",
    "a sentence": "<p>The storm of {} broke the old quay in two places, and nobody had mended it since.</p>",
    "a side column": "<div class=sidebar><span class=date>{}</span></div>",
    "the most read": "<aside><ul><li><a href=/2>Harbour fees rise again</a> <i>{}</i></li></ul></aside>",
}


@pytest.mark.parametrize("written", ["30 November 2018", "30/11/2018", "30 نوفمبر 2018", "30 KASIM 2018"])
@pytest.mark.parametrize("name", NOT_THE_STORYS)
def test_date_not_the_storys(name: str, written: str) -> None:
    """A page without a date of its own has none, whatever else it shows."""
    assert found("", NOT_THE_STORYS[name].format(written)) == (None, None)


@pytest.mark.parametrize("today", ["2 May 2019", "2 Mayıs 2019, Perşembe", "الخميس 2 أيار 2019", "02/05/2019"])
def test_today_in_the_header(today: str) -> None:
    """The day in a page's header, above its menu, is not the story's."""
    menu = "".join(f"<li><a href=/{number}>Part {number}</a></li>" for number in range(6))
    header = f"<td><span class=lblDate>{today}</span></td><ul>{menu}</ul>"
    assert found("<p class=date>15/04/2019</p>", header=header)[0] == "2019-04-15"
    assert found("", header=header)[0] is None


@pytest.mark.parametrize("farther", ["14 April 2019", "13 avril 2019", "12 نيسان 2019", "11 Nisan 2019"])
def test_nearer_date_above_the_menu(farther: str) -> None:
    """Of two dates above the menu, the one nearer to the headline is the story's, in every run."""
    menu = "".join(f"<li><a href=/{number}>Part {number}</a></li>" for number in range(12))
    header = f"<p>{farther}</p><p>15/04/2019</p><ul>{menu}</ul>"
    assert found("", header=header)[0] == "2019-04-15"


@pytest.mark.parametrize(
    ("markup", "instant"),
    [
        ("<abbr class=published title='2019-04-16T09:30:00+02:00'>16 April</abbr>", "2019-04-16T09:30:00+02:00"),
        (
            "<span property='dc:date dc:created' content='2019-04-16T09:30:00+02:00'>mar 16/04/2019 - 09:30</span>",
            "2019-04-16T09:30:00+02:00",
        ),
        ("<meta property='dc:created' content='2019-04-16T09:30:00+02:00'>", "2019-04-16T09:30:00+02:00"),
        ("<meta itemprop=datePublished content='2019-04-16T09:30:00+02:00'>", "2019-04-16T09:30:00+02:00"),
    ],
)
def test_offset_in_an_attribute(markup: str, instant: str) -> None:
    """An attribute's offset is kept."""
    assert found(markup)[0] == instant


@pytest.mark.parametrize("odd", ["0001-01-01T00:00:00+03:00", "9999-12-31T23:59:59-05:00", "9" * 5_000, "3 HAZIRAN"])
def test_odd_candidate_costs_itself(odd: str) -> None:
    """A date outside the calendar is passed over, and the next one is read."""
    markup = f"<meta property='article:published_time' content='{odd}'><meta name=lastmod content='{odd}'>"
    assert found(f"<time datetime='{odd}'>x</time><span class=date>16/04/2019</span>", header=markup)[0] == "2019-04-16"


@pytest.mark.parametrize(
    ("byline", "day"),
    [
        ("Written by <a href='/blog/author/amal-salem-and-omar-zidan'>Amal Salem and Omar Zidan</a>", "April 16, 2019"),
        ("Par <a href='/auteur/nadia-ben-amor/'>Nadia Ben Amor, correspondante à Sfax</a>", "16 avril 2019"),
        ("بقلم أمل سالم", "16 أبريل 2019"),
    ],
)
def test_date_behind_a_byline(byline: str, day: str) -> None:
    """A date below the story is its own if it follows a byline, also a link of several words to an author's page."""
    tags = "".join(f"<a href='/tag/{tag}'>{tag}</a> " for tag in ("harbour", "shipping", "quays", "trade") * 6)
    foot = f"<div><div><p>{byline}</p><p>{day}</p></div><div>{tags}</div></div>"
    assert found("", below=foot)[0] == "2019-04-16"


@pytest.mark.parametrize(
    ("instant", "shown", "published"),
    [
        ("2019-04-15T22:00:00Z", "16 April 2019", "2019-04-16"),
        ("2019-04-15T21:00:00+00:00", "16 avril 2019", "2019-04-16"),
        ("2019-04-15T20:00:00Z", "16 أبريل 2019", "2019-04-16"),
        ("2019-04-15T22:10:00Z", "16 April 2019", "2019-04-15T22:10:00+00:00"),
        ("2019-04-15T08:00:00Z", "16 April 2019", "2019-04-15T08:00:00+00:00"),
        ("2019-04-15T22:00:00Z", "15 April 2019", "2019-04-15T22:00:00+00:00"),
    ],
)
def test_midnight_of_the_shown_day(instant: str, shown: str, published: str) -> None:
    """A whole hour that may be midnight in a zone east of UTC is the day that the page shows."""
    header = f"<meta property='article:published_time' content='{instant}'>"
    assert found(f"<span class=date>{shown}</span>", header=header, timezone=None)[0] == published


def found(
    line: str, below: str = "", header: str = "", timezone: str | None = "Africa/Tunis"
) -> tuple[str | None, str | None]:
    """``published_at`` and ``modified_at`` of a page with this markup under, below and above its story."""
    prose = "<p>" + "The harbour board opened the rebuilt quay, and the first ship tied up before noon. " * 3 + "</p>"
    html = f"<title>The quay opens again</title>{header}<div class=a><h1>The quay opens again</h1>{line}{prose}</div>"
    captured = datetime(2019, 5, 2, tzinfo=UTC)
    page = Page("https://x.example/a", f"{html}{below}</body>".encode(), captured_at=captured, timezone=timezone)
    told = story_dates.find(Document.of(page))
    return told.published and told.published.value.iso(), told.modified and told.modified.value.iso()
