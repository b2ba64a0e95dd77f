"""News pages for measurements: generated, reproducible, of realistic size and structure; or recorded.

A generated page has the words of a newsroom story within typical surroundings: 30 meta tags, JSON-LD, style sheets,
menus, shares, related stories, a script with the page's state. It is 110 to 150 kB long, 32 kB with gzip, with about
670 elements and 137 links: somewhat below the median of real news pages. A third have no JSON-LD, a quarter no date
except the printed one, one in twelve neither.
"""

import functools
import gzip
import itertools
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import jinja2
from babel.dates import format_datetime

from infra.newsroom.outlet import Outlet, read_all
from infra.newsroom.stories import Story

BASE = "https://news.example.org"
DISTINCT = 100  # more pages than these are these again
_FIRST_DAY = datetime(2026, 10, 1, 6, 30, tzinfo=UTC)
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"


class NewsPage(NamedTuple):
    url: str
    html: bytes


def pages(count: int, recorded: Path | None = None) -> Iterator[NewsPage]:
    """At most ``count`` pages: of a gzip'd JSON-lines file (``url``, ``html``) or else made up."""
    source = read_recorded(recorded) if recorded else made_up()
    return itertools.islice(source, count)


def read_recorded(path: Path) -> Iterator[NewsPage]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            page = json.loads(line)
            yield NewsPage(page["url"], page["html"].encode("utf-8", "surrogatepass"))


def made_up() -> Iterator[NewsPage]:
    """The distinct pages, each outlet's in turn."""
    outlets = [(outlet, _told(outlet)) for outlet in read_all()]
    for number in range(DISTINCT):
        outlet, stories = outlets[number % len(outlets)]
        yield _page(number, outlet, stories)


def _told(outlet: Outlet) -> list[Story]:
    return [story for story in outlet.stories(BASE, 1) if not story.language or story.language == outlet.language]


def page_of(number: int, outlet: Outlet, title: str, published: datetime, paragraphs: Sequence[str]) -> NewsPage:
    """Return a page with these words, and with stories of the outlet around them."""
    stories = _told(outlet)
    known: dict[str, Any] = {"title": title, "published_at": published, "standfirst": None, "printed_dateline": None}
    story = replace(stories[number % len(stories)], **known)
    return _page(number, outlet, stories, story, paragraphs)


def _page(
    number: int, outlet: Outlet, stories: Sequence[Story], told: Story | None = None, words: Sequence[str] = ()
) -> NewsPage:
    chance = random.Random(number)  # noqa: S311 - a seed makes the page the same each time
    published = told.published_at if told else _FIRST_DAY + timedelta(hours=7 * number)
    story = told or stories[number % len(stories)]
    url = f"{BASE}/{published:%Y/%m/%d}/{story.slug}-{number}"
    context: dict[str, Any] = {
        "number": number,
        "url": url,
        "outlet": outlet,
        "story": story,
        "published": published,
        "printed": format_datetime(published, outlet.date_pattern, ZoneInfo(outlet.timezone), outlet.locale),
        "json_ld": number // 3 % 3 != 2,
        "dated": number // 3 % 4 != 3,
        "modified": published + timedelta(minutes=chance.randrange(5, 300)),
        "paragraphs": words or _paragraphs(chance, stories),
        "others": [chance.choice(stories) for _ in range(36)],
        "name": functools.partial(_name, chance),
        "chance": chance,
        "people": lambda of: [{"@type": "Person", "name": author} for author in of.authors],
    }
    return NewsPage(url, _template().render(context).encode())


def _paragraphs(chance: random.Random, stories: Sequence[Story]) -> list[str]:
    """A story's length of paragraphs, of no story in particular."""
    told = [paragraph for story in stories for paragraph in story.paragraphs]
    return chance.sample(told, min(len(told), chance.randrange(12, 26)))


def _name(chance: random.Random, length: int = 8) -> str:
    """Letters of no meaning, as builds of style sheets and scripts are full of."""
    return chance.choice(_LETTERS[:26]) + "".join(chance.choices(_LETTERS, k=length - 1))


@functools.cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template("page.html")
