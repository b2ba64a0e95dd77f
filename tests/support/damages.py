"""Damages to plant in a sound archive, and what verification should call each."""

import dataclasses
import gzip
import io
import json
from collections.abc import Callable
from typing import Any

from dateline.archive.formats import read_articles, read_outcomes, write_articles, write_outcomes
from dateline.capture.gzip_members import members
from dateline.keys import object_keys
from dateline.keys.object_keys import Stem
from dateline.outcomes import PageOutcome
from dateline.verify import Kind
from tests.support.samples import Newsroom


@dataclasses.dataclass
class Archived:
    """An archive with one of everything, and what to damage in it."""

    newsroom: Newsroom
    captures: list[str]

    def contents(self) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
        """All objects and all items."""
        aws = self.newsroom.aws
        captured = [found["Key"] for found in aws.s3.list_objects_v2(Bucket=aws.captures)["Contents"]]
        return {key: self.get(key) for key in captured} | self.newsroom.objects(), self.newsroom.items()

    def restore(self, contents: tuple[dict[str, bytes], list[dict[str, Any]]]) -> None:
        (objects, items), (there, items_there) = contents, self.contents()
        for key in there.keys() - objects.keys():
            self.delete(key)
        for key, body in objects.items():
            if there.get(key) != body:
                self.put(key, body)
        for item in items_there:
            if item not in items:
                self.delete_item(item)
        for item in items:
            if item not in items_there:
                self.put_item(item)

    @property
    def first(self) -> Stem:
        return object_keys.parse(self.captures[0])

    @property
    def last(self) -> Stem:
        return object_keys.parse(self.captures[2])

    def get(self, key: str) -> bytes:
        return bytes(self.newsroom.aws.s3.get_object(Bucket=self.bucket(key), Key=key)["Body"].read())

    def put(self, key: str, body: bytes) -> None:
        self.newsroom.aws.s3.put_object(Bucket=self.bucket(key), Key=key, Body=body)

    def delete(self, *keys: str) -> None:
        for key in keys:
            self.newsroom.aws.s3.delete_object(Bucket=self.bucket(key), Key=key)

    def bucket(self, key: str) -> str:
        aws = self.newsroom.aws
        return str(aws.captures if key.startswith(("captures/", "crawls/")) else aws.archive)

    def item(self, sk: str, number: int = 0) -> dict[str, Any]:
        return dict([item for item in self.newsroom.items() if item["SK"].startswith(sk)][number])

    def item_of(self, pk: str) -> dict[str, Any]:
        return dict(next(item for item in self.newsroom.items() if item["PK"].startswith(pk)))

    def put_item(self, item: dict[str, Any]) -> None:
        self.newsroom.aws.table.put_item(Item=item)

    def delete_item(self, item: dict[str, Any]) -> None:
        self.newsroom.aws.table.delete_item(Key={"PK": item["PK"], "SK": item["SK"]})

    @property
    def report(self) -> str:
        """The report of the first crawl."""
        return object_keys.crawl_report("sample", self.first.crawl)

    @property
    def quarantined(self) -> str:
        return next(key for key in self.newsroom.objects() if key.startswith("quarantine/"))

    @property
    def articles(self) -> str:
        """The articles object of the first capture, which was extracted twice."""
        return self._articles(self.first)

    @property
    def last_articles(self) -> str:
        return self._articles(self.last)

    def _articles(self, stem: Stem) -> str:
        return next(key for key in self.newsroom.objects() if key.startswith(stem.articles_prefix))


def edit(archived: Archived, key: str, change: Callable[[bytes], bytes]) -> None:
    archived.put(key, change(archived.get(key)))


def flipped(at: float) -> Callable[[bytes], bytes]:
    """Turns one bit, at a part of an object's length."""

    def flip(data: bytes) -> bytes:
        place = int(len(data) * at)
        return data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :]

    return flip


def before_record(number: int) -> Callable[[bytes], bytes]:
    """Ends a capture where one of its records begins."""
    return lambda data: data[: [member.offset for member in members(io.BytesIO(data), b"WARC/")][number]]


