"""Written dates to moments, and which of a page's dates is the story's."""

from datetime import UTC, datetime

import pytest

from dateline.extraction.fields.dates import story_dates
from dateline.extraction.fields.dates.date_parsing import read
from dateline.extraction.parse.document import Document
from dateline.page import Page

WRITTEN = [
    ("2019-04-16T08:30:00+02:00", "2019-04-16T08:30:00+02:00"),
    ("2019-04-16T08:30Z", "2019-04-16T08:30:00+00:00"),
    ("2019-04-16T08:30:15.123Z", "2019-04-16T08:30:15+00:00"),
    ("2019-04-16 08:30:15 +0300", "2019-04-16T08:30:15+03:00"),
    ("2019-04-16T8:30:0Z", "2019-04-16T08:30:00+00:00"),
    ("20190416T083000Z", "2019-04-16T08:30:00+00:00"),
    ("2019-04-16", "2019-04-16"),
    ("Tue, 16 Apr 2019 08:30:00 GMT", "2019-04-16T08:30:00+00:00"),
    ("Tuesday 16/04/2019", "2019-04-16"),
    ("04/05/2019", "2019-05-04"),
    ("4/25/2019", "2019-04-25"),
    ("16.04.2019, 18:05", "2019-04-16T18:05"),
    ("April 16, 2019 6:05 pm", "2019-04-16T18:05"),
    ("16th April 2019", "2019-04-16"),
    ("Sept. 3, 2019", "2019-09-03"),
    ("mardi 16 avril 2019 à 14h30", "2019-04-16T14:30"),
    ("1er août 2019", "2019-08-01"),
    ("16 Nisan 2019, 14:05", "2019-04-16T14:05"),
    ("3 Şubat 2019", "2019-02-03"),
    ("الثلاثاء 16 أبريل 2019", "2019-04-16"),
    ("١٦ نيسان ٢٠١٩", "2019-04-16"),
    ("16 نيسان/أبريل 2019", "2019-04-16"),
    ("16 أفريل 2019", "2019-04-16"),
    ("3 كانون الثاني 2019", "2019-01-03"),
    ("16 جويلية 2019 - 10:15", "2019-07-16T10:15"),
    ("11 شعبان 1440 هـ - 16 أبريل 2019 م", "2019-04-16"),
    ("۱۶ آوریل ۲۰۱۹", "2019-04-16"),
    ("16 avril 2019 09:00 GMT+2", "2019-04-16T09:00:00+02:00"),
    ("2019年04月16日", "2019-04-16"),
    ("27 فروردين 1398 - 12:09 ب.ظ", "2019-04-16T12:09"),
    ("۱ فروردین ۱۳۹۸", "2019-03-21"),
    ("30 اسفند 1399", "2021-03-20"),
]


@pytest.mark.parametrize(("text", "iso"), WRITTEN, ids=[text for text, _ in WRITTEN])
def test_a_written_date(text: str, iso: str) -> None:
    moment = read(text)
    assert moment is not None
    assert (moment.iso() if moment.zoned or moment.precision == "day" else moment.at.isoformat()[: len(iso)]) == iso


@pytest.mark.parametrize(
    "text", ["", "yesterday", "31/02/2019", "2019", "16 Foo 2019", "99/99/9999", "12:30", "1 of 12"]
)
def test_what_is_no_date(text: str) -> None:
    assert read(text) is None


def test_americans_write_the_month_first() -> None:
    moment = read("04/05/2019", month_first=True)
    assert moment is not None
    assert moment.iso() == "2019-04-05"


CAPTURED = datetime(2019, 4, 17, 6, 0, tzinfo=UTC)
FEED = datetime(2019, 4, 15, 9, 0, tzinfo=UTC)


def published(
    head: str = "", body: str = "", path: str = "/a-story", feed: datetime | None = FEED
) -> tuple[str | None, str]:
    """``published_at`` and its rule for a page with this markup."""
    html = f"<html lang=en><head>{head}</head><body><h1>A story</h1>{body}<p>Words of it.</p></body></html>"
    address = f"https://x.example{path}"
    known = Page(address, html.encode(), captured_at=CAPTURED, timezone="Africa/Tunis", feed_date=feed)
    found = story_dates.find(Document.of(known)).published
    return (found.value.iso(), found.rule) if found else (None, "")


def meta(name: str, content: str) -> str:
    return f'<meta property="{name}" content="{content}">'


