"""Routes of lists: search, stories, changes, sources and coverage."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from http import HTTPStatus
from itertools import islice
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from dateline.aws.prefetch import ahead
from dateline.query.diff import between
from dateline.reader import cursors, json_views, pages
from dateline.reader.drawings import charts
from dateline.reader.formats import feeds
from dateline.reader.formats.negotiation import MEDIA
from dateline.reader.library import Library
from dateline.reader.request import LISTED, Asked, Form, ListForm, PageForm
from dateline.search.query.find import By, Dated, Hit, Results
from dateline.search.query.language import QueryError
from dateline.story import Story

_SCANNED = 1000  # last indexed stories that a page of changes reads; 1 MB of items, ten reads of the table
_GLANCED, _LATEST, _LATEST_EDITS = 200, 20, 8  # the first page: stories read, shown, and changed ones shown
_SHOWN_EDITS = 20  # of a page of changes with excerpts: three reads each
_SUMMARY = 300  # characters

_FORM = Query(description="The answer's form; by default by Accept.")
ListFormat = Annotated[ListForm | None, _FORM]
PageFormat = Annotated[PageForm | None, _FORM]
Limit = Annotated[int, Query(ge=1, le=200, description="Stories of a page.")]
Cursor = Annotated[str | None, Query(max_length=512, description="Go on after an earlier page.")]
Day = Annotated[
    str | None, Query(pattern=r"^(\d{4}-\d\d-\d\d)?$", description="A day of publication in UTC, included.")
]  # a text: as a date, 0 would be of 1970; and empty, as forms send it
Since = Annotated[
    str | None,
    Query(pattern=r"^(\d{4}-\d\d-\d\d[0-9a-zTZ:.+#-]{0,80})?$", description="A story's cursor, an instant or a day."),
]
Code = Annotated[str | None, Query(max_length=100)]
Codes = Annotated[list[str] | None, Query(description="Repeatable.")]


class ListRoutes:
    """The routes of many stories; ``asked`` returns the current request."""

    def __init__(self, library: Library, asked: "pages.CurrentRequest") -> None:
        self._library, self._asked = library, asked

    def home(self) -> Response[str]:
        """The reading room's first page: the search, and the latest stories."""
        read = list(self._library.edits(None, scanned=_GLANCED))
        values = {
            "stories": [story for story, _ in read[:_LATEST]],
            "changed": [story for story, edited in read if edited][:_LATEST_EDITS],
        }
        return _answer("html", pages.render("home", self._asked(), outlet=self._library.outlet, **values))

    def search(
        self,
        q: Annotated[str, Query(max_length=1000, description='Words, "phrases", -exclusions and fields.')] = "",
        source: Codes = None,
        country: Codes = None,
        language: Codes = None,
        since: Day = None,
        until: Day = None,
        order: Annotated[By, Query(description="The most relevant, the newest or the oldest first.")] = "relevance",
        limit: Limit = 20,
        cursor: Cursor = None,
        format: ListFormat = None,
    ) -> Response[str]:
        """Stories of a query, with facets, as JSON, a page or a feed."""
        asked = self._asked()
        form = asked.form(format, LISTED)
        given: dict[str, Any] = {"q": q, "order": order, **_days(since, until)}
        given |= {"source": _stated(source), "country": _stated(country), "language": _stated(language)}
        found = self._library.search().find(
            q,
            sources=given["source"],
            countries=given["country"],
            languages=given["language"],
            since=given["since"],
            until=given["until"],
            by=order,
            limit=limit,
            cursor=cursors.read(cursor, given) if cursor else None,
            facets=form in {"json", "html"},
        )
        onward = cursors.write(found.cursor, given) if found.cursor else None
        if form == "json":
            return _answer(form, json.dumps(json_views.results(found, onward), ensure_ascii=False))
        if form == "html":
            values = {"found": found, "onward": onward, "given": given, "outlet": self._library.outlet}
            return _answer(form, pages.render("search", asked, **values, **self._narrowed(asked, given, found)))
        return _feed(asked, form, q or "Dateline", [_of_hit(asked, hit) for hit in found.hits])

    def stories(
        self,
        source: Code = None,
        country: Code = None,
        about: Code = None,
        place: Annotated[int | None, Query(ge=1, description="A GeoNames id.")] = None,
        person: Annotated[
            str | None,
            Query(max_length=100, description="A person's or an organisation's id in the register of names."),
        ] = None,
        language: Code = None,
        since: Day = None,
        until: Day = None,
        order: Annotated[Dated, Query(description="The newest or the oldest first.")] = "newest",
        limit: Limit = 50,
        cursor: Cursor = None,
        format: ListFormat = None,
    ) -> Response[str]:
        """Stories by all conditions together, in order of publication; a page costs one read of the table."""
        asked = self._asked()
        form = asked.form(format, LISTED)
        codes = {"source": source, "country": country, "language": language, "about": about}
        codes |= {"places": str(place) if place else None, "people": person}
        given: dict[str, Any] = {**codes, "order": order, **_days(since, until)}
        found = self._library.search().page(
            {field: [code] for field, code in codes.items() if code},
            since=given["since"],
            until=given["until"],
            by=order,
            limit=limit,
            cursor=cursors.read(cursor, given) if cursor else None,
        )
        onward = cursors.write(found.cursor, given) if found.cursor else None
        return self._listed(asked, form, "stories", self._library.stories(found.ids), onward)

    def changes(
        self,
        since: Since = None,
        edits: Annotated[bool, Query(description="Only revisions and removals.")] = False,
        limit: Limit = 100,
        cursor: Cursor = None,
        format: ListFormat = None,
    ) -> Response[str]:
        """What was indexed: after ``since`` in the order of indexing, or without it the newest first.

        Follow the archive with ``since`` and the answer's ``since``, or page backwards with ``cursor``. Pages and feeds
        have edits only: stories whose words changed, and those whose page is gone.
        """
        asked = self._asked()
        form = asked.form(format, LISTED)
        if since:
            return self._following(since, edits=edits, limit=limit)
        given = {"edits": edits or form != "json"}
        page, last = self._latest(cursors.read(cursor, given) if cursor else None, limit, edits=given["edits"])
        onward = cursors.write(last, given) if last else None
        if form == "html":
            edits_shown = [*ahead(self._edit, page[:_SHOWN_EDITS]), *((story, None) for story in page[_SHOWN_EDITS:])]
            values = {"edits": edits_shown, "onward": onward, "outlet": self._library.outlet}
            return _answer(form, pages.render("changes", asked, **values))
        return self._listed(asked, form, "changes", page, onward)

    def sources(self, format: PageFormat = None) -> Response[str]:
        """The sources of the archive, with their rows of the last coverage report."""
        asked = self._asked()
        form = asked.form(format, ("json", "html"))
        days = self._library.coverage_days()
        last = days[-1] if days else None
        rows = {row["source"]: row for row in self._library.coverage(last)} if last else {}
        listed = [self._source(id, rows.get(id)) for id in sorted({*self._library.query.sources(), *rows})]
        if form == "html":
            return _answer(
                form, pages.render("sources", asked, sources=listed, day_of_report=days[-1] if days else None)
            )
        return _answer(form, json.dumps({"day": days[-1] if days else None, "sources": listed}, ensure_ascii=False))

    def coverage(
        self,
        days: Annotated[int, Query(ge=1, le=62, description="So many last days with a report.")] = 14,
        format: PageFormat = None,
    ) -> Response[str]:
        """Each source's last days: stories against expectations."""
        asked = self._asked()
        form = asked.form(format, ("json", "html"))
        listed = self._library.coverage_days()[-days:]
        reports = {day: self._library.coverage(day) for day in listed}
        if form == "html":
            return _answer(form, pages.coverage(asked, reports, self._library.outlet))
        return _answer(form, json.dumps({"days": reports}, ensure_ascii=False))

    def _narrowed(self, asked: Asked, given: Mapping[str, Any], found: Results) -> dict[str, Any]:
        """What a page of a search has beside its stories: its conditions with links to remove each, and months."""
        chips, kept = [], []
        for name in ("source", "country", "language"):
            for value in given[name] or ():
                shown = self._library.outlet(value) if name == "source" else pages.label(name, value, asked.language)
                chips.append((shown, asked.without(name, value)))
                kept.append((name, value))
        words = pages.words()
        days = [name for name in ("since", "until") if given[name]]
        chips += [(f"{words[name][asked.language]} {given[name]}", asked.changed(**{name: None})) for name in days]
        return {"chips": chips, "kept": kept, "bars": charts.months(found.facets.months) if found.facets else ()}

    def _edit(self, story: Story) -> tuple[Story, pages.Excerpts | None]:
        """A changed story with its last edit; a story only taken down has none to show."""
        if story.revision == 1:
            return story, None
        archive = self._library.archive
        before = archive.article(archive.revision(story, story.revision - 1))
        return story, pages.excerpts(between(before, archive.article(story)))

    def _source(self, id: str, row: dict[str, Any] | None) -> dict[str, Any]:
        known = self._library.sources.get(id)
        told = {"home": known.home, "country": known.country, "languages": known.languages} if known else {}
        return {"id": id, "name": self._library.outlet(id), **told, "coverage": row}

    def _following(self, since: str, *, edits: bool, limit: int) -> Response[str]:
        """The stories after a cursor, as JSON; ``since`` of the answer is the next cursor."""
        read = list(islice(self._library.archive.changes(since), limit))
        page = [json_views.story(each) for each in read if not edits or each.revision > 1 or each.gone_at]
        last = read[-1].cursor if read else since
        return _answer("json", json.dumps({"since": last, "stories": page}, ensure_ascii=False))

    def _latest(self, before: str | None, limit: int, *, edits: bool) -> tuple[list[Story], str | None]:
        """A page of the last indexed stories, and the key after which the next page begins."""
        page: list[Story] = []
        read, last = 0, None
        for read, (story, edited) in enumerate(self._library.edits(before, scanned=_SCANNED), 1):  # noqa: B007
            last = story.cursor
            if edited or not edits:
                page.append(story)
            if len(page) == limit:
                return page, last
        return page, last if read == _SCANNED else None

    def _listed(self, asked: Asked, form: Form, name: str, page: Sequence[Story], onward: str | None) -> Response[str]:
        if form == "json":
            found = [json_views.story(story) for story in page]
            return _answer(form, json.dumps({"cursor": onward, "stories": found}, ensure_ascii=False))
        if form == "html":
            values = {"stories": page, "onward": onward, "outlet": self._library.outlet}
            return _answer(form, pages.render(name, asked, **values))
        entries = [_of_story(asked, story) for story in page]
        return _feed(asked, form, f"Dateline: {name}", entries)


