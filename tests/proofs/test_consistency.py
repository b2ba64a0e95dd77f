"""Whatever happens to captures, and wherever a run dies, each record is in one tree and the audit is clean."""

import gzip
import hashlib
import io
import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dateline.aws import objects
from dateline.aws.objects import Listed
from dateline.capture.gzip_members import members
from dateline.keys import crawl_names, object_keys
from dateline.keys.object_keys import Stem
from dateline.maintenance.withdraw import Withdrawing
from dateline.proofs.audit import audit
from dateline.proofs.trees import Trees, leaves_of
from tests.conftest import Aws
from tests.support.samples import KilledError, Newsroom, killer

FIRST = date(2026, 4, 17)


class Years:
    """An archive through many days: S3's dates of objects are those of this clock."""

    def __init__(self, aws: Aws, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
        self.aws, self.random, self.day = aws, random.Random(seed), FIRST
        aws.s3.put_bucket_versioning(Bucket=aws.captures, VersioningConfiguration={"Status": "Enabled"})
        self.newsrooms = {name: Newsroom(aws, source=name, host=f"{name}.example.org") for name in ("told", "packed")}
        self.numbers, self._known = 0, dict[str, tuple[str, date]]()
        self.withdrawn, self.seen = set[bytes](), set[bytes]()
        self._listed = objects.listed
        monkeypatch.setattr(objects, "listed", self._dated)

    def _dated(self, s3: Any, *, bucket: str, prefix: str, after: str = "") -> Iterator[Listed]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        etags = {found["Key"]: found["ETag"] for page in pages for found in page.get("Contents", ())}
        for found in self._listed(s3, bucket=bucket, prefix=prefix, after=after):
            etag = etags[found.key]
            if self._known.get(found.key, ("", self.day))[0] != etag:
                self._known[found.key] = etag, self.day
            at = datetime.combine(self._known[found.key][1], datetime.min.time(), UTC)
            yield found._replace(modified=at)

    def crawl(self, source: str, back: int = 0) -> None:
        """Capture two pages, dated some days before."""
        self.numbers += 1
        at = datetime.combine(self.day - timedelta(days=back), datetime.min.time(), UTC) + timedelta(
            seconds=self.numbers
        )
        stem = Stem(source, crawl_names.crawl_name(at, "late" if back else "crawl"), 0)
        self._put(source, stem)

    def bring_in(self) -> None:
        """Import pages of years ago."""
        self.numbers += 1
        at = datetime.combine(FIRST - timedelta(days=self.random.randrange(3000)), datetime.min.time(), UTC)
        self._put("told", Stem("told", crawl_names.imports(at), self.numbers))

    def _put(self, source: str, stem: Stem) -> None:
        pages = [(f"{self.numbers}-{name}", f"Title {self.numbers}|Words of {name}.") for name in "ab"]
        key = self.newsrooms[source].put(stem, *pages)
        self.newsrooms[source].archive().add(key)
        self.seen |= self._leaves(key)

    def withdraw(self) -> None:
        stories = [story for story in self.newsrooms["told"].query().of_all() if story.get("source") == "told"]
        if not stories:
            return
        before = self._all_leaves()
        Withdrawing(self.aws.deployment).withdraw(self.random.choice(stories), "order of a court")
        self.withdrawn |= before - self._all_leaves()

    def pack(self) -> None:
        """Join a source's WARC files of a day to one, with a record that says so, and delete them."""
        folder = f"{object_keys.folder(object_keys.CAPTURES, 'packed')}"
        found = list(objects.keys(self.aws.s3, bucket=self.aws.captures, prefix=folder))
        if not found:
            return
        day = object_keys.parse(self.random.choice(found)).day
        some = [key for key in found if object_keys.parse(key).day == day]
        parts = [objects.get(self.aws.s3, bucket=self.aws.captures, key=key) or b"" for key in some]
        if self.random.random() < 0.5:  # compressed otherwise
            parts = [gzip.compress(member.data, 9) for part in parts for member in members(io.BytesIO(part), b"WARC/")]
        self.numbers += 1
        note = b"WARC/1.1\r\nWARC-Type: warcinfo\r\nWARC-Record-ID: <urn:x:%d>\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
        body = b"".join([gzip.compress(note % self.numbers), *parts])
        pack = Stem("packed", object_keys.parse(some[0]).crawl, self.numbers).capture
        self.aws.s3.put_object(Bucket=self.aws.captures, Key=pack, Body=body)
        self.seen |= self._leaves(pack)
        for key in some:
            self.aws.s3.delete_object(Bucket=self.aws.captures, Key=key)

    def stamp(self, *, today: bool = False) -> None:
        """The nightly run, which dies at some call in half of the nights, and the one after it."""
        through = self.day if today else self.day - timedelta(days=1)
        die = killer(self.random.randrange(1, 14))
        if self.random.random() < 0.5:
            self.aws.s3.meta.events.register("before-call.s3", die)
        try:
            Trees(self.aws.s3, self.aws.captures).write(through)
        except KilledError:
            pass
        finally:
            self.aws.s3.meta.events.unregister("before-call.s3", die)
        if self.random.random() < 0.7:  # else it is completed on another day
            Trees(self.aws.s3, self.aws.captures).write(through)

    def _leaves(self, key: str) -> set[bytes]:
        body = objects.get(self.aws.s3, bucket=self.aws.captures, key=key) or b""
        return {leaf for _, leaf in leaves_of(io.BytesIO(body)).leaves}

    def _all_leaves(self) -> set[bytes]:
        found = objects.keys(self.aws.s3, bucket=self.aws.captures, prefix=object_keys.CAPTURES)
        return {leaf for key in found for leaf in self._leaves(key)}


@pytest.mark.parametrize("seed", range(2))  # nine were run, without a finding
def test_any_order_of_events(aws: Aws, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Captures late, imported, withdrawn, packed, stamped by runs that die: one leaf for each record, in one tree."""
    years = Years(aws, monkeypatch, seed)
    events: list[Callable[[], None]] = [
        lambda: years.crawl("told"),
        lambda: years.crawl("packed"),
        lambda: years.crawl("told", back=years.random.randrange(1, 9)),
        years.bring_in,
        years.withdraw,
        years.pack,
        lambda: years.stamp(today=True),
    ]
    for _ in range(5):
        for event in years.random.sample(events, 4):
            event()
        years.day += timedelta(days=years.random.choice((1, 1, 2)))
        years.stamp()
        assert [*audit(aws.s3, aws.captures)] == []
    years.day += timedelta(days=1)
    trees = Trees(aws.s3, aws.captures)
    trees.write(years.day)
    assert [*audit(aws.s3, aws.captures)] == []
    leaves = [leaf for day in trees.days() for leaf in trees.tree(day)]
    assert len(leaves) == len(set(leaves))
    assert set(leaves) | years.withdrawn == years.seen | years.withdrawn
    chain = [trees.root(day) for day in trees.days()]
    previous = [None, *(hashlib.sha256(root).hexdigest() for root in chain)]
    assert [json.loads(root)["previous"] for root in chain] == previous[:-1]
