"""The proof of a story: one zip file, with ``verify.py`` in it to check it without the archive."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dateline.article import Article
from dateline.capture.gzip_members import members
from dateline.proofs import page
from dateline.proofs.evidence import Evidence
from dateline.proofs.verify import VERSION, leaf_of
from dateline.query.diff import between
from dateline.query.query import Query
from dateline.story import StoryItem

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EPOCH = (1980, 1, 1, 0, 0, 0)  # of all files in the zip: the same proof has the same bytes
_VERIFIER = Path(__file__).with_name("verify.py")


class _Record(NamedTuple):
    """A record of a proof: its file, an instant at which the archive had it, its bytes as stored and uncompressed."""

    file: str
    near: str
    stored: bytes
    data: bytes


def prove(s3: "S3Client", bucket: str, query: Query, revisions: Sequence[StoryItem]) -> bytes:
    """Return the proof of some revisions of one story, a zip file; ``bucket`` is the capture bucket.

    Raises NotStampedError, with the next step, and DamagedCaptureError for an unreadable record.
    """
    articles = [query.article(revision) for revision in revisions]
    evidence, files = Evidence(s3, bucket), _words(revisions, articles)
    for number, item in _numbered(revisions):
        for record in _records(query, item, number):
            evidence.add(record.data, record.near, file=record.file)
            files[record.file] = record.stored
            files |= evidence.certificate(record.data)
    files |= _of(evidence, id=articles[-1].id, url=articles[-1].url)
    files["index.html"] = page.of(articles, [entry["leaf"] for entry in evidence.entries], evidence.days).encode()
    return _zipped(files)


def of_records(evidence: Evidence, certificates: Mapping[str, bytes]) -> bytes:
    """Return the proof of an export's records, which are beside it: a zip file. Raises NotStampedError."""
    return _zipped({**certificates, **_of(evidence)})


def _of(evidence: Evidence, **about: str) -> dict[str, bytes]:
    """The files that are in each proof."""
    manifest = {"version": VERSION, **about, "records": evidence.entries, "paths": evidence.paths()}
    own = {"proof.json": json.dumps(manifest, indent=1).encode(), "verify.py": _VERIFIER.read_bytes()}
    files = own | evidence.files()
    if any(name.endswith(".ots") for name in files):
        files["verify_ots.py"] = _VERIFIER.with_name("verify_ots.py").read_bytes()
    return files


def _numbered(revisions: Iterable[StoryItem]) -> Iterator[tuple[int, StoryItem]]:
    return ((int(revision["revision"]), revision) for revision in revisions)


def _records(query: Query, item: StoryItem, number: int) -> Iterator[_Record]:
    """The stored records of a revision's page, each a gzip member."""
    stored = query.records(item).data
    for at, member in enumerate(members(io.BytesIO(stored), begins=b"WARC/"), 1):
        kind = leaf_of(member.data).get("type", "record")
        name = f"records/{number}-{at}-{kind}.warc.gz"
        yield _Record(name, item["indexed_at"], stored[member.offset : member.offset + member.length], member.data)


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
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return body.getvalue()
