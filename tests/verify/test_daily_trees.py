"""``verify`` compares the daily trees with the captures that it reads; ``rebuild`` leaves proofs alone."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from dateline.keys import object_keys
from dateline.maintenance.rebuild import rebuild
from dateline.maintenance.withdraw import Withdrawing
from dateline.proofs import verify
from dateline.proofs.bundle import prove
from dateline.proofs.signing import FileSigner
from dateline.proofs.trees import Trees
from dateline.verify import Scope, Spool, Verification
from dateline.verify.findings import Kind
from tests.conftest import Aws
from tests.proofs.test_trees import put_again, with_other_words, without_last
from tests.support.proofs.authority import TimestampAuthority, serving
from tests.support.proofs.evidence import Evidence, unzipped
from tests.support.samples import KilledError, Newsroom, killer

TODAY = datetime.now(UTC).date()


@pytest.fixture
def newsroom(aws: Aws) -> Newsroom:
    """Two sources with a tree of all their records, and a day after it."""
    for source in ("sample", "other"):
        newsroom = Newsroom(aws, source=source, host=f"{source}.example.org")
        newsroom.archive().add(newsroom.capture(("a", "Title|Words."), ("b", "Other|Words.")))
    Trees(aws.s3, aws.captures).write(TODAY + timedelta(days=1))
    return newsroom


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "verify" / "run.sqlite")
    yield opened
    opened.close()


def found(newsroom: Newsroom, spool: Spool, scope: Scope | None = None) -> list[tuple[str, str]]:
    findings = Verification(newsroom.aws.deployment, spool, scope=scope or Scope()).findings()
    return [(finding.key, finding.detail) for finding in findings if finding.kind is Kind.WRONG_TREE]


def capture_of(newsroom: Newsroom) -> str:
    return next(key for key in Trees(newsroom.aws.s3, newsroom.aws.captures).tree(f"{TODAY}").files if "other" in key)


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], set[str]]] = {
    "words": (
        with_other_words,
        {f"2 records of the tree of {TODAY} are missing or were changed", "2 of its records are in no tree"},
    ),
    "record dropped": (without_last, {f"1 records of the tree of {TODAY} are missing or were changed"}),
    "record twice": (lambda body: body + body, set()),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_captures(newsroom: Newsroom, spool: Spool, name: str) -> None:
    change, details = DAMAGES[name]
    key = capture_of(newsroom)
    put_again(newsroom.aws, key, change)
    assert found(newsroom, spool) == [(key, detail) for detail in sorted(details, reverse=True)]


def test_sound_trees(newsroom: Newsroom, spool: Spool) -> None:
    assert found(newsroom, spool) == []


@pytest.mark.parametrize("scope", [Scope(sources=("sample",)), Scope(since=date(2099, 1, 1))])
def test_part_of_the_archive(newsroom: Newsroom, spool: Spool, scope: Scope) -> None:
    """Records out of the scope are not missing; another root is found all the same."""
    put_again(newsroom.aws, capture_of(newsroom), without_last)
    assert found(newsroom, spool, scope) == []
    root = object_keys.proof(f"{TODAY}", "root.json")
    put_again(newsroom.aws, root, lambda body: body.replace(b'"size":', b'"size":1'))
    assert (root, True) in {(key, "give another root" in detail) for key, detail in found(newsroom, spool, scope)}


def test_withdrawn_records(newsroom: Newsroom, spool: Spool) -> None:
    newsroom.aws.s3.put_bucket_versioning(Bucket=newsroom.aws.captures, VersioningConfiguration={"Status": "Enabled"})
    story = newsroom.query().story("http://other.example.org/a")
    assert story
    Withdrawing(newsroom.aws.deployment).withdraw(story, "order of a court")
    assert found(newsroom, spool) == []


@pytest.mark.parametrize("at", [9, 16, 22, 28])
def test_resumed_run(newsroom: Newsroom, spool: Spool, at: int) -> None:
    """A killed run, continued, finds the same once."""
    key = capture_of(newsroom)
    put_again(newsroom.aws, key, without_last)
    die = killer(at)
    newsroom.aws.s3.meta.events.register("before-call.s3", die)
    try:
        found(newsroom, spool)
    except KilledError:
        pass
    finally:
        newsroom.aws.s3.meta.events.unregister("before-call.s3", die)
    assert found(newsroom, spool) == [(key, f"1 records of the tree of {TODAY} are missing or were changed")]


def test_rebuilt_archive_proves_the_same(aws: Aws, tmp_path: Path) -> None:
    """After the loss of the table, the trees are where they were: the proof has the same bytes."""
    with serving(TimestampAuthority(tmp_path / "authority")) as authority:
        evidence = Evidence(aws, authority, FileSigner(tmp_path / "key.pem"))
        evidence.stamp()
    newsroom = evidence.newsroom

    def proof() -> bytes:
        query = newsroom.query()
        story = query.story("http://news.example.org/a")
        assert story
        return prove(aws.s3, aws.captures, query, query.revisions(story["id"]))

    before = proof()
    rebuild(aws.deployment, unarchived=pytest.fail, empty=True)
    assert proof() == before
    assert list(verify.Proof(unzipped(before)).check())
