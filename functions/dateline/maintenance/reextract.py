"""Re-extraction: run the present extractor on an archived WARC file.

A revision keeps its number and its instants, even if its words are now those of its predecessor: it was announced. A
page recognised only now, or no longer, changes the chain: all captures of its story are then placed again. A page
rejected by the present extractor stays as it was.

New articles go to an object of their own, then the report of changes is written, then the outcomes object is replaced:
this is the commit. The index follows, and the old articles are deleted last. A delivery killed at any point and
repeated continues from there.
"""

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dateline import instants
from dateline.archive import numbering
from dateline.archive.examiner import page_outcome
from dateline.archive.formats import write_outcomes
from dateline.archive.numbering import Version
from dateline.archive.revisions import Revisions
from dateline.archive.store import Archived, Decided, articles_of, by_offset, named_by_run
from dateline.archive.writer import ArchiveWriter
from dateline.article import Article, Extraction, Outcome
from dateline.aws import objects
from dateline.capture import Capture
from dateline.keys import identifiers, object_keys
from dateline.keys.object_keys import Stem
from dateline.messages import ReextractMessage
from dateline.outcomes import PageOutcome, is_of_chain
from dateline.urls import identity, is_web

_KEPT = ("revision", "captured_at", "first_seen_at", "indexed_at")  # fixed at the first archiving
_DECIDED = (*_KEPT, "cluster")  # decided by the archive
_SHOWN = 300  # characters of a field's value in a report


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A page with another result: its outcomes, and the values of differing fields, shortened.

    ``given_up`` is the reason why the present extractor could not examine it; the old result then stays.
    """

    url: str
    captured_at: str
    was: str
    now: str
    fields: Mapping[str, list[Any]] = field(default_factory=dict)
    given_up: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReextractionReport:
    """Report of a run on one WARC file; until ``done``, the planned changes.

    ``commit`` is the sha256 (hex) of the resulting outcomes object.
    """

    key: str
    pages: int
    commit: str
    changes: tuple[FieldChange, ...] = ()
    done: bool = False

    @property
    def outcomes(self) -> Counter[str]:
        """How many pages have another outcome, as ``not_article -> archived``."""
        return Counter(f"{each.was} -> {each.now}" for each in self.changes if each.was != each.now)

    @property
    def fields(self) -> Counter[str]:
        """How many articles have each field changed."""
        return Counter(name for each in self.changes for name in each.fields)

    @property
    def given_up(self) -> int:
        """How many pages could not be examined."""
        return len([each for each in self.changes if each.given_up is not None])

    def to_json(self) -> bytes:
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        values: dict[str, Any] = json.loads(data)
        return cls(**values | {"changes": tuple(FieldChange(**each) for each in values["changes"])})


class Reextraction:
    """Re-extracts WARC files with the parts of an archive's writer."""

    def __init__(self, archive: ArchiveWriter) -> None:
        self._archive, self._index = archive, archive.index
        self._store, self._examiner, self._placement = archive.store, archive.examiner, archive.placement
        self._s3, self._archive_bucket = archive.deployment.s3, archive.deployment.archive_bucket

    def reextract(self, message: ReextractMessage) -> ReextractionReport:
        """Extract a WARC file, or some of its records, with the present extractor; return the report of changes."""
        stem = object_keys.parse(message.key)
        self._archive.add(message.key)
        where = object_keys.reextraction(message.run, stem)
        known = objects.get(self._s3, bucket=self._archive_bucket, key=where)
        report = ReextractionReport.from_json(known) if known else None
        if report and report.done:
            return report
        settled = self._store.settled(stem)
        while report is None or report.commit != settled.digest:
            report = self._commit(stem, settled, message)
            settled = self._store.settled(stem)  # another delivery's, if it was quicker: then begin from there
        over = self._store.index(stem, settled)
        self._place_changed([article for articles in over.values() for article in articles], settled, report)
        self._store.delete(over)
        self._store.update_quarantine(stem, settled, message.offsets, message.run)
        report = dataclasses.replace(report, done=True)
        self._s3.put_object(Bucket=self._archive_bucket, Key=where, Body=report.to_json())
        return report

    def _place_changed(self, before: Iterable[Article], settled: Archived, report: ReextractionReport) -> None:
        """Place all captures of a story again where it has other revisions now, or its revisions make no chain.

        All are compared by what the present extractor finds, whatever the index has yet.
        """
        other = {(each.url, each.captured_at) for each in report.changes if each.was != each.now or "id" in each.fields}
        here = {page.id for page in settled.outcomes if is_of_chain(page)}
        changed = {page.id for page in settled.outcomes if (page.url, page.captured_at) in other}
        changed |= {article.id for article in before} - here
        for id in sorted(changed | here):
            _, found = self._index.versions(id, "")
            if id in changed or numbering.is_broken(map(Version.of_item, found)):
                self._placement.place_story(id, "", self._version)

    def _commit(self, stem: Stem, settled: Archived, message: ReextractMessage) -> ReextractionReport:
        before = by_offset(settled)
        decided = self._decide(stem, before, message.offsets)
        articles = articles_of(decided)
        outcomes = named_by_run(message.run, settled, decided, articles)
        unchanged = outcomes == settled.outcomes
        report = ReextractionReport(
            key=stem.capture,
            pages=len(outcomes),
            commit=settled.digest if unchanged else hashlib.sha256(write_outcomes(outcomes)).hexdigest(),
            changes=tuple(_changes(before, decided)),
        )
        where = object_keys.reextraction(message.run, stem)
        self._s3.put_object(Bucket=self._archive_bucket, Key=where, Body=report.to_json())
        self._store.replace(stem, settled, outcomes, articles)
        return report

    def _decide(self, stem: Stem, before: Mapping[int, Decided], offsets: tuple[int, ...] | None) -> dict[int, Decided]:
        """Return the new result of each page by the offset of its record; pages out of scope stay."""
        found = {
            captured.offset: (captured, extraction) for captured, extraction in self._examiner.pages(stem, offsets)
        }
        ids = [extraction.article.id for _, extraction in found.values() if extraction.article]
        revisions = _Revisions(self._index, ids, instants.utc(self._archive.clock()), said=self._said)
        decided = {}
        for offset in sorted(before.keys() | found.keys()):
            was = before.get(offset)
            each = self._decide_one(stem, revisions, was, *found[offset]) if offset in found else before[offset]
            if each.article:
                revisions.keep(each.article)
            decided[offset] = each
        return decided

    def _decide_one(
        self,
        stem: Stem,
        revisions: Revisions,
        was: Decided | None,
        captured: Capture,
        extraction: Extraction,
    ) -> Decided:
        if extraction.outcome is Outcome.QUARANTINED and was and was.page.outcome is not Outcome.QUARANTINED:
            return was._replace(given_up=extraction.reason)
        decided = self._decide_page(stem, revisions, was, captured, extraction)
        return decided._replace(page=dataclasses.replace(decided.page, former_ids=_former_ids(was, decided.page)))

    def _decide_page(
        self,
        stem: Stem,
        revisions: Revisions,
        was: Decided | None,
        captured: Capture,
        extraction: Extraction,
    ) -> Decided:
        found = extraction.article
        if found and (kept := self._kept(stem, was, found.id, instants.utc(captured.captured_at))):
            article = dataclasses.replace(found, capture=self._examiner.pointer(stem, captured), **kept)
            return Decided(page_outcome(captured, extraction, Outcome.ARCHIVED, article), article)
        page, new, _ = self._examiner.decide(stem, revisions, captured, extraction)
        return Decided(page, self._index.clusters.place([new])[0] if new else None)

    def _kept(self, stem: Stem, was: Decided | None, id: str, captured_at: str) -> dict[str, Any] | None:
        """Return the fixed fields of a revision, from the index if its article or outcome was lost."""
        if was and was.page.outcome is not Outcome.ARCHIVED:
            return None
        if was and was.article:
            same = was.article.id == id
            return {name: getattr(was.article, name) for name in _DECIDED} if same else None
        item = self._index.revision(id, captured_at)
        if item is None or item["capture"]["key"] != stem.capture:
            return None
        return {name: item[name] for name in _KEPT} | {"revision": int(item["revision"])}

    def _said(self, revision: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the words and date of a revision by the present extractor, or None without a story."""
        at = revision["capture"]
        extraction = self._examiner.page_at(at["key"], int(at["offset"]))
        if extraction.outcome is Outcome.QUARANTINED:
            return {}
        article = extraction.article
        same = article and article.id == revision["id"]
        return {"digest": article.digest, "published_at": article.published_at} if article and same else None

    def _version(self, item: Mapping[str, Any]) -> Version:
        """A capture as the present extractor reads it, or as the index has it where that finds no such story."""
        return dataclasses.replace(Version.of_item(item), **(self._said(item) or {}))


class _Revisions(Revisions):
    """Compares results of the present extractor on both sides, whatever the index still has."""

    def __init__(self, *arguments: Any, said: Callable[[Mapping[str, Any]], Mapping[str, Any] | None]) -> None:
        super().__init__(*arguments)
        self._said = said

    def _captured_before(self, id: str, article: Article) -> Version | None:
        before = super()._captured_before(id, article)
        while before:
            item = self._index.revision(id, before.captured_at)
            said = self._said(item) if item else {}
            if said is not None:
                return dataclasses.replace(before, **said)
            earlier = self._index.revision_before(id, before.captured_at)
            before = Version.of_item(earlier) if earlier else None
        return None


def _former_ids(was: Decided | None, page: PageOutcome) -> tuple[str, ...]:
    """Return the ids of a page's story under earlier rules: the present rules give their URL the page's id."""
    if was is None:
        return ()
    is_former = was.page.id != page.id and (
        identifiers.article_id(identity(was.article.url)) == page.id
        if was.article
        else is_web(page.url) and identifiers.former_article_id(identity(page.url)) == was.page.id
    )
    return (*was.page.former_ids, *((was.page.id,) if is_former else ()))


def _changes(before: Mapping[int, Decided], decided: Mapping[int, Decided]) -> Iterator[FieldChange]:
    for offset, (page, article, given_up) in decided.items():
        was = before.get(offset)
        fields = dict(_differences(was.article, article)) if was and was.article and article else {}
        outcome = was.page.outcome.value if was else "missing"
        if fields or given_up or outcome != page.outcome:
            yield FieldChange(
                url=page.url,
                captured_at=page.captured_at,
                was=outcome,
                now=page.outcome.value,
                fields=fields,
                given_up=given_up,
            )


def _differences(before: Article, after: Article) -> Iterator[tuple[str, list[Any]]]:
    """Return the differing fields of a page's article, except those from outside the page."""
    is_now = after.to_dict()
    for name, was in before.to_dict().items():
        if name not in (*_DECIDED, "capture", "extractor") and json.dumps(was) != json.dumps(is_now[name]):
            yield name, [_cut(was), _cut(is_now[name])]


def _cut(value: Any) -> Any:
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
