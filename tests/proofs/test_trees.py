"""Daily trees: RFC 9162's hashes, one tree for each record, whatever comes late, twice or is killed."""

import gzip
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dateline import keys
from dateline.capture.gzip_members import members
from dateline.maintenance.withdraw import Withdrawing
from dateline.proofs import merkle, verify
from dateline.proofs.audit import audit
from dateline.proofs.trees import Trees
from tests.conftest import Aws
from tests.support.samples import KilledError, Newsroom, killer

TODAY = datetime.now(UTC).date()  # S3's LastModified, which moto takes from the clock
TOMORROW = TODAY + timedelta(days=1)


def reference_root(hashes: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162, section 2.1.1, as it is written there."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return verify.node_hash(reference_root(hashes[:half]), reference_root(hashes[half:]))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 70))
def test_roots_and_paths(size: int) -> None:
    hashes = [verify.leaf_hash(b"%d" % number) for number in range(size)]
    tree = merkle.levels(hashes)
    assert merkle.root(tree) == reference_root(hashes)
    for index, leaf in enumerate(hashes):
        path = merkle.path(tree, index)
        assert verify.root_of_path(leaf, index, size, path) == merkle.root(tree)
        for wrong in (path[:-1], [*path, leaf]):
            if wrong != path:
                with pytest.raises(ValueError, match="path is too"):
                    verify.root_of_path(leaf, index, size, wrong)


def test_path_of_no_leaf() -> None:
    with pytest.raises(IndexError):
        merkle.path(merkle.levels([b"a"]), 1)
    with pytest.raises(ValueError, match="no leaf 3"):
        verify.root_of_path(b"a", 3, 3, [])


def trees(aws: Aws) -> Trees:
    return Trees(aws.s3, aws.captures)


def findings(aws: Aws) -> list[str]:
    return [finding.reason for finding in audit(aws.s3, aws.captures)]


def records(aws: Aws, key: str) -> list[bytes]:
    body = aws.s3.get_object(Bucket=aws.captures, Key=key)["Body"].read()
    return [member.data for member in members(io.BytesIO(body), begins=b"WARC/")]


def test_each_record_is_a_leaf(aws: Aws) -> None:
    """Responses, requests, metadata and the file's own record are leaves, ordered by date and id."""
    key = Newsroom(aws).capture(("a", "Title|Words."), ("b", "Other|Words."))
    written = trees(aws).write(TODAY)
    tree = trees(aws).tree(f"{TODAY}")
    assert (written.days, written.records) == ([f"{TODAY}"], 7)
    assert {leaf.data["record"] for leaf in tree.leaves if leaf.data} == {
        hashlib.sha256(record).hexdigest() for record in records(aws, key)
    }
    order = [(leaf.data["date"], leaf.data["id"]) for leaf in tree.leaves if leaf.data]
    assert order == sorted(order)
    assert trees(aws).day_of(key) == f"{TODAY}"
    assert findings(aws) == []


def test_late_file_is_in_next_tree(aws: Aws) -> None:
    newsroom = Newsroom(aws)
    early = newsroom.capture(("a", "Title|Words."))
    trees(aws).write(TODAY)
    root = trees(aws).root(f"{TODAY}")
    late = newsroom.capture(("b", "Other|Words."))
    assert trees(aws).write(TODAY).days == []
    assert trees(aws).write(TOMORROW).days == [f"{TOMORROW}"]
    assert [trees(aws).day_of(key) for key in (early, late)] == [f"{TODAY}", f"{TOMORROW}"]
    assert trees(aws).root(f"{TODAY}") == root
    assert json.loads(trees(aws).root(f"{TOMORROW}"))["previous"] == hashlib.sha256(root).hexdigest()
    assert findings(aws) == []


def test_missed_days_have_trees(aws: Aws) -> None:
    """Days without a run, or without a record, have a tree of their own, so that the chain has no gap."""
    Newsroom(aws).capture(("a", "Title|Words."))
    week = [f"{TODAY + timedelta(days=days)}" for days in range(7)]
    assert trees(aws).write(date.fromisoformat(week[-1])).days == week
    sizes = [json.loads(trees(aws).root(day))["size"] for day in week]
    assert sizes == [4, *[0] * 6]
    assert json.loads(trees(aws).root(week[1]))["root"] == hashlib.sha256().hexdigest()
    assert trees(aws).write(date.fromisoformat(week[-1])).days == []
    assert findings(aws) == []


def test_nothing_captured(aws: Aws) -> None:
    assert trees(aws).write(TODAY).days == []
    assert findings(aws) == []


def test_damaged_member_costs_itself(aws: Aws) -> None:
    newsroom = Newsroom(aws)
    key = newsroom.capture(("a", "Title|Words."))
    body = newsroom.captured(key)
    aws.s3.put_object(Bucket=aws.captures, Key=key, Body=body[:-9])
    written = trees(aws).write(TODAY)
    assert (written.records, written.damaged) == (3, 1)
    assert trees(aws).day_of(key) == f"{TODAY}"


def test_file_that_is_no_warc(aws: Aws) -> None:
    """It has no leaf, and is not read each night again."""
    key = keys.Stem("sample", "20190417T120000Z-test", 9).capture
    aws.s3.put_object(Bucket=aws.captures, Key=key, Body=b"no WARC")
    assert trees(aws).write(TODAY).damaged == 1
    assert trees(aws).write(TOMORROW).damaged == 0
    assert findings(aws) == []


@pytest.mark.parametrize("at", range(1, 14))
def test_killed_run_is_completed(aws: Aws, at: int) -> None:
    """Killed at any call to S3, and with another file there by then, the next run leaves consistent trees."""
    newsroom = Newsroom(aws)
    newsroom.capture(("a", "Title|Words."))
    newsroom.capture(("b", "Other|Words."))
    die = killer(at)
    aws.s3.meta.events.register("before-call.s3", die)
    try:
        trees(aws).write(TOMORROW)
    except KilledError:
        pass
    finally:
        aws.s3.meta.events.unregister("before-call.s3", die)
    newsroom.capture(("c", "Third|Words."))
    trees(aws).write(TOMORROW)
    trees(aws).write(TOMORROW + timedelta(days=1))
    assert findings(aws) == []
    assert sum(json.loads(trees(aws).root(day))["size"] for day in trees(aws).days()) == 12


def test_withdrawn_record_leaves_its_hash(aws: Aws) -> None:
    """After a withdrawal the tree has its root, other records their leaves, and the story's nothing but hashes."""
    aws.s3.put_bucket_versioning(Bucket=aws.captures, VersioningConfiguration={"Status": "Enabled"})
    newsroom = Newsroom(aws)
    newsroom.archive().add(newsroom.capture(("a", "Title|Words."), ("b", "Other|Words.")))
    trees(aws).write(TODAY)
    before = trees(aws).tree(f"{TODAY}")
    story = newsroom.query().story("http://news.example.org/a")
    assert story
    withdrawing = Withdrawing(aws.deployment)
    withdrawing.withdraw(story, "order of a court")
    after = trees(aws).tree(f"{TODAY}")
    assert merkle.root(after.levels) == merkle.root(before.levels)
    assert sum(leaf.data is None for leaf in after.leaves) == 3
    stored = aws.s3.get_object(Bucket=aws.captures, Key=keys.proof(f"{TODAY}", "leaves.jsonl.gz"))["Body"].read()
    assert b"example.org/a" not in gzip.decompress(stored)
    assert b"example.org/b" in gzip.decompress(stored)
    assert findings(aws) == []
    trees(aws).write(TOMORROW)
    assert findings(aws) == []


def put_again(aws: Aws, key: str, change: Callable[[bytes], bytes]) -> None:
    body = aws.s3.get_object(Bucket=aws.captures, Key=key)["Body"].read()
    aws.s3.put_object(Bucket=aws.captures, Key=key, Body=change(body))


def without_last(body: bytes) -> bytes:
    """A WARC file without its last record."""
    *kept, _ = members(io.BytesIO(body), begins=b"WARC/")
    return body[: kept[-1].offset + kept[-1].length]


def with_other_words(body: bytes) -> bytes:
    found = [member.data.replace(b"Words.", b"Wards.") for member in members(io.BytesIO(body), begins=b"WARC/")]
    return b"".join(map(gzip.compress, found))


AUDITED: dict[str, tuple[Callable[[Aws, str], Any], str]] = {
    "record changed": (lambda aws, key: put_again(aws, key, with_other_words), "missing or were changed"),
    "record dropped": (lambda aws, key: put_again(aws, key, without_last), "1 records of the tree"),
    "record added": (
        lambda aws, key: put_again(aws, key, lambda body: body + without_last(body)[:0] + other()),
        "1 of its records are not",
    ),
    "file dropped": (lambda aws, key: aws.s3.delete_object(Bucket=aws.captures, Key=key), "missing or were changed"),
    "root changed": (
        lambda aws, _: put_again(
            aws, keys.proof(f"{TODAY}", "root.json"), lambda root: root.replace(b'"size":4', b'"size":5')
        ),
        "give another root",
    ),
    "leaf swapped": (
        lambda aws, _: put_again(
            aws,
            keys.proof(f"{TODAY}", "leaves.jsonl.gz"),
            lambda body: gzip.compress(b"\n".join(reversed(gzip.decompress(body).splitlines()))),
        ),
        "give another root",
    ),
    "day dropped": (
        lambda aws, _: aws.s3.delete_object(Bucket=aws.captures, Key=keys.proof(f"{TOMORROW}", "root.json")),
        "there is no tree of",
    ),
    "pointer made up": (
        lambda aws, _: aws.s3.put_object(
            Bucket=aws.captures, Key=keys.proof_file(late(aws)), Body=json.dumps({"day": f"{TODAY}"}).encode()
        ),
        "which has none of its records",
    ),
}


def other() -> bytes:
    """One more record."""
    head = b"WARC/1.1\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:uuid:1>\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
    return gzip.compress(head)


def late(aws: Aws) -> str:
    return Newsroom(aws, source="late").capture(("z", "Late|Words."))


@pytest.mark.parametrize("name", AUDITED)
def test_audit_finds(aws: Aws, name: str) -> None:
    key = Newsroom(aws).capture(("a", "Title|Words."))
    trees(aws).write(TOMORROW + timedelta(days=1))
    assert findings(aws) == []
    change, reason = AUDITED[name]
    change(aws, key)
    assert any(reason in found for found in findings(aws))