def _stated(codes: list[str] | None) -> list[str]:
    return [code for code in codes or () if code]


def _days(since: str | None, until: str | None) -> dict[str, date | None]:
    """The days of a request. Raises QueryError."""
    try:
        first, last = (date.fromisoformat(stated) if stated else None for stated in (since, until))
    except ValueError as error:
        raise QueryError(f"since={since or ''}, until={until or ''}: {error}") from error
    if first and last and first > last:
        raise QueryError(f"since={since} is after until={until}; exchange them")
    return {"since": first, "until": last}


def _feed(asked: Asked, form: Form, title: str, entries: Sequence[feeds.Entry]) -> Response[str]:
    address: Callable[..., str] = lambda **more: asked.origin + asked.changed(**more)  # noqa: E731
    feed = feeds.Feed(title=title, url=address(format=form), page=address(format=None), entries=entries)
    kinds: dict[Form, feeds.Format] = {"atom": "atom", "rss": "rss", "jsonfeed": "jsonfeed"}
    return _answer(form, feed.write(kinds[form]))


def _of_story(asked: Asked, story: Story) -> feeds.Entry:
    gone = f"gone since {story.gone_at[:10]}" if story.gone_at else ""
    told = f"{story.source}, revision {story.revision}, captured {story.captured_at}"
    return feeds.Entry(
        id=f"urn:dateline:{story.id}:{story.revision}{':gone' if story.gone_at else ''}",
        url=f"{asked.origin}/stories/{story.id}",
        original=story.url,
        title=story.title,
        summary="; ".join(filter(None, (told, gone))),
        updated=max(story.indexed_at, story.gone_at or ""),
        published=story.published_at,
        language=story.language,
    )


def _of_hit(asked: Asked, hit: Hit) -> feeds.Entry:
    story = hit.story
    return feeds.Entry(
        id=f"urn:dateline:{story['id']}:{story['revision']}",
        url=f"{asked.origin}/stories/{story['id']}",
        original=story["url"],
        title=hit.title.text,
        summary=hit.snippet.text[:_SUMMARY],
        updated=story["indexed_at"],
        published=story.get("published_at"),
        language=story.get("language"),
    )


def _answer(form: Form, body: str) -> Response[str]:
    return Response(HTTPStatus.OK, MEDIA[form], body)