CHOICES = {
    "the page's data before what is shown": (
        meta("article:published_time", "2019-04-16T08:00:00+01:00"),
        '<time datetime="2019-04-14">14 April 2019</time>',
        ("2019-04-16T08:00:00+01:00", "meta article:published_time"),
    ),
    "a local time says the zone of the source": (
        meta("article:published_time", "2019-04-16T08:00"),
        "",
        ("2019-04-16T08:00:00+01:00", "meta article:published_time; zone of the source"),
    ),
    "the outlet's offset before UTC, for the same instant": (
        meta("article:published_time", "2019-04-16T23:30:00Z"),
        '<time datetime="2019-04-17T00:30:00+01:00">now</time>',
        ("2019-04-17T00:30:00+01:00", "meta article:published_time + time element"),
    ),
    "the zone that another says of the same clock": (
        meta("article:published_time", "2019-04-16T08:00:10"),
        '<time datetime="2019-04-16T08:00:10+02:00">08:00</time>',
        ("2019-04-16T08:00:10+02:00", "meta article:published_time + time element"),
    ),
    "the hour that is shown for the minute": (
        meta("article:published_time", "2019-04-16T23:41:07Z"),
        '<p class="date">17/04/2019 01:41</p>',
        ("2019-04-17T01:41:07+02:00", "meta article:published_time + visible date"),
    ),
    "an instant on the day that is shown": (
        meta("article:published_time", "2019-04-15T23:10:00Z"),
        '<p class="date">16/04/2019</p>',
        ("2019-04-16T00:10:00+01:00", "meta article:published_time; zone of the outlet"),
    ),
    "what is called the date": (
        "",
        '<p><span class="date">14/04/2019</span></p><ul><li><b>Publié le</b> 16/04/2019</li></ul>',
        ("2019-04-16", "labelled date"),
    ),
    "a date alone under the headline": ("", "<p>Tuesday 16/04/2019</p>", ("2019-04-16", "visible date")),
    "a clock for a bare day": (
        meta("date", "2019-04-16"),
        '<time datetime="2019-04-16T08:00:00+01:00">today</time>',
        ("2019-04-16T08:00:00+01:00", "time element"),
    ),
    "no date after the capture": (
        meta("article:published_time", "2019-05-01T08:00:00Z"),
        '<span class="date">16/04/2019</span>',
        ("2019-04-16", "visible date"),
    ),
    "not the page's own clock": (
        "",
        '<div class="current-date">17 April 2019</div>',
        ("2019-04-15T09:00:00+00:00", "feed item"),
    ),
    "not when it was changed": (
        "",
        '<div class="date">Updated: 16 April 2019</div>',
        ("2019-04-15T09:00:00+00:00", "feed item"),
    ),
    "the feed's where the page has none": ("", "", ("2019-04-15T09:00:00+00:00", "feed item")),
}


@pytest.mark.parametrize("name", CHOICES)
def test_the_storys_date(name: str) -> None:
    head, body, want = CHOICES[name]
    assert published(head, body) == want


def test_url_day_before_feed() -> None:
    """The URLs day before the feed."""
    assert published(path="/2019/04/16/a-story") == ("2019-04-16", "url")


def test_zone_of_the_country() -> None:
    """An outlet without a zone is in that of its country."""
    html = f"<head>{meta('article:published_time', '2019-04-15T22:30:00Z')}</head><h1>A story</h1><b>16 aprile 2019</b>"
    found = story_dates.find(Document.of(Page("https://x.example.it/a", html.encode()))).published
    assert found is not None
    assert found.value.iso() == "2019-04-16T00:30:00+02:00"


def test_url_day_in_utc() -> None:
    """The URLs day may be that of UTC."""
    shown = '<time datetime="2019-04-15T23:30:00-05:00">15 April</time>'
    assert published(body=shown, path="/2019/04/16/a-story")[0] == "2019-04-15T23:30:00-05:00"
    assert published(body=shown, path="/2019/04/14/a-story")[0] == "2019-04-14"


LONG = "<p>The council said that the road would open after repairs, which took eleven weeks and cost four million.</p>"


@pytest.mark.parametrize(
    "last",
    [
        "<p>The last meeting was held on 25 March 2019 in Tunis.</p>",
        "<p>La grève a commencé le 2 février 2019 à Gafsa.</p>",
        "<p>وقد افتتح الطريق الأول في 12 يناير 2019 في سبها.</p>",
        "<p>İlk köprü 12 Ocak 2019 tarihinde törenle açıldı.</p>",
        "<aside><ul><li><a href='/b'>Ferry sails again</a> <time datetime='2019-04-10'>10 April</time></ul></aside>",
        "<nav><a href='/c'>Le bac repart</a><span class='date'>10 avril 2019</span></nav>",
    ],
)
def test_dates_in_prose_and_asides(last: str) -> None:
    """A short sentence with a date is prose, and a day among links in an aside is another story's."""
    assert published(body=f"{LONG}{LONG}{last}", feed=None) == (None, "")


