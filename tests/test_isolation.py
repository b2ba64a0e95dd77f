"""Isolation: what a page does to its extraction is that page's alone."""

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from dateline import keys
from dateline.article import Extraction, Outcome
from dateline.extraction import extract
from dateline.isolation import Isolated
from dateline.page import Page
from dateline.settings import Settings
from tests import samples
from tests.samples import Newsroom

SECONDS, MEMORY = 0.5, 256


def poisoned(page: Page) -> Extraction:
    """Extraction with four bugs in it, each set off by a page; the stand-in reads ``title|text``."""
    match page.body.split(b"|")[0]:
        case b"hang":
            while True:
                time.sleep(1)
        case b"regex":
            re.match(r"(a+)+$", "a" * 64 + "b")  # holds the interpreter's lock for longer than anybody lives
        case b"crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"memory":
            return extract(Page(url=page.url, body=b"<h1>Well</h1>" + b"<p>Words of the well.</p>" * 700_000))
        case b"large":
            return extract(Page(url=page.url, body=b"<p>" + b"x" * 50_000_000))
        case b"bug":
            raise LookupError("no such thing")
    return samples.extract(page)


@pytest.fixture
def isolated() -> Iterator[Isolated]:
    isolated = Isolated(poisoned, seconds=SECONDS, memory=MEMORY)
    yield isolated
    isolated.close()


def page(body: str) -> Page:
    return Page(url="http://news.example.org/a", body=body.encode())


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        ("hang", "took more than 0.5 seconds"),
        ("regex", "took more than 0.5 seconds"),
        ("crash", "died: SIGKILL"),
        ("large", "more than 20000000"),
        ("bug", "died: LookupError: no such thing"),
    ],
)
def test_a_page_costs_itself_alone(isolated: Isolated, poison: str, reason: str) -> None:
    found = isolated(page(f"{poison}|"))
    assert (found.outcome, found.article) == (Outcome.QUARANTINED, None)
    assert reason in str(found.reason)
    assert isolated(page("Title|Words.")) == samples.extract(page("Title|Words."))


def test_memory_has_a_limit() -> None:
    isolated = Isolated(poisoned, seconds=60, memory=MEMORY)
    found = isolated(page("memory|"))
    isolated.close()
    assert (found.outcome, found.reason) == (Outcome.QUARANTINED, "extraction died: MemoryError: ")


def test_a_child_that_dies_between_two_pages_costs_none(isolated: Isolated) -> None:
    assert isolated(page("Title|Words.")).article
    assert isolated._child
    isolated._child._process.kill()
    isolated._child._process.join()
    assert isolated(page("Title|Words.")).article


def test_pages_that_all_hang_get_less_time_each_until_the_next_batch(isolated: Isolated) -> None:
    isolated = Isolated(poisoned, seconds=4, memory=MEMORY)
    isolated._limit = 1.5
    reasons = [isolated(page("hang|")).reason for _ in range(2)]
    isolated.begin()
    isolated.close()
    assert reasons == [f"extraction took more than {seconds} seconds" for seconds in ("1.5", "1")]
    assert isolated._limit == 4


def test_a_batch_of_200_pages_with_5_poisons_has_195_as_usual(aws: Any, isolated: Isolated) -> None:
    newsroom = Newsroom(aws)
    poisons = dict(zip(range(20, 200, 37), ("hang", "memory", "crash", "regex", "large"), strict=True))
    pages = [(f"{number}", f"{poisons.get(number, f'Story {number}')}|Words {number}.") for number in range(200)]
    key = newsroom.capture(*pages)
    outcomes = newsroom.archive(extract=isolated).add(key)
    assert Counter(each.outcome.value for each in outcomes) == {"archived": 195, "quarantined": 5}
    assert [number for number, each in enumerate(outcomes) if each.outcome is Outcome.QUARANTINED] == list(poisons)
    reports = [name for name in newsroom.objects() if name.startswith("quarantine/")]
    assert sorted(reports) == sorted(
        keys.quarantine(keys.parse(key), each.offset) for each in outcomes if each.outcome is Outcome.QUARANTINED
    )


def test_the_limits_are_settings() -> None:
    environment = {"DATELINE_PAGE_SECONDS": "2.5", "DATELINE_PAGE_MEMORY": "300", "DATELINE_TABLE": ""}
    settings = Settings.from_environment(environment)
    assert (settings.page_seconds, settings.page_memory, settings.table) == (2.5, 300, "")
    assert Settings.from_environment({}).page_seconds > 0
