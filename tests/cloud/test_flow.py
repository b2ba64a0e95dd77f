"""The flow on the deployed template: a crawl to its end; stopped, killed, repeated; by the schedule alone."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dateline.archive.formats import read_outcomes
from dateline.article import Outcome
from dateline.messages import CrawlMessage, capture_event
from infra.local.cloud import down, status, up
from infra.newsroom import set_edition
from tests.conftest import ROOT, beside, quiet
from tests.support.checkout import SAMPLES, Checkout, until

SCHEDULED = {"sample-courrier", "sample-gazette"}
RECORDED = sorted((ROOT.parent / "shared" / "data" / "dev").glob("*.jsonl.gz"))

pytestmark = pytest.mark.cloud


def test_every_page_has_outcome(emptied: Checkout) -> None:
    """Every page ends in one outcome and every story with its words."""
    checkout = emptied
    summaries = {each["source"]: each for each in checkout.dateline("crawl", *SAMPLES)}
    for each in summaries.values():
        assert each["done"]
        fates = each["known"] + each["captured"] + each["left"] + each["waiting"]
        assert each["discovered"] == fates + sum(each["failures"].values())
        assert sum(each["outcomes"].values()) == each["captured"]
    outcomes = sum((Counter(each["outcomes"]) for each in summaries.values()), Counter())
    assert outcomes.pop("duplicate", 0) <= 1  # the page that has moved, if it is asked for before its old address is
    assert outcomes == {"archived": 30}
    expected = checkout.expected()
    for article in checkout.articles():
        if article.source in SAMPLES:
            story = expected[article.url]
            assert (article.title, article.text, article.language) == (story.title, story.text, story.language)
            assert str(article.published_at)[:10] <= f"{story.published_at:%Y-%m-%d}"


def test_crawl_after_restart_copies_nothing(checkout: Checkout) -> None:
    """Crawling again after a restart copies nothing."""
    checkout.dateline("crawl", *SAMPLES)
    before = checkout.archive(), checkout.objects("ArchiveBucket", ""), checkout.objects("CaptureBucket", "captures/")
    down(checkout.cloud.folder, progress=quiet)
    again = Checkout(up(checkout.cloud.folder, progress=quiet))
    assert [each["captured"] for each in again.dateline("crawl", *SAMPLES)] == [0, 0, 0]
    after = again.archive(), again.objects("ArchiveBucket", ""), again.objects("CaptureBucket", "captures/")
    assert after == before


def test_redelivered_message_changes_nothing(checkout: Checkout) -> None:
    """A message delivered twice changes nothing."""
    (crawled, *_) = checkout.dateline("crawl", *SAMPLES)
    sqs, outputs = checkout.sqs, checkout.cloud.outputs
    before = checkout.items(), checkout.objects("ArchiveBucket", ""), checkout.objects("CaptureBucket", "")
    for key in checkout.keys("CaptureBucket", "captures/sample-"):
        event = capture_event(outputs["CaptureBucket"], key)
        sqs.send_message(QueueUrl=outputs["ExtractQueue"], MessageBody=event)
    message = CrawlMessage(source=crawled["source"], crawl=crawled["crawl"]).to_json()
    sqs.send_message(
        QueueUrl=outputs["CrawlQueue"], MessageBody=message, MessageGroupId="again", MessageDeduplicationId="again"
    )
    until(lambda: all(checkout.is_idle(queue) for queue in ("ExtractQueue", "CrawlQueue")))
    assert (checkout.items(), checkout.objects("ArchiveBucket", ""), checkout.objects("CaptureBucket", "")) == before


def test_changed_story_has_revision(checkout: Checkout) -> None:
    """A story that changed has a second revision."""
    checkout.dateline("crawl", *SAMPLES)
    try:
        set_edition(checkout.cloud.folder / "newsroom", 2)
        checkout.dateline("crawl", *SAMPLES)
        stories = checkout.expected(edition=2)
        (url,) = (url for url in stories if url.rstrip("/").endswith("sirte-fish-market"))
        (story,) = (each for each in checkout.dateline("query", "--source", "sample-gazette") if each["url"] == url)
        revisions = checkout.dateline("show", story["id"], "--revisions")
        assert [each["title"] for each in revisions] == [checkout.expected()[url].title, stories[url].title]
    finally:
        set_edition(checkout.cloud.folder / "newsroom", 1)


def test_killed_crawl_ends_same(other: Callable[..., Checkout], checkout: Checkout) -> None:
    """Killed in a crawl it ends as if it had not been."""
    killed = other()
    crawling = killed.start("crawl", *SAMPLES, "--json")
    until(lambda: any((killed.cloud.folder / "s3").rglob("*.warc.gz")))
    leader = status(killed.cloud.folder).ministack
    assert leader
    os.kill(leader, signal.SIGKILL)
    crawling.kill()
    crawling.communicate()
    again = Checkout(up(killed.cloud.folder, progress=quiet))
    again.dateline("crawl", *SAMPLES)
    until(lambda: again.is_idle("ExtractQueue"), 40)
    assert again.archive() == undisturbed(checkout)
    assert len({(article.id, article.digest) for article in again.articles()}) == len(again.articles())


def undisturbed(checkout: Checkout) -> set[tuple[str, str, str]]:
    """The sample outlets' first edition, as the shared cloud's archive has it."""
    checkout.dateline("crawl", *SAMPLES)
    first = {article.id: article for article in reversed(checkout.articles()) if article.revision == 1}
    return {
        (article.source, urlsplit(article.url).path, article.digest)
        for article in first.values()
        if article.source in SAMPLES
    }


def test_one_host_never_overlaps(emptied: Checkout) -> None:
    """Two crawls of one host started at once do not overlap."""
    checkout = emptied
    log = checkout.cloud.folder / "newsroom" / "access.jsonl"
    before = len(log.read_text("utf-8").splitlines())
    for crawling in [checkout.start("crawl", "sample-gazette", "--json") for _ in range(2)]:
        crawling.communicate(timeout=120)
        assert crawling.returncode == 0
    lines = map(json.loads, log.read_text("utf-8").splitlines()[before:])
    paths = [each["path"] for each in lines if each["outlet"] == "sample-gazette"]
    feeds = [number for number, path in enumerate(paths) if path == "/feed/"]
    stories = [number for number, path in enumerate(paths) if path.startswith("/news/")]
    assert len(feeds) == 2
    assert feeds[0] < stories[0] <= stories[-1] < feeds[1]


@pytest.fixture(scope="module")
def scheduled(cloud_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A cloud that crawls by its schedule, of which the first minute passes while recorded pages are crawled."""
    with beside(cloud_folder, tmp_path_factory.mktemp("scheduled") / ".dateline") as start:
        yield start(schedule=sorted(SCHEDULED), recorded=RECORDED)