def test_labelled_date_in_aside() -> None:
    """A day with a label is the story's, in an aside with links too."""
    shown = "<h3>Published</h3><p><time datetime='2019-04-10'>10 April</time></p>"
    aside = f"<aside>{shown}<a href='/b'>Roads and ports</a></aside>"
    assert published(body=f"{LONG}{aside}", feed=None)[0] == "2019-04-10"


@pytest.mark.parametrize(
    "body", ["", "<footer>© 2019 The Paper</footer>", "<p>17 April 2019</p>", "<script>var d = '2019-04-17'</script>"]
)
def test_no_date_is_made_up(body: str) -> None:
    assert published(body=body, feed=None) == (None, "")


def test_modified_apart_from_published() -> None:
    """Changed later and apart from published."""
    head = meta("article:published_time", "2019-04-16T08:00:00Z") + meta(
        "article:modified_time", "2019-04-16T09:00:00Z"
    )
    same = head.replace("T09", "T08")
    found = [
        story_dates.find(Document.of(Page("https://x.example/a", f"<p>x</p>{markup}".encode())))
        for markup in (head, same)
    ]
    assert [moments.modified and moments.modified.value.iso() for moments in found] == [
        "2019-04-16T09:00:00+00:00",
        None,
    ]


@pytest.mark.parametrize("day", ["30 August 2018", "30 août 2018", "30 Ağustos 2018", "٣٠ أغسطس ٢٠١٨"])
def test_one_day_apart_from_story(day: str) -> None:
    """The only date of the page is the story's although it stands in a block of its own below it."""
    story = f"<h1>The pump runs again</h1><div><p>{'The queue was gone by noon. ' * 8}</p></div>"
    below = f"<div><div><h3>About</h3><p>{'Our office is open. ' * 8}</p></div><div><time>{day}</time></div></div>"
    page = Page(url="https://x.example/pump", body=(story + below).encode(), content_type="text/html; charset=utf-8")
    found = story_dates.find(Document.of(page)).published
    assert found is not None
    assert found.value.iso() == "2018-08-30"


MIDNIGHTS = {
    "https://x.example.tn/a": ("2019-04-15T23:00:00Z", "2019-04-16"),
    "https://x.example.fr/a": ("2019-04-15T22:00Z", "2019-04-16"),
    "https://x.example.tr/a": ("2019-04-15T21:00:00+00:00", "2019-04-16"),
    "https://x.example.ly/a": ("2019-04-15T21:30:00Z", "2019-04-15T21:30:00+00:00"),
    "https://x.example.com/a": ("2019-04-15T23:00:00Z", "2019-04-15T23:00:00+00:00"),
}


@pytest.mark.parametrize("address", MIDNIGHTS)
def test_local_midnight_is_a_day(address: str) -> None:
    """Systems write a day without a time as its local midnight in UTC, which is the evening before."""
    stated, want = MIDNIGHTS[address]
    html = f"<head>{meta('article:published_time', stated)}</head><h1>A story</h1><p>Words of it.</p>"
    found = story_dates.find(Document.of(Page(address, html.encode(), captured_at=CAPTURED))).published
    assert found is not None
    assert found.value.iso() == want


@pytest.mark.parametrize("path", ["/news/16-04-2019", "/ar/16_4_2019/a-story", "/actus/breve-16-04-2019.html"])
def test_address_with_the_day_first(path: str) -> None:
    assert published(path=path, feed=None) == ("2019-04-16", "url")


LABELLED = [
    "<div><b>Published:</b> 14 April 2019</div>",
    "<div>Publié le 14 avril 2019</div>",
    "<div>نشر في 14 أبريل 2019</div>",
    "<div><span>Erschienen am:</span> 14.04.2019</div>",
    '<span itemprop="datePublished" content="2019-04-14">14/04</span>',
]


@pytest.mark.parametrize("shown", LABELLED)
@pytest.mark.parametrize("name", ["date", "dc.date", "DCTERMS.date"])
def test_event_date_yields(shown: str, name: str) -> None:
    """Dublin Core's date may be of a change; a date labelled as publication is better, and where none is, it counts."""
    event = meta(name, "2019-04-16")
    assert published(event, shown)[0] == "2019-04-14"
    assert published(event)[0] == "2019-04-16"


def test_an_expiry_is_no_date() -> None:
    """The last day of a recording on the page is not the story's."""
    player = '<div><span itemprop="expires" content="2019-04-17T00:00:00Z"></span><p>Listen again</p></div>'
    assert published(body=player, feed=None)[0] is None


REPUBLISHED = [
    ("16 April 2019", '<meta property="article:published_time" content="2019-04-17T05:02:11Z">'),
    ("16 avril 2019", '<meta itemprop="datePublished" content="2019-04-17T05:02:11+00:00">'),
    ("16 نيسان 2019", '<meta name="pubdate" content="2019-04-17T05:02:11Z">'),
]


