"""Extracting again: better words in the same chain, stories found and refused, and one end wherever it is killed."""

import dataclasses
import itertools
import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from dateline.archive.formats import read_articles, read_outcomes
from dateline.article import Article, Extraction, Outcome
from dateline.aws import objects
from dateline.index.index import Index
from dateline.index.list_items import published_key
from dateline.keys import identifiers, item_keys, object_keys
from dateline.maintenance.rebuild import rebuild
from dateline.maintenance.reextract import Reextraction, ReextractionReport
from dateline.messages import ReextractMessage
from dateline.page import Page
from infra.local.cloud import Cloud
from tests.support.damages import Archived
from tests.support.samples import NOON, KilledError, Newsroom, extract, killer_of_writes

RUN = "20190418T120000Z-again"


def old(page: Page) -> Extraction:
    """Sees no words after a "§", and no story whose page begins with "?"."""
    body = page.body.decode()
    found = read(page, "front page" if body.startswith("?") else body.partition("§")[0].removeprefix("!"))
    return found._replace(
        article=elsewhere(found.article) if found.article and found.article.title == "here" else found.article
    )


def new(page: Page) -> Extraction:
    """Sees all words, stories that begin with "?", none that begin with "!", other dates and other URLs."""
    body = page.body.decode()
    if "bomb" in body:
        return Extraction(Outcome.QUARANTINED, reason="it took too long")
    found = read(page, "front page" if body.startswith("!") else body.replace("§", " ").removeprefix("?"))
    article = found.article
    if article and "moved" in article.title:
        article = dataclasses.replace(article, published_at="2018-12-31")
    return found._replace(article=elsewhere(article) if article and "elsewhere" in article.title else article)


def elsewhere(article: Article) -> Article:
    """As of a page that names another URL as the canonical one."""
    url = article.url + "-elsewhere"
    return dataclasses.replace(article, url=url, id=identifiers.article_id(url))


def read(page: Page, body: str) -> Extraction:
    return extract(dataclasses.replace(page, body=body.encode()))


@pytest.fixture
def newsroom(aws: Any) -> Newsroom:
    return Newsroom(aws)


def archived(newsroom: Newsroom, *bodies: str) -> list[str]:
    """Captures of one page, an hour apart, as the old extractor had them."""
    captures = [newsroom.capture(("a", body)) for body in bodies]
    for key in captures:
        newsroom.archive(extract=old).add(key)
    return captures


def reextract(
    newsroom: Newsroom, key: str, run: str = RUN, offsets: tuple[int, ...] | None = None
) -> ReextractionReport:
    later = NOON + timedelta(days=1)
    reextraction = Reextraction(newsroom.archive(extract=new, clock=lambda: later))
    return reextraction.reextract(ReextractMessage(run=run, key=key, offsets=offsets))


def chain(newsroom: Newsroom) -> list[tuple[int, str]]:
    """The numbers and words of the revisions of page ``a``."""
    query, id = newsroom.query(), identifiers.article_id("http://news.example.org/a")
    return [(int(item["revision"]), query.article(item).text) for item in query.revisions(id)]


def without_reports(newsroom: Newsroom) -> dict[str, bytes]:
    return {key: data for key, data in newsroom.objects().items() if not key.startswith("reports/")}


def assert_rebuilt_the_same(newsroom: Newsroom) -> None:
    """A register of what was there once stays, and the rest is what the buckets say."""
    aws, before = newsroom.aws, newsroom.items()
    with aws.table.batch_writer() as batch:
        for item in before:
            batch.delete_item(Key={"PK": item["PK"], "SK": item["SK"]})
    rebuild(aws.deployment, unarchived=pytest.fail)
    rebuilt = [item for item in newsroom.items() if item["SK"] != "STATE"]
    registers = [item for item in before if item not in rebuilt]
    assert rebuilt == [item for item in before if item in rebuilt]
    assert all(item.keys() == {"PK", "SK"} for item in registers)