@pytest.mark.skipif(not RECORDED, reason="the recorded pages (../shared/data) are not on this machine")
def test_recorded_pages_have_outcomes(scheduled: Checkout, tmp_path: Path) -> None:
    """Recorded pages each end in one outcome."""
    checkout = scheduled
    sources = [f"recorded-{path.name.split('.')[0]}" for path in RECORDED]
    summaries = checkout.dateline("crawl", *sources)
    pages = sum(each["captured"] for each in summaries)
    assert pages == 530
    outcomes = [
        page
        for data in checkout.objects("ArchiveBucket", "outcomes/recorded-").values()
        for page in read_outcomes(data)
    ]
    assert len({page.url for page in outcomes}) == len(outcomes) == pages
    assert {page.outcome for page in outcomes} <= {Outcome.ARCHIVED, Outcome.NOT_ARTICLE}
    archived = sorted(page.id for page in outcomes if page.outcome is Outcome.ARCHIVED)
    assert sorted(story["id"] for name in sources for story in checkout.dateline("query", "--source", name)) == archived
    assert sorted(article.id for article in checkout.articles() if article.source in sources) == archived
    for number, data in enumerate(checkout.objects("CaptureBucket", "captures/recorded-").values()):
        path = tmp_path / f"{number}.warc.gz"
        path.write_bytes(data)
        for tool in ("check", "index"):
            subprocess.run([sys.executable, "-m", "warcio.cli", tool, str(path)], check=True, stdout=subprocess.DEVNULL)


def test_schedule_crawls_two_outlets(scheduled: Checkout) -> None:
    """The schedule alone crawls two outlets."""
    until(lambda: {story["source"] for story in scheduled.dateline("query")} >= SCHEDULED)
    assert {story["source"] for story in scheduled.dateline("query")} & set(SAMPLES) == SCHEDULED