@pytest.mark.parametrize(("day", "stated"), REPUBLISHED)
def test_republication_yields_to_shown_day(day: str, stated: str) -> None:
    """A publication after the last change is of the site, all anew; the day near the headline is the story's."""
    changed = meta("article:modified_time", "{}")
    shown = f"<div>{day}</div>"
    assert published(stated + changed.format("2019-04-17T05:01:00Z"), shown) == ("2019-04-16", "visible date")
    assert published(stated + changed.format("2019-04-17T05:03:00Z"), shown)[0] == "2019-04-17T05:02:11+00:00"


@pytest.mark.parametrize("clock", ["04:39:05+00:00", "04:39:05Z", "05:39:05+01:00"])
def test_midnight_yields_to_instant(clock: str) -> None:
    """Of an article's midnight in UTC and its page's instant within the day, the instant is the publication."""
    nodes = [
        '{"@type": "NewsArticle", "headline": "A story", "datePublished": "2019-04-15T00:00:00Z"}',
        f'{{"@type": "WebPage", "datePublished": "2019-04-16T{clock}"}}',
    ]
    head = "".join(f'<script type="application/ld+json">{node}</script>' for node in nodes)
    found, _ = published(head)
    assert found is not None
    assert datetime.fromisoformat(found) == datetime(2019, 4, 16, 4, 39, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        'By: <a href="/desk/1">Coast Desk</a> on 16-apr-2019 5:11:10',
        'Par <a href="/desk/1">Amal Ziani</a> le 16 avril 2019',
        'بقلم: <a href="/desk/1">أمل الزياني</a> في 16 نيسان 2019',
        "Yazan: <span>Deniz Kaya</span> 16 Nisan 2019",
    ],
)
def test_date_behind_byline(line: str) -> None:
    """A date on the line of a byline is the story's, in spite of buttons between the line and the headline."""
    buttons = '<a href="/s"><i></i></a>' * 6
    page = (
        f"<html><head></head><body><div class=x>{line}</div>{buttons}<h1>A story</h1><p>Words of it.</p></body></html>"
    )
    found = story_dates.find(Document.of(Page("https://x.example/a", page.encode(), captured_at=CAPTURED))).published
    assert found is not None
    assert found.value.at.date().isoformat() == "2019-04-16"


@pytest.mark.parametrize(
    "section", ["News from the old harbour", "Économie de la mer et", "أخبار الموانئ والسواحل القديمة"]
)
def test_line_above_headline(section: str) -> None:
    """A line just above the headline with a section of several words is no teaser of another story."""
    line = f'<div class=t><a href="/s">{section} vu du port</a><div> / </div><div>16 April 2019</div></div>'
    page = f"<html><body><section>{line}<h1>A story</h1></section><p>Words of it.</p></body></html>"
    found = story_dates.find(Document.of(Page("https://x.example/a", page.encode(), captured_at=CAPTURED))).published
    assert found is not None
    assert found.value.iso() == "2019-04-16"


RELATIVE = [
    ("8 hours ago", "2019-04-16"),
    ("Publié il y a 2 jours", "2019-04-15"),
    ("منذ ساعتين", "2019-04-17"),
    ("dün", "2019-04-16"),
]


@pytest.mark.parametrize(("line", "day"), RELATIVE)
def test_relative_date_near_headline(line: str, day: str) -> None:
    """A relative date near the headline is a day, counted back from the capture; any other date is better."""
    assert published(body=f"<div><span>{line}</span></div>", feed=None) == (day, "relative date")
    assert published(body=f"<span>{line}</span><span>14 April 2019</span>", feed=None)[0] == "2019-04-14"
    assert published(body=f"<span>{line}</span>") == ("2019-04-15T09:00:00+00:00", "feed item")


@pytest.mark.parametrize(("line", "_day"), RELATIVE)
@pytest.mark.parametrize(
    "frame",
    [
        '<div class="comments"><p>{}</p></div>',
        "<aside><span>{}</span></aside>",
        "<p>Updated <span>{}</span></p>",
        '<div><a href="/b">Ferry returns to Zliten after a year</a> <span>{}</span></div>',
        "<p>{} the pump at the old well ran again, he said.</p>",
    ],
)
def test_relative_date_of_others(line: str, _day: str, frame: str) -> None:
    """A relative date of a reader, a teaser, a change or a sentence is not the story's."""
    assert published(body=frame.format(line), feed=None) == (None, "")


def test_relative_date_needs_capture() -> None:
    """Without a capture time, a relative date is none."""
    page = Page("https://x.example/a", b"<h1>A story</h1><span>3 hours ago</span><p>Words of it.</p>")
    assert story_dates.find(Document.of(page)).published is None
