"""Daily trees: RFC 9162's hashes, one tree for each record, whatever comes late, twice or is killed."""

import gzip
import hashlib
import io
import json
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dateline.capture import fixity
from dateline.capture.gzip_members import members
from dateline.capture.redaction import without
from dateline.index.withdrawals import withdrawals
from dateline.keys import object_keys
from dateline.keys.object_keys import Stem
from dateline.maintenance.withdraw import Withdrawing
from dateline.proofs import merkle, verify
from dateline.proofs.audit import audit
from dateline.proofs.signing import FileSigner
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
    tree = merkle.levels(b"".join(hashes))
    assert merkle.root(tree) == reference_root(hashes)
    for index, leaf in enumerate(hashes):
        path = merkle.path(tree, index)
        assert path == reference_path(index, hashes)
        assert verify.root_of({index: leaf}, size, path) == merkle.root(tree)
        for wrong in (path[:-1], [*path, leaf]):
            if wrong != path:
                with pytest.raises(ValueError, match="path is too"):
                    verify.root_of({index: leaf}, size, wrong)


def reference_path(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 9162, section 2.1.3.1, as it is written there."""
    if len(hashes) == 1:
        return []
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    if index < half:
        return [*reference_path(index, hashes[:half]), reference_root(hashes[half:])]
    return [*reference_path(index - half, hashes[half:]), reference_root(hashes[:half])]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 70), st.data())
def test_path_of_several(size: int, data: st.DataObject) -> None:
    """One path for several leaves leads to the root, and one hash less, more or altered does not."""
    hashes = [verify.leaf_hash(b"%d" % number) for number in range(size)]
    tree = merkle.levels(b"".join(hashes))
    some = data.draw(st.sets(st.integers(0, size - 1), min_size=1))
    path, leaves = merkle.multipath(tree, some), {index: hashes[index] for index in some}
    assert verify.root_of(leaves, size, path) == merkle.root(tree)
    assert len(path) <= sum(len(merkle.path(tree, index)) for index in some)
    for at in range(len(path)):
        other = [*path[:at], b"\0" * 32, *path[at + 1 :]]
        assert verify.root_of(leaves, size, other) != merkle.root(tree)
    for wrong in (path[:-1], [*path, hashes[0]]):
        if wrong != path:
            with pytest.raises(ValueError, match="path is too"):
                verify.root_of(leaves, size, wrong)


def test_path_of_no_leaf() -> None:
    with pytest.raises(IndexError):
        merkle.path(merkle.levels(b"a" * 32), 1)
    for wrong in ({3: b"a"}, {-1: b"a"}, {}):
        with pytest.raises(ValueError, match="there is no leaf"):
            verify.root_of(wrong, 3, [])


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
    leaves = sorted(map(verify.leaf_of, records(aws, key)), key=lambda leaf: (leaf["date"], leaf["id"]))
    assert [*tree] == [verify.leaf_hash(verify.canonical(leaf)) for leaf in leaves]
    assert sorted(tree.files[key]) == [*range(7)]
    assert findings(aws) == []


def test_late_file_next_tree(aws: Aws) -> None:
    """Late file is in next tree."""
    newsroom = Newsroom(aws)
    early = newsroom.capture(("a", "Title|Words."))
    trees(aws).write(TODAY)
    root = trees(aws).root(f"{TODAY}")
    late = newsroom.capture(("b", "Other|Words."))
    assert trees(aws).write(TODAY).days == []
    assert trees(aws).write(TOMORROW).days == [f"{TOMORROW}"]
    assert [[*trees(aws).tree(f"{day}").files] for day in (TODAY, TOMORROW)] == [[early], [late]]
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
    assert [*trees(aws).tree(f"{TODAY}").files] == [key]


def test_file_that_is_no_warc(aws: Aws) -> None:
    """It has no leaf, and is not read each night again."""
    key = Stem("sample", "20190417T120000Z-test", 9).capture
    aws.s3.put_object(Bucket=aws.captures, Key=key, Body=b"no WARC")
    assert trees(aws).write(TODAY).damaged == 1
    assert trees(aws).write(TOMORROW).damaged == 0
    assert findings(aws) == []


@pytest.mark.parametrize("at", range(1, 13))
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
    assert after == before
    stored = aws.s3.get_object(Bucket=aws.captures, Key=object_keys.proof(f"{TODAY}", "leaves.jsonl.gz"))["Body"].read()
    assert b"example.org" not in gzip.decompress(stored)
    (tombstone,) = withdrawals(aws.s3, aws.captures)
    assert len(tombstone.leaves) == 3
    assert {bytes.fromhex(leaf) for leaf in tombstone.leaves} < {*after}
    assert findings(aws) == []
    trees(aws).write(TOMORROW)
    assert trees(aws).tree(f"{TOMORROW}").size == 0
    assert findings(aws) == []


def test_deleted_record_is_found(aws: Aws) -> None:
    """What is in a withdrawn record's place without a tombstone of it is a missing record."""
    key = Newsroom(aws).capture(("a", "Title|Words."), ("b", "Other|Words."))
    trees(aws).write(TOMORROW)
    (page, *_) = [record for record in fixity.records(io.BytesIO(Newsroom(aws).captured(key))) if record.is_page]
    put_again(aws, key, lambda body: without(body, key, {page.offset}, "somebody"))
    assert findings(aws) == [f"3 records of the tree of {TODAY} are missing or were changed"]


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
        "1 of its records are in no tree",
    ),
    "file dropped": (lambda aws, key: aws.s3.delete_object(Bucket=aws.captures, Key=key), "missing or were changed"),
    "root changed": (
        lambda aws, _: put_again(
            aws, object_keys.proof(f"{TODAY}", "root.json"), lambda root: root.replace(b'"size":4', b'"size":5')
        ),
        "give another root",
    ),
    "leaf swapped": (
        lambda aws, _: put_again(
            aws,
            object_keys.proof(f"{TODAY}", "leaves.jsonl.gz"),
            lambda body: gzip.compress(gzip.decompress(body).replace(b"[0,1,", b"[1,0,")),
        ),
        "give another root",
    ),
    "day dropped": (
        lambda aws, _: aws.s3.delete_object(Bucket=aws.captures, Key=object_keys.proof(f"{TOMORROW}", "root.json")),
        "there is no tree of",
    ),
    "leaves unreadable": (
        lambda aws, _: put_again(aws, object_keys.proof(f"{TODAY}", "leaves.jsonl.gz"), lambda body: body[:-9]),
        "cannot be read",
    ),
    "leaf twice": (
        lambda aws, _: aws.s3.copy_object(
            Bucket=aws.captures,
            Key=object_keys.proof(f"{TOMORROW}", "leaves.jsonl.gz"),
            CopySource={"Bucket": aws.captures, "Key": object_keys.proof(f"{TODAY}", "leaves.jsonl.gz")},
        ),
        "are in an earlier tree too",
    ),
    "late file left out": (lambda aws, _: late(aws), "4 of its records are in no tree"),
    "signature of another": (
        lambda aws, _: sign_another(aws),
        "does not verify with the archive's key",
    ),
}


def other() -> bytes:
    """One more record."""
    head = b"WARC/1.1\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:uuid:1>\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
    return gzip.compress(head)


def sign_another(aws: Aws) -> None:
    with tempfile.TemporaryDirectory() as folder:
        signer = FileSigner(Path(folder, "key.pem"))
        signature = object_keys.proof(f"{TODAY}", "root.sig")
        for key, body in ((object_keys.PROOF_KEY, signer.public_key()), (signature, signer.sign(b"another root"))):
            aws.s3.put_object(Bucket=aws.captures, Key=key, Body=body)


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
