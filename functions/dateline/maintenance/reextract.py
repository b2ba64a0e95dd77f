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
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dateline import capture, keys
from dateline.archive import chain
from dateline.archive.archive import Archive, Archived, Decided, by_offset, write_articles, write_outcomes
from dateline.archive.chain import Version
from dateline.archive.revisions import Revisions
from dateline.article import Article, Extraction, Outcome
from dateline.aws import objects
from dateline.capture import Capture, DamagedCaptureError
from dateline.messages import ReextractMessage
from dateline.outcomes import WITHDRAWN, PageOutcome, extraction, is_of_chain

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
        return sum(each.given_up is not None for each in self.changes)

    def to_json(self) -> bytes:
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        values: dict[str, Any] = json.loads(data)
        return cls(**values | {"changes": tuple(FieldChange(**each) for each in values["changes"])})


class Reextraction(Archive):
    """Re-extracts archived WARC files; takes the arguments of ``Archive``."""

    def again(self, message: ReextractMessage) -> ReextractionReport:
        """Extract a WARC file, or some of its records, with the present extractor; return the report of changes."""
        stem = keys.parse(message.key)
        self.add(message.key)
        where = keys.reextraction(message.run, stem)
        known = objects.get(self._s3, bucket=self._archive, key=where)
        report = ReextractionReport.from_json(known) if known else None
        if report and report.done:
            return report
        settled = self._settled(stem)
        while report is None or report.commit != settled.digest:
            report = self._commit_again(stem, settled, message)
            settled = self._settled(stem)  # of another delivery, perhaps, that was quicker: then begin from there
        over = self._show(stem, settled)
        self._mend([article for articles in over.values() for article in articles], settled, report)
        self._delete_articles(over)
        self._note_quarantine(stem, settled, message.offsets, message.run)
        report = dataclasses.replace(report, done=True)
        self._s3.put_object(Bucket=self._archive, Key=where, Body=report.to_json())
        return report

    def _mend(self, before: Iterable[Article], settled: Archived, report: ReextractionReport) -> None:
        """Place all captures of a story again where it has other revisions now, or its revisions make no chain.

        All are compared by what the present extractor finds, whatever the index has yet.
        """
        other = {(each.url, each.captured_at) for each in report.changes if each.was != each.now or "id" in each.fields}
        here = {page.id for page in settled.outcomes if is_of_chain(page)}
        changed = {page.id for page in settled.outcomes if (page.url, page.captured_at) in other}
        changed |= {article.id for article in before} - here
        for id in sorted(changed | here):
            _, found = self._index.versions(id, "")
            if id in changed or chain.is_broken(map(Version.of_item, found)):
                self._place_again(id, "", self._version)

    def _commit_again(self, stem: keys.Stem, settled: Archived, message: ReextractMessage) -> ReextractionReport:
        before = by_offset(settled)
        decided = self._decide_again(stem, before, message.offsets)
        articles = write_articles(each.article for each in decided.values() if each.article)
        outcomes = _named(message.run, settled, decided, articles)
        unchanged = outcomes == settled.outcomes
        report = ReextractionReport(
            key=stem.capture,
            pages=len(outcomes),
            commit=settled.digest if unchanged else hashlib.sha256(write_outcomes(outcomes)).hexdigest(),
            changes=tuple(_changes(before, decided)),
        )
        where = keys.reextraction(message.run, stem)
        self._s3.put_object(Bucket=self._archive, Key=where, Body=report.to_json())
        self._replace(stem, settled, outcomes, articles)
        return report

    def withdraw(self, stem: keys.Stem, offsets: Container[int], run: str) -> None:
        """Have the pages at these offsets of a capture object be no articles, whatever they were; extracts nothing."""
        while True:
            settled = self._settled(stem)
            decided = {
                offset: Decided(_withdrawn(each.page), None) if offset in offsets else each
                for offset, each in by_offset(settled).items()
            }
            articles = write_articles(each.article for each in decided.values() if each.article)
            if self._replace(stem, settled, _named(run, settled, decided, articles), articles):
                break
        settled = self._settled(stem)
        self._delete_articles(self._show(stem, settled))
        self._note_quarantine(stem, settled, offsets, run)

    def _decide_again(
        self, stem: keys.Stem, before: Mapping[int, Decided], offsets: tuple[int, ...] | None
    ) -> dict[int, Decided]:
        """Return the new result of each page by the offset of its record; pages out of scope stay."""
        found = {captured.offset: (captured, extraction) for captured, extraction in self._extracted(stem, offsets)}
        ids = [extraction.article.id for _, extraction in found.values() if extraction.article]
        revisions = _Revisions(self._index, ids, keys.utc(self._clock()), said=self._said)
        decided = {}
        for offset in sorted(before.keys() | found.keys()):
            was = before.get(offset)
            each = self._decide_one(stem, revisions, was, *found[offset]) if offset in found else before[offset]
            if each.article:
                revisions.keep(each.article)
            decided[offset] = each
        return decided

    def _decide_one(
        self, stem: keys.Stem, revisions: Revisions, was: Decided | None, captured: Capture, extraction: Extraction
    ) -> Decided:
        if extraction.outcome is Outcome.QUARANTINED and was and was.page.outcome is not Outcome.QUARANTINED:
            return was._replace(given_up=extraction.reason)
        found = extraction.article
        if found and (kept := self._kept(stem, was, found.id, keys.utc(captured.captured_at))):
            article = dataclasses.replace(found, capture=self._pointer(stem, captured), **kept)
            return Decided(self._page(captured, extraction, Outcome.ARCHIVED, article), article)
        page, new, _ = self._decide(stem, revisions, captured, extraction)
        return Decided(page, self._index.clusters.place([new])[0] if new else None)

    def _kept(self, stem: keys.Stem, was: Decided | None, id: str, captured_at: str) -> dict[str, Any] | None:
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
        try:
            extraction = self._examine(next(capture.read(self._packs.open(at["key"], int(at["offset"])))))
        except (DamagedCaptureError, StopIteration):
            return {}
        if extraction.outcome is Outcome.QUARANTINED:
            return {}
        article = extraction.article
        same = article and article.id == revision["id"]
        return {"digest": article.digest, "published_at": article.published_at} if article and same else None

    def _version(self, item: Mapping[str, Any]) -> Version:
        """A capture as the present extractor reads it, or as the index has it where that finds no such story."""
        return dataclasses.replace(Version.of_item(item), **(self._said(item) or {}))

    def _note_quarantine(self, stem: keys.Stem, settled: Archived, offsets: Container[int] | None, run: str) -> None:
        """Add the new outcomes to the reports on quarantined pages."""
        prefix = keys.quarantine_prefix(stem)
        reported = set(objects.keys(self._s3, bucket=self._archive, prefix=prefix))
        for page in settled.outcomes:
            known = keys.quarantine(stem, page.offset) in reported
            looked_at = offsets is None or page.offset in offsets
            if (known and looked_at) or (not known and page.outcome is Outcome.QUARANTINED):
                self._quarantine(stem, page, run)


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


def _withdrawn(page: PageOutcome) -> PageOutcome:
    is_no_article = {"outcome": Outcome.NOT_ARTICLE, "reason": WITHDRAWN, "revision": None, "rules_missed": ()}
    return dataclasses.replace(page, **is_no_article, digest=None, published_at=None)  # type: ignore[arg-type]


def _named(run: str, settled: Archived, decided: Mapping[int, Decided], articles: bytes) -> list[PageOutcome]:
    """Return the outcomes, with a name of the extraction unique to run and content."""
    if articles == write_articles(stored.article for stored in settled.articles):
        name = extraction(settled.outcomes)
    else:
        name = hashlib.sha256(run.encode() + articles).hexdigest()[:12]
    return [dataclasses.replace(each.page, extraction=name if each.article else None) for each in decided.values()]


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