def resealed(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Other bytes, of the same length, in sound gzip members."""

    def reseal(data: bytes) -> bytes:
        found = [member.data.replace(old, new) for member in members(io.BytesIO(data), b"WARC/")]
        return b"".join(gzip.compress(each, 0, mtime=0) for each in found)

    return reseal


def articles(**changes: Any) -> Callable[[bytes], bytes]:
    return lambda data: write_articles(dataclasses.replace(each.article, **changes) for each in read_articles(data))


def outcomes(change: Callable[[list[PageOutcome]], list[PageOutcome]]) -> Callable[[bytes], bytes]:
    return lambda data: write_outcomes(change(read_outcomes(data)))


def captured(pages: int) -> Callable[[bytes], bytes]:
    """A crawl report that says so many pages of each of its captures."""

    def say(data: bytes) -> bytes:
        report = json.loads(data)
        return json.dumps(report | {"captures": dict.fromkeys(report["captures"], pages)}).encode()

    return say


def repointed(data: bytes, **changes: Any) -> bytes:
    """Articles whose pointers at their records are changed."""
    stored = [each.article for each in read_articles(data)]
    pointers = [dataclasses.replace(each.capture, **changes) if each.capture else None for each in stored]
    return write_articles(dataclasses.replace(one, capture=at) for one, at in zip(stored, pointers, strict=True))


def garbage(data: bytes) -> bytes:
    return data + b"not a gzip member"


def torn(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def change_item(archived: Archived, sk: str, /, **changes: Any) -> None:
    archived.put_item(archived.item(sk) | changes)


OTHER = Stem("sample", "20190101T000000Z-other", 0)
OF_CAPTURES: dict[str, tuple[Callable[[Archived], Any], set[Kind]]] = {
    "a flipped bit": (lambda a: edit(a, a.first.capture, flipped(0.5)), {Kind.DAMAGED_CAPTURE}),
    "a flipped bit in the last bytes": (lambda a: edit(a, a.first.capture, flipped(0.999)), {Kind.DAMAGED_CAPTURE}),
    "a truncated capture": (lambda a: edit(a, a.first.capture, torn), {Kind.DAMAGED_CAPTURE}),
    "a capture cut before a page": (lambda a: edit(a, a.first.capture, before_record(4)), {Kind.DAMAGED_CAPTURE}),
    "a capture cut within a page": (lambda a: edit(a, a.first.capture, before_record(9)), {Kind.DAMAGED_CAPTURE}),
    "an empty capture": (lambda a: a.put(a.first.capture, b""), {Kind.DAMAGED_CAPTURE}),
    "garbage after a capture": (lambda a: edit(a, a.first.capture, garbage), {Kind.DAMAGED_CAPTURE}),
    "other words in a sound member": (
        lambda a: edit(a, a.first.capture, resealed(b"One.", b"Two.")),
        {Kind.DAMAGED_CAPTURE, Kind.WRONG_OUTCOMES},
    ),
    "a wrong digest": (
        lambda a: edit(a, a.first.capture, resealed(b"Digest: sha256:", b"Digest: sha256:A")),
        {Kind.DAMAGED_CAPTURE, Kind.WRONG_OUTCOMES},
    ),
    "a missing capture": (lambda a: a.delete(a.first.capture), {Kind.NO_CAPTURE}),
    "a capture gone with all that was made of it": (
        lambda a: a.delete(a.first.capture, a.first.outcomes, a.articles),
        {Kind.NO_CAPTURE, Kind.ORPHAN_ITEM},
    ),
    "a capture with fewer pages than its crawl stored": (
        lambda a: edit(a, a.report, captured(5)),
        {Kind.DAMAGED_CAPTURE, Kind.WRONG_ITEM},
    ),
    "a crawl report that is none": (lambda a: a.put(a.report, b"{}"), {Kind.DAMAGED_CRAWL}),
    "an object of no source": (lambda a: a.put("captures/another/notes.txt", b""), {Kind.STRAY}),
    "an object of nobody's": (lambda a: a.put("captures/sample/notes.txt", b""), {Kind.STRAY}),
}
OF_THE_ARCHIVE: dict[str, tuple[Callable[[Archived], Any], set[Kind]]] = {
    "missing outcomes": (lambda a: a.delete(a.first.outcomes), {Kind.NO_OUTCOMES}),
    "outcomes without a capture": (
        lambda a: a.put(OTHER.outcomes, a.get(object_keys.parse(a.captures[3]).outcomes)),
        {Kind.NO_CAPTURE, Kind.WRONG_COUNTERS},
    ),
    "a flipped bit in outcomes": (lambda a: edit(a, a.first.outcomes, flipped(0.5)), {Kind.DAMAGED_OUTCOMES}),
    "garbage after outcomes": (lambda a: edit(a, a.first.outcomes, garbage), {Kind.DAMAGED_OUTCOMES}),
    "outcomes that are none": (lambda a: a.put(a.first.outcomes, gzip.compress(b"{}\n")), {Kind.DAMAGED_OUTCOMES}),
    "a page without its outcome": (
        lambda a: edit(a, a.first.outcomes, outcomes(lambda pages: [pages[0], pages[2]])),
        {Kind.WRONG_OUTCOMES, Kind.WRONG_ITEM},
    ),
    "an outcome of another page": (
        lambda a: edit(
            a, a.last.outcomes, outcomes(lambda p: [dataclasses.replace(p[0], url="http://x.example/"), *p[1:]])
        ),
        {Kind.WRONG_OUTCOMES, Kind.NO_ITEM},
    ),
    "missing articles": (lambda a: a.delete(a.articles), {Kind.NO_ARTICLES}),
    "articles that nothing names": (lambda a: a.put(a.first.articles, a.get(a.articles)), {Kind.ORPHAN_ARTICLES}),
    "articles of a capture that has none": (
        lambda a: a.put(object_keys.parse(a.captures[3]).articles, a.get(a.articles)),
        {Kind.ORPHAN_ARTICLES},
    ),
    "a flipped bit in articles": (
        lambda a: edit(a, a.articles, flipped(0.2)),
        {Kind.DAMAGED_ARTICLES, Kind.WRONG_ARTICLES},
    ),
    "truncated articles": (lambda a: edit(a, a.articles, torn), {Kind.DAMAGED_ARTICLES, Kind.WRONG_ARTICLES}),
    "garbage after articles": (lambda a: edit(a, a.articles, garbage), {Kind.DAMAGED_ARTICLES}),
    "an article that is none": (
        lambda a: edit(a, a.articles, lambda data: data + gzip.compress(b'{"id": 1}')),
        {Kind.DAMAGED_ARTICLES},
    ),
    "other words than the digest's": (lambda a: edit(a, a.articles, articles(text="Others.")), {Kind.WRONG_ARTICLES}),
    "an article that points elsewhere": (
        lambda a: edit(a, a.articles, articles(capture=read_articles(a.get(a.last_articles))[0].article.capture)),
        {Kind.WRONG_ARTICLES},
    ),
    "a payload digest of another page": (
        lambda a: edit(a, a.last_articles, lambda data: repointed(data, payload_digest="sha256:A")),
        {Kind.WRONG_ARTICLES},
    ),
    "an article of another revision": (lambda a: edit(a, a.articles, articles(revision=7)), {Kind.WRONG_ARTICLES}),
    "a missing quarantine report": (lambda a: a.delete(a.quarantined), {Kind.NO_QUARANTINE}),
    "a quarantine report without a page": (
        lambda a: a.put(object_keys.quarantine(a.first, 7), b"{}"),
        {Kind.ORPHAN_QUARANTINE},
    ),
}
OF_THE_INDEX: dict[str, tuple[Callable[[Archived], Any], set[Kind]]] = {
    "a missing revision": (lambda a: a.delete_item(a.item("REV#")), {Kind.NO_ITEM}),
    "a missing story": (lambda a: a.delete_item(a.item("CURRENT")), {Kind.NO_ITEM}),
    "a missing alias": (lambda a: a.delete_item(a.item("ARTICLE")), {Kind.NO_ITEM}),
    "a missing month": (lambda a: a.delete_item(a.item("MONTH#")), {Kind.NO_ITEM}),
    "a missing mention": (lambda a: a.delete_item(a.item("2019-04-17T")), {Kind.NO_ITEM}),
    "a mention of another place": (
        lambda a: a.put_item(a.item("2019-04-17T") | {"PK": "PLACE#2210247#2019-04"}),
        {Kind.ORPHAN_ITEM},
    ),
    "a missing mark of presence": (lambda a: a.delete_item(a.item("PRESENCE")), {Kind.NO_ITEM}),
    "a changed title": (lambda a: change_item(a, "CURRENT", title="Another"), {Kind.WRONG_ITEM}),
    "a changed revision": (lambda a: change_item(a, "REV#", digest="0" * 64), {Kind.WRONG_ITEM}),
    "an attribute more": (lambda a: change_item(a, "CURRENT", gone_at="2019-04-18T00:00:00.000Z"), {Kind.WRONG_ITEM}),
    "a dangling pointer": (
        lambda a: change_item(a, "CURRENT", article={"key": OTHER.articles, "offset": 0, "length": 9}),
        {Kind.WRONG_ITEM},
    ),
    "a pointer into another record": (
        lambda a: change_item(a, "REV#", capture=a.item("REV#", -1)["capture"]),
        {Kind.WRONG_ITEM},
    ),
    "a revision of no capture": (
        lambda a: a.put_item(a.item("REV#") | {"SK": "REV#2019-04-19T00:00:00.000Z"}),
        {Kind.ORPHAN_ITEM},
    ),
    "a story of no capture": (lambda a: a.put_item(a.item("CURRENT") | {"PK": "ARTICLE#other"}), {Kind.ORPHAN_ITEM}),
    "an alias of no page": (
        lambda a: a.put_item({"PK": "URL#other", "SK": "ARTICLE", "id": "other"}),
        {Kind.ORPHAN_ITEM},
    ),
    "a count without numbers": (
        lambda a: a.put_item({"PK": "SOURCE#sample", "SK": f"DONE#{a.first.capture}"}),
        {Kind.WRONG_COUNTERS},
    ),
    "a count of nothing": (
        lambda a: a.put_item({"PK": "SOURCE#sample", "SK": "DONE#nothing", "counted": {}}),
        {Kind.ORPHAN_ITEM},
    ),
    "a member of no cluster": (lambda a: a.put_item({"PK": "CLUSTER#other", "SK": "x"}), {Kind.ORPHAN_ITEM}),
    "an item of no kind": (lambda a: a.put_item({"PK": "ARTICLE#other", "SK": "NOTE"}), {Kind.ORPHAN_ITEM}),
    "a cluster without one of its stories": (lambda a: a.delete_item(a.item_of("CLUSTER#")), {Kind.WRONG_CLUSTER}),
    "a cluster of more stories": (
        lambda a: a.put_item(a.item_of("CLUSTER#") | {"SK": "2019-04-17T12:00:00Z#other"}),
        {Kind.WRONG_CLUSTER},
    ),
    "a story of another cluster": (lambda a: change_item(a, "CURRENT", cluster="other"), {Kind.WRONG_CLUSTER}),
    "a missing band": (lambda a: a.delete_item(a.item_of("BAND#")), {Kind.NO_ITEM}),
    "a band of no story": (
        lambda a: a.put_item(a.item_of("BAND#") | {"SK": "2019-04-17T12:00:00Z#other#2019-04-17T12:00:00Z"}),
        {Kind.ORPHAN_ITEM},
    ),
    "wrong counters": (lambda a: change_item(a, "DAY#", archived=17), {Kind.WRONG_COUNTERS}),
    "missing counters": (lambda a: a.delete_item(a.item("DAY#")), {Kind.WRONG_COUNTERS}),
    "a capture that is not counted": (lambda a: a.delete_item(a.item("DONE#captures/")), {Kind.WRONG_COUNTERS}),
    "a capture that counts for more": (
        lambda a: change_item(a, "DONE#captures/", counted={"archived": 9}),
        {Kind.WRONG_ITEM, Kind.WRONG_COUNTERS},
    ),
}