CHAINS: dict[str, tuple[list[str], list[tuple[int, str]]]] = {
    "words": (["T|Sfax.§Tunis."], [(1, "Sfax. Tunis.")]),
    "two revisions": (["T|One.§Two.", "T|Other.§Two."], [(1, "One. Two."), (2, "Other. Two.")]),
    "a change that was missed": (["T|One.§Two.", "T|One.§Three."], [(1, "One. Two."), (2, "One. Three.")]),
    "one between two": (
        ["T|One.§Two.", "T|One.§Three.", "T|Other."],
        [(1, "One. Two."), (2, "One. Three."), (3, "Other.")],
    ),
    "no change": (["T|One.§Two.", "T|One.§Two."], [(1, "One. Two.")]),
    "words that are now the same": (["T|One. Two.", "T|One.§Two."], [(1, "One. Two."), (2, "One. Two.")]),
    "a story that was missed": (["?T|One."], [(1, "One.")]),
    "missed before others": (["?T|One.", "T|Two."], [(1, "One."), (2, "Two.")]),
    "missed after others": (["T|One.", "?T|Two."], [(1, "One."), (2, "Two.")]),
    "no story": (["!T|Sfax."], []),
    "the newest is no story": (["T|Sfax.", "!T|Tunis."], [(1, "Sfax.")]),
    "the first is no story": (["!T|Sfax.", "T|Tunis."], [(1, "Tunis.")]),
    "the one before is no story": (["T|Two.", "!T|One.§Two.", "T|One."], [(1, "Two."), (2, "One.")]),
    "given up": (["T|One.§bomb"], [(1, "One.")]),
}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("case", CHAINS)
def test_chain_by_present_extractor(newsroom: Newsroom, case: str, order: int) -> None:
    """A chain has the words that the present extractor sees."""
    bodies, expected = CHAINS[case]
    captures = archived(newsroom, *bodies)
    was = {item["SK"]: item for item in newsroom.items() if item["SK"].startswith("REV#")}
    for key in captures[::order]:
        assert reextract(newsroom, key).done
    assert chain(newsroom) == expected
    for item in newsroom.items():
        if item["SK"] in was:
            kept = ("captured_at", "indexed_at")
            assert [item[name] for name in kept] == [was[item["SK"]][name] for name in kept]
            _, versions = Index(newsroom.aws.table).versions(item["id"], "")
            assert item["first_seen_at"] == min(str(each["captured_at"]) for each in versions)
    assert_rebuilt_the_same(newsroom)


def test_missed_page_joins_chain(newsroom: Newsroom) -> None:
    """The other way round it is two of the same words; so the command asks in the order of capture."""
    for key in archived(newsroom, "T|One.", "?T|Two.", "?T|Two."):
        reextract(newsroom, key)
    assert chain(newsroom) == [(1, "One."), (2, "Two.")]


def test_url_leaves_rejected_story(newsroom: Newsroom) -> None:
    """A URL leads no more to a story that is none."""
    (key,) = archived(newsroom, "here|Words.")
    assert newsroom.query().story("http://news.example.org/a-elsewhere")
    reextract(newsroom, key)
    assert newsroom.query().story("http://news.example.org/a-elsewhere") is None
    story = newsroom.query().story("http://news.example.org/a")
    assert story
    assert story["url"] == "http://news.example.org/a"
    assert_rebuilt_the_same(newsroom)


def test_story_moves_to_id(newsroom: Newsroom) -> None:
    """A story moves to its new date and its new id."""
    key = newsroom.capture(("a", "moved|Words."), ("b", "elsewhere|Words."))
    newsroom.archive(extract=old).add(key)
    report = reextract(newsroom, key)
    assert report.fields == {"published_at": 1, "url": 1, "id": 1}
    moved, elsewhere = newsroom.query().of_all()
    assert (published_key(moved)[:7], moved["title"]) == ("2018-12", "moved")
    assert elsewhere["url"] == "http://news.example.org/b-elsewhere"
    assert newsroom.query().story("http://news.example.org/b") == elsewhere
    assert_rebuilt_the_same(newsroom)


