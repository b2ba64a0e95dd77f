"""The proof of a story: one zip file, with ``verify.py`` in it to check it without the archive."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dateline import keys
from dateline.article import Article
from dateline.aws import objects
from dateline.capture.gzip_members import members
from dateline.proofs import merkle, page
from dateline.proofs.trees import Tree, Trees
from dateline.proofs.verify import VERSION, leaf_of
from dateline.query.diff import between
from dateline.query.query import Query
from dateline.story import StoryItem

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EPOCH = (1980, 1, 1, 0, 0, 0)  # of all files in the zip: the same proof has the same bytes
_VERIFIER = Path(__file__).with_name("verify.py")


class NotStampedError(LookupError):
    """A revision's records are in no daily tree yet, or its day's root lacks a signature or a timestamp."""


class _Record(NamedTuple):
    file: str
    capture: str
    data: bytes


def prove(s3: "S3Client", bucket: str, query: Query, revisions: Sequence[StoryItem]) -> bytes:
    """Return the proof of some revisions of one story, a zip file; ``bucket`` is the capture bucket.

    Raises NotStampedError, with the next step, and DamagedCaptureError for an unreadable record.
    """
    articles = [query.article(revision) for revision in revisions]
    records = [record for number, item in _numbered(revisions) for record in _records(query, item, number)]
    entries, days = _entries(Trees(s3, bucket), records)
    files = {record.file: record.data for record in records}
    files |= _roots(s3, bucket, sorted(days))
    files |= _words(revisions, articles)
    story = {"id": articles[-1].id, "url": articles[-1].url}
    files["proof.json"] = json.dumps({"version": VERSION, **story, "records": entries}, indent=1).encode()
    files["index.html"] = page.of(articles, [entry["leaf"] for entry in entries], sorted(days)).encode()
    files["verify.py"] = _VERIFIER.read_bytes()
    return _zipped(files)


def _numbered(revisions: Iterable[StoryItem]) -> Iterator[tuple[int, StoryItem]]:
    return ((int(revision["revision"]), revision) for revision in revisions)


def _records(query: Query, item: StoryItem, number: int) -> Iterator[_Record]:
    """The stored records of a revision's page, each a gzip member."""
    stored = query.records(item).data
    for at, member in enumerate(members(io.BytesIO(stored), begins=b"WARC/"), 1):
        kind = leaf_of(member.data).get("type", "record")
        name = f"records/{number}-{at}-{kind}.warc.gz"
        yield _Record(name, item["capture"]["key"], stored[member.offset : member.offset + member.length])


def _entries(trees: Trees, records: Iterable[_Record]) -> tuple[list[dict[str, Any]], set[str]]:
    """The place of each record in the tree of its day, and the days."""
    entries, read = list[dict[str, Any]](), dict[str, Tree]()
    for record in records:
        day = trees.day_of(record.capture)
        if day is None:
            raise NotStampedError(
                f"{record.capture} is in no daily tree yet; wait for tonight's, or run dateline proofs stamp --today"
            )
        tree = read.setdefault(day, trees.tree(day)) if day not in read else read[day]
        (member,) = members(io.BytesIO(record.data), begins=b"WARC/")
        leaf = leaf_of(member.data)
        place = tree.place_of(leaf.get("id", ""))
        if place is None:
            raise NotStampedError(f"the tree of {day} lacks {leaf.get('id')}; run dateline proofs audit")
        path = [each.hex() for each in merkle.path(tree.levels, place)]
        entries.append({"file": record.file, "day": day, "index": place, "leaf": leaf, "path": path})
    return entries, set(read)


def _roots(s3: "S3Client", bucket: str, days: Sequence[str]) -> dict[str, bytes]:
    """The chain from the first day of a record to the newest, and all that signs and stamps it."""
    listed = list(objects.keys(s3, bucket=bucket, prefix=f"{keys.PROOFS}2"))
    newest = max(filter(None, map(keys.proof_day, listed)))
    files, authorities = {"key.pem": _needed(s3, bucket, keys.PROOF_KEY)}, set[str]()
    for day in _range(days[0], newest):
        files[f"roots/{day}.json"] = _needed(s3, bucket, keys.proof(day, "root.json"))
    for day in {*days, newest}:
        files[f"roots/{day}.sig"] = _needed(s3, bucket, keys.proof(day, "root.sig"))
        stamps = [key for key in listed if key.startswith(keys.proof(day, "")) and key.endswith(".tsr")]
        if day in days and not stamps:
            raise NotStampedError(f"no authority has stamped the root of {day}; run dateline proofs stamp")
        for key in stamps:
            name = key.rpartition("/")[2].removesuffix(".tsr")
            files[f"roots/{day}.{name}.tsr"] = _needed(s3, bucket, key)
            authorities.add(name)
    for name in authorities:
        files[f"authorities/{name}.pem"] = _needed(s3, bucket, keys.proof_authority(name))
    return files


def _range(first: str, last: str) -> Iterator[str]:
    at = date.fromisoformat(first)
    while f"{at}" <= last:
        yield f"{at}"
        at += timedelta(days=1)


def _needed(s3: "S3Client", bucket: str, key: str) -> bytes:
    found = objects.get(s3, bucket=bucket, key=key)
    if found is None:
        raise NotStampedError(f"the capture bucket has no {key}; run dateline proofs stamp")
    return found


def _words(revisions: Sequence[StoryItem], articles: Sequence[Article]) -> dict[str, bytes]:
    """The articles as JSON and text, and what changed from each revision to the next."""
    files = {}
    for (number, _), article in zip(_numbered(revisions), articles, strict=True):
        values = asdict(article)
        if values.get("capture"):
            del values["capture"]["bucket"]  # it has the number of the owner's account
        files[f"revisions/{number}.json"] = json.dumps(values, ensure_ascii=False, indent=1).encode()
        parts = (article.title, article.standfirst, article.text)
        files[f"revisions/{number}.txt"] = "\n\n".join(filter(None, parts)).encode()
    for before, after in pairwise(articles):
        change = between(before, after)
        paragraphs = (change.title, *change.paragraphs)
        lines = ["".join(page.MARKS[piece.kind].format(piece.text) for piece in paragraph) for paragraph in paragraphs]
        files[f"revisions/{before.revision}-{after.revision}.diff.txt"] = "\n\n".join(lines).encode()
    return files


def _zipped(files: dict[str, bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return body.getvalue()
