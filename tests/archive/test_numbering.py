"""The chain of a story's revisions: the same for the same captures, in whatever order they are archived."""

import dataclasses
import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from dateline.archive import numbering
from dateline.archive.formats import read_articles, read_outcomes, write_articles, write_outcomes
from dateline.archive.numbering import Place, Version
from dateline.article import Extraction, Outcome
from dateline.keys import crawl_names, identifiers, item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.maintenance.rebuild import rebuild
from dateline.maintenance.reextract import Reextraction
from dateline.messages import ReextractMessage
from dateline.page import Page
from dateline.verify import Scope, Spool, Verification
from tests.support.samples import NOON, KilledError, Newsroom, extract, killer_of_writes

ARCHIVED, UNCHANGED, DUPLICATE = Outcome.ARCHIVED, Outcome.UNCHANGED, Outcome.DUPLICATE
PAPERS = ("ferry", "souk-el-tlata", "مرفأ")
HEADLINES = ("Ferry to Sfax dated", "Le bac de Sfax", "عبّارة صفاقس", "Sfax feribotu")


@pytest.fixture
def newsroom(aws: Any) -> Newsroom:
    return Newsroom(aws)


def version(at: int, words: str, capture: str = "x", offset: int = 0, date: str | None = None) -> Version:
    return Version(captured_at=f"2019-04-17T{at:02}", capture=capture, offset=offset, digest=words, published_at=date)


@pytest.mark.parametrize(
    ("versions", "places"),
    [
        ([version(1, "a")], [1]),
        ([version(1, "a"), version(2, "b"), version(3, "a")], [1, 2, 3]),
        ([version(3, "a"), version(1, "a", "y")], [1, UNCHANGED]),
        ([version(1, "a"), version(2, "a"), version(3, "b")], [1, DUPLICATE, 2]),
        ([version(1, "a"), version(1, "b", "y")], [1, UNCHANGED]),
        ([version(1, "a", date=None), version(2, "a", date="2019-04-16")], [1, 2]),
        ([version(1, "a", date="2019-04-16"), version(2, "a", "y", date=None)], [1, UNCHANGED]),
    ],
)
def test_places_follow_the_captures(versions: Sequence[Version], places: Sequence[Outcome | int]) -> None:
    """A number is a revision's; all have the instant of the first, in whatever order they are given."""
    first = min(each.captured_at for each in versions)
    wanted = [Place(ARCHIVED, at, first) if isinstance(at, int) else Place(at) for at in places]
    for order in itertools.permutations(versions):
        found = dict(numbering.misplaced(order))
        assert [found[each] for each in sorted(versions, key=lambda each: each.order)] == wanted
        settled = [dataclasses.replace(each, place=at) for each, at in found.items()]
        assert numbering.misplaced(settled) == []
        assert not numbering.is_broken(settled)


def captures_of(newsroom: Newsroom, count: int, seed: int) -> list[str]:
    """Captures of a few pages each, whose words change, change back and stay."""
    chance = random.Random(seed)
    return [
        newsroom.capture(
            *((chance.choice(PAPERS), f"{chance.choice(HEADLINES)}|Words.") for _ in range(chance.randint(1, 3)))
        )
        for _ in range(count)
    ]


def archived(newsroom: Newsroom, order: Iterable[str]) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    newsroom.aws.clear_archive()
    for key in order:
        newsroom.archive().add(key)
    return newsroom.items(), newsroom.objects()


def titles(newsroom: Newsroom, id: str) -> list[tuple[int, str]]:
    """The numbers and headlines of a story's revisions."""
    return [(int(each["revision"]), str(each["title"])) for each in newsroom.query().revisions(id)]


def findings(newsroom: Newsroom, folder: Any) -> list[Any]:
    spool = Spool(folder / f"{random.random()}.db")
    found = list(Verification(newsroom.aws.deployment, spool, scope=Scope()).findings())
    return [each for each in found if "what the crawl knew" not in each.detail]


def test_shuffled_captures_end_the_same(newsroom: Newsroom, tmp_path: Any) -> None:
    """Ten captures of three stories in three orders; the objects hold the same bytes, and verification agrees."""
    captures = captures_of(newsroom, 10, seed=1)
    wanted = archived(newsroom, captures)
    assert findings(newsroom, tmp_path) == []
    for seed in range(2):
        shuffled = random.Random(seed).sample(captures, len(captures))
        assert archived(newsroom, shuffled) == wanted
    assert findings(newsroom, tmp_path) == []