def test_report_lists_changed_fields(newsroom: Newsroom) -> None:
    """The report says what changed by field."""
    key = newsroom.capture(("a", "T|One.§Two."), ("b", "?T|Words."), ("c", "!T|Words."), ("d", "T|W.§bomb"))
    newsroom.archive(extract=old).add(key)
    report = reextract(newsroom, key)
    assert (
        ReextractionReport.from_json(newsroom.objects()[object_keys.reextraction(RUN, object_keys.parse(key))])
        == report
    )
    assert report.fields == {"text": 1, "digest": 1}
    assert report.outcomes == {"not_article -> archived": 1, "archived -> not_article": 1}
    assert (report.pages, report.given_up) == (4, 1)
    assert report.changes[0].fields["text"] == ["One.", "One. Two."]
    counters = newsroom.aws.table.get_item(Key=item_keys.day("sample", "2019-04-17"))["Item"]
    assert (counters["archived"], counters["not_article"], counters["quarantined"]) == (3, 1, 0)


def test_unchanged_is_not_rewritten(newsroom: Newsroom) -> None:
    """What is the same is not written again."""
    (key,) = archived(newsroom, "T|Words.")
    items, objects = newsroom.items(), without_reports(newsroom)
    assert reextract(newsroom, key).changes == ()
    assert (newsroom.items(), without_reports(newsroom)) == (items, objects)


def test_runs_have_own_objects(newsroom: Newsroom) -> None:
    """Each run has an object of its own."""
    (key,) = archived(newsroom, "T|One.§Two.")
    reextract(newsroom, key)
    first = newsroom.items(), without_reports(newsroom)
    reextract(newsroom, key)
    reextract(newsroom, key, run="20190419T120000Z-again")
    assert (newsroom.items(), without_reports(newsroom)) == first
    stem = object_keys.parse(key)
    (name,) = [name for name in newsroom.objects() if name.startswith("articles/")]
    assert object_keys.parse(name) == stem
    assert name != stem.articles
    (page,) = read_outcomes(newsroom.objects()[stem.outcomes])
    assert stem.extracted(page.extraction) == name


def test_only_offsets_are_reextracted(newsroom: Newsroom) -> None:
    """Only the records that are asked for are looked at."""
    key = newsroom.capture(("a", "T|One.§Two."), ("b", "T|One.§Two."))
    first, second = newsroom.archive(extract=old).add(key)
    reextract(newsroom, key, offsets=(second.offset,))
    (name,) = [name for name in newsroom.objects() if name.startswith("articles/")]
    assert [each.article.text for each in read_articles(newsroom.objects()[name])] == ["One.", "One. Two."]
    assert first.id in newsroom.index.current([first.id])


def test_unarchived_capture_is_archived(newsroom: Newsroom) -> None:
    """A capture that was never archived is archived."""
    key = newsroom.capture(("a", "T|One."))
    assert reextract(newsroom, key).done
    assert chain(newsroom) == [(1, "One.")]


def test_lost_articles_are_restored(newsroom: Newsroom) -> None:
    """Articles that were lost are made again with their numbers."""
    _, second = archived(newsroom, "T|One.", "T|Two.")
    before = newsroom.items()
    newsroom.aws.s3.delete_object(Bucket=newsroom.aws.archive, Key=newsroom.articles_key(second))
    reextract(newsroom, second)
    assert chain(newsroom) == [(1, "One."), (2, "Two.")]
    pointing = [{name: value for name, value in item.items() if name != "article"} for item in newsroom.items()]
    assert pointing == [{name: value for name, value in item.items() if name != "article"} for item in before]