def test_a_chain_has_consecutive_numbers(newsroom: Newsroom) -> None:
    captures = captures_of(newsroom, 12, seed=2)
    archived(newsroom, reversed(captures))
    for story in newsroom.query().of_all():
        revisions = newsroom.query().revisions(story["id"])
        assert [each["revision"] for each in revisions] == [*range(1, len(revisions) + 1)]
        assert {each["first_seen_at"] for each in revisions} == {revisions[0]["captured_at"]}
        texts = [newsroom.query().article(each) for each in revisions]
        assert all(one.digest != other.digest for one, other in itertools.pairwise(texts))
        assert [each.revision for each in texts] == [each["revision"] for each in revisions]


def test_unchanged_page_becomes_revision(newsroom: Newsroom) -> None:
    """The words between were archived last."""
    first, between, last = (newsroom.capture(("a", f"{title}|Words.")) for title in ("One", "Two", "One"))
    assert newsroom.archive().add(first)[0].outcome is ARCHIVED
    assert newsroom.archive().add(last)[0].outcome is UNCHANGED
    newsroom.archive().add(between)
    (story,) = newsroom.query().of_all()
    assert titles(newsroom, story["id"]) == [(1, "One"), (2, "Two"), (3, "One")]
    day = newsroom.aws.table.get_item(Key=item_keys.day("sample", "2019-04-17"))["Item"]
    assert (day["archived"], day.get("unchanged", 0)) == (3, 0)


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0), (2, 1, 0)])
def test_killed_chain_ends_same(newsroom: Newsroom, order: Sequence[int]) -> None:
    """Killed at any write the chain ends the same."""
    captures = [newsroom.capture(("a", f"{title}|Words."), ("b", "Same|Words.")) for title in ("One", "Two", "One")]
    wanted = archived(newsroom, captures)
    *before, last = (captures[number] for number in order)
    for call in itertools.count(1, 3):
        archived(newsroom, before)
        die = killer_of_writes(call)
        newsroom.aws.on_call("before-call", die)
        killed = not ends(lambda: newsroom.archive().add(last))
        newsroom.aws.off_call("before-call", die)
        newsroom.archive().add(last)
        assert (newsroom.items(), newsroom.objects()) == wanted
        if not killed:
            break
    assert call > 10


def ends(run: Callable[[], object]) -> bool:
    try:
        run()
    except KilledError:
        return False
    return True


def test_two_orders_at_once_agree(newsroom: Newsroom) -> None:
    """While the earliest capture is archived, both later ones are, after it has read the index."""
    captures = [newsroom.capture(("a", f"{title}|Words.")) for title in ("One", "Two", "One")]
    wanted = archived(newsroom, captures)
    newsroom.aws.clear_archive()
    begun = list[str]()

    def clock() -> Any:
        if not begun:
            begun.extend(captures[:0:-1])
            for key in list(begun):
                newsroom.archive().add(key)
        return NOON

    newsroom.archive(clock=clock).add(captures[0])
    assert begun
    assert (newsroom.items(), newsroom.objects()) == wanted


def test_one_revision_per_instant(newsroom: Newsroom) -> None:
    """Its words are those of the first WARC file by name; the other capture says that it is unchanged."""
    stems = [Stem("sample", crawl_names.crawl_name(NOON, label), 0) for label in ("b", "a")]
    captures = [newsroom.put(stem, ("a", f"{stem.crawl[-1]}|Words.")) for stem in stems]
    ends = [archived(newsroom, order) for order in (captures, captures[::-1])]
    assert ends[0] == ends[1]
    (story,) = newsroom.query().of_all()
    assert titles(newsroom, story["id"]) == [(1, "a")]


def as_before(newsroom: Newsroom) -> None:
    """Make the archive one of before November 2026: no names of articles objects, no digests of unchanged pages."""
    s3, bucket = newsroom.aws.s3, newsroom.aws.archive
    for key, body in newsroom.objects().items():
        if key.startswith("articles/"):
            s3.delete_object(Bucket=bucket, Key=key)
            articles = [dataclasses.replace(each.article, revision=1) for each in read_articles(body)]
            fixed = [dataclasses.replace(each, first_seen_at=each.captured_at) for each in articles]
            s3.put_object(Bucket=bucket, Key=object_keys.parse(key).articles, Body=write_articles(fixed))
        if key.startswith("outcomes/"):
            pages = [
                dataclasses.replace(page, digest=None, published_at=None, extraction=None)
                for page in read_outcomes(body)
            ]
            pages = [dataclasses.replace(page, revision=page.revision and 1) for page in pages]
            s3.put_object(Bucket=bucket, Key=key, Body=write_outcomes(pages))