def test_killed_reextract_ends_same(newsroom: Newsroom) -> None:
    """Killed at any of its calls it ends the same."""
    before = newsroom.capture(("a", "T|Sfax."), ("c", "T|Sfax."))
    key = newsroom.capture(("a", "T|Sfax.§Tunis."), ("b", "?moved|Words."), ("c", "!T|Gao."), ("d", "elsewhere|Gao."))
    for each in (before, key):
        newsroom.archive(extract=old).add(each)
    archive = Archived(newsroom, [before, key])
    start, ends = archive.contents(), []
    for call in itertools.count(1):
        archive.restore(start)
        die = killer_of_writes(call)
        newsroom.aws.on_call("before-call", die)
        try:
            reextract(newsroom, key)
            killed = False
        except KilledError:
            killed = True
        newsroom.aws.off_call("before-call", die)
        reextract(newsroom, key)
        ends.append((newsroom.items(), newsroom.objects()))
        if not killed:
            break
    assert len(ends) > 10
    assert all(end == ends[-1] for end in ends)


def test_two_deliveries_at_once_agree(newsroom: Newsroom) -> None:
    """The second is done while the first has yet to commit."""
    (key,) = archived(newsroom, "T|One.§Two.")
    put, begun = newsroom.aws.s3.put_object, list[str]()

    def meanwhile(**arguments: Any) -> Any:
        if arguments["Key"].startswith("outcomes/") and not begun:
            begun.append(key)
            reextract(newsroom, key, run="20190418T120001Z-other")
        return put(**arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(newsroom.aws.s3, "put_object", meanwhile)
        assert reextract(newsroom, key).done
    assert begun
    assert chain(newsroom) == [(1, "One. Two.")]
    assert len([name for name in newsroom.objects() if name.startswith("articles/")]) == 1
    assert_rebuilt_the_same(newsroom)


def test_invalid_message_is_named() -> None:
    """The message says what is wrong with it."""
    message = ReextractMessage(run=RUN, key="captures/x", offsets=(1, 2))
    assert ReextractMessage.from_json(message.to_json()) == message
    assert ReextractMessage.from_json('{"Records": []}') is None
    with pytest.raises(ValueError, match="not a reextract message"):
        ReextractMessage.from_json('{"reextract": {"crawl": 1}}')


@pytest.mark.cloud
def test_reextract_command_follows_run(cloud: Cloud) -> None:
    """The extractor is the same; so what changes is an articles object that was lost."""

    def dateline(*arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "dateline", *arguments, "--json"]
        done = subprocess.run(command, cwd=cloud.folder.parent, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout.splitlines()[0]))

    dateline("crawl", "sample-gazette")
    s3, bucket = cloud.client("s3"), cloud.outputs["ArchiveBucket"]
    lost = next(objects.keys(s3, bucket=bucket, prefix="articles/sample-gazette/"))
    articles = read_articles(objects.get(s3, bucket=bucket, key=lost) or b"")
    s3.delete_object(Bucket=bucket, Key=lost)
    summary = dateline("reextract", "sample-gazette")
    assert (summary["done"], summary["given_up"], summary["outcomes"]) == (True, 0, {})
    story = dateline("show", articles[0].article.id, "--article")
    assert (story["text"], story["revision"]) == (articles[0].article.text, articles[0].article.revision)
    again = dateline("reextract", "--source", "sample-gazette", "--run", summary["run"])
    assert again == summary


def test_reextracted_story_leaves_cluster(newsroom: Newsroom) -> None:
    """A story is found by its new words and leaves a cluster with its last."""
    words = "The harbour master counted nineteen trawlers on Sunday night and nine of them had no lamp."
    for path, body in (("b", f"!Boats|{words}"), ("a", f"Trawlers|{words}"), ("c", f"Lamps|So far nothing.§{words}")):
        newsroom.archive(extract=old).add(newsroom.capture((path, body)))
    stories = {path: identifiers.article_id(f"http://news.example.org/{path}") for path in "abc"}
    assert [each["id"] for each in newsroom.query().cluster(stories["a"])] == [stories["b"], stories["a"]]
    for key in objects.keys(newsroom.aws.s3, bucket=newsroom.aws.captures, prefix="captures/"):
        reextract(newsroom, key)
    assert [each["id"] for each in newsroom.query().cluster(stories["a"])] == [stories["a"], stories["c"]]
    assert newsroom.query().story(stories["b"]) is None
    assert_rebuilt_the_same(newsroom)