def reextract(newsroom: Newsroom, key: str, extract: Callable[[Page], Extraction] = extract) -> None:
    reextraction = Reextraction(newsroom.archive(extract=extract))
    reextraction.reextract(ReextractMessage(run="20190418T120000Z-test", key=key))


def test_reextraction_upgrades_old_archive(newsroom: Newsroom) -> None:
    """Every revision there is a first one, as if captures had come in reverse."""
    captures = [newsroom.capture(("a", f"{title}|Words.")) for title in ("One", "Two", "Two", "Three")]
    archived(newsroom, captures)
    as_before(newsroom)
    newsroom.aws.clear_table()
    rebuild(newsroom.aws.deployment, unarchived=pytest.fail)
    (story,) = newsroom.query().of_all()
    assert [each["revision"] for each in newsroom.query().revisions(story["id"])] == [1, 1, 1]
    for key in captures:
        reextract(newsroom, key)
    (story,) = newsroom.query().of_all()
    revisions = newsroom.query().revisions(story["id"])
    assert titles(newsroom, story["id"]) == [(1, "One"), (2, "Two"), (3, "Three")]
    assert {each["first_seen_at"] for each in revisions} == {revisions[0]["captured_at"]}


def test_an_old_archive_goes_on(newsroom: Newsroom) -> None:
    """A new capture is compared with what an older version archived."""
    captures = [newsroom.capture(("a", f"{title}|Words.")) for title in ("One", "Two", "Two")]
    archived(newsroom, captures[:2])
    as_before(newsroom)
    assert newsroom.archive(clock=lambda: NOON + timedelta(days=1)).add(captures[2])[0].outcome is UNCHANGED


def of_one_id(page: Page) -> Extraction:
    """Believes the canonical of a template, which names a section: all stories have its id."""
    found = extract(page)
    section = "http://news.example.org/ar/"
    article = found.article and dataclasses.replace(found.article, id=identifiers.article_id(section), url=section)
    return found._replace(article=article)


def test_reextraction_separates_shared_id(newsroom: Newsroom) -> None:
    """Until then they are revisions of one story, in the order of capture, and both are kept; then each has its own."""
    pages = [("a", "Ferry"), ("b", "مرفأ"), ("a", "Ferry"), ("b", "مرفأ الجديد")]
    captures = [newsroom.capture((path, f"{title}|Words.")) for path, title in pages]
    for key in captures:
        newsroom.archive(extract=of_one_id).add(key)
    (shared,) = newsroom.query().of_all()
    assert [each["title"] for each in newsroom.query().revisions(shared["id"])] == [title for _, title in pages]
    for key in random.Random(3).sample(captures, 4):
        reextract(newsroom, key)
    assert newsroom.query().story(shared["id"]) is None
    assert newsroom.query().revisions(shared["id"]) == []
    chains = {"a": [(1, "Ferry")], "b": [(1, "مرفأ"), (2, "مرفأ الجديد")]}
    for path, wanted in chains.items():
        story = newsroom.query().story(f"http://news.example.org/{path}")
        assert story
        revisions = newsroom.query().revisions(story["id"])
        assert titles(newsroom, story["id"]) == wanted
        assert {each["first_seen_at"] for each in revisions} == {revisions[0]["captured_at"]}


def test_one_id_keeps_story(newsroom: Newsroom) -> None:
    """The story at the shared URL itself has the numbers that it would have had alone."""
    pages = [("b", "Souk"), ("ar/", "Ferry"), ("b", "Souk el Tlata"), ("ar/", "Ferry of Sfax")]
    captures = [newsroom.capture((path, f"{title}|Words.")) for path, title in pages]
    for key in captures:
        newsroom.archive(extract=of_one_id).add(key)
    for key in captures:
        reextract(newsroom, key)
    story = newsroom.query().story("http://news.example.org/ar/")
    assert story
    revisions = newsroom.query().revisions(story["id"])
    assert titles(newsroom, story["id"]) == [(1, "Ferry"), (2, "Ferry of Sfax")]
    assert {each["first_seen_at"] for each in revisions} == {revisions[0]["captured_at"]}
