"""Routes of one story: its article, revisions, changes, capture and citation."""

import base64
import json
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from dateline.article import Article
from dateline.query.diff import between
from dateline.reader import json_views, pages
from dateline.reader.drawings import charts, maps
from dateline.reader.formats import cite
from dateline.reader.formats.negotiation import MEDIA
from dateline.reader.library import Library
from dateline.reader.request import Asked, Form, PageForm
from dateline.story import Story

Id = Annotated[str, Path(pattern="^[a-z2-7]{26}$", description="The story's id.")]
Revision = Annotated[int | None, Query(ge=1, description="A revision's number; by default the newest.")]
_FORM = Query(description="The answer's form; by default by Accept.")
StoryForm = Literal["json", "html", "text"]
RevisionsForm = Literal["json", "timemap"]
_COPIES = 100  # on the line of time
_CITED: dict[cite.Format, str] = {"csl-json": "CSL JSON", "bibtex": "BibTeX", "ris": "RIS", "text": "Text"}
# A captured page can run and load nothing, whatever it has, and only the reader's own pages may frame it.
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


class StoryRoutes:
    """The routes below ``/stories/{id}``; ``asked`` returns the current request."""

    def __init__(self, library: Library, asked: "pages.CurrentRequest") -> None:
        self._library, self._asked = library, asked

    def story(
        self, id: Id, revision: Revision = None, format: Annotated[StoryForm | None, _FORM] = None
    ) -> Response[str]:
        """The article of a story in JSON, text or HTML, as of a revision or of ``Accept-Datetime`` (RFC 7089)."""
        asked = self._asked()
        form = asked.form(format, ("json", "html", "text"))
        current, found = self._chosen(id, revision)
        article = self._library.archive.article(found)
        headers = self._memento(asked, current, found)
        if form == "text":
            return _answer(form, f"{article.title}\n\n{article.text}\n", headers)
        if form == "html":
            return _answer(form, self._page(asked, current, found, article), headers)
        return _answer(form, _json(json_views.article(article, current)), headers)

    def revisions(self, id: Id, format: Annotated[RevisionsForm | None, _FORM] = None) -> Response[str]:
        """All revisions of a story, in the order of capture; as a Memento time map too."""
        asked = self._asked()
        form = asked.form(format, ("json", "timemap"))
        current = self._library.archive.story(id)
        found = self._library.archive.revisions(current)
        if form == "timemap":
            return _answer(form, _timemap(asked, current, found))
        return _answer(form, _json({"id": current.id, "revisions": [json_views.story(each) for each in found]}))

    def diff(
        self,
        id: Id,
        before: Annotated[int | None, Query(ge=1, description="By default the revision before ``after``.")] = None,
        after: Annotated[int | None, Query(ge=1, description="By default the newest revision.")] = None,
        format: Annotated[PageForm | None, _FORM] = None,
    ) -> Response[str]:
        """What changed between two revisions of a story, word by word."""
        asked = self._asked()
        form = asked.form(format, ("json", "html"))
        current = self._library.archive.story(id)
        archive = self._library.archive
        last = after or current.revision
        pair = (before or max(1, last - 1), last)
        one, other = (archive.article(archive.revision(current, number)) for number in pair)
        edit = between(one, other)
        if form == "html":
            return _answer(form, pages.render("diff", asked, story=current, one=one, other=other, edit=edit))
        return _answer(form, _json({"id": current.id, "before": pair[0], "after": pair[1], **json_views.edit(edit)}))

    def copies(self, id: Id) -> Response[str]:
        """The copies of a story, itself included, in order of appearance."""
        current = self._library.archive.story(id)
        found = [json_views.story(each) for each in self._library.archive.copies(current)]
        return _answer("json", _json({"id": current.id, "copies": found}))

    def capture(self, id: Id, revision: Revision = None) -> Response[str]:
        """The WARC records of a revision's capture, as stored: each record a gzip member."""
        current, found = self._chosen(id, revision)
        name = f"{current.id}-{found.revision}.warc.gz"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            **self._memento(self._asked(), current, found),
        }
        return _binary("application/warc-gzip", self._library.records(found), headers)

    def proof(self, id: Id, revision: Revision = None) -> Response[str]:
        """The proof of a revision's time: a zip file with a verifier, independent of the archive."""
        current, found = self._chosen(id, revision)
        name = f"{current.id}-{found.revision}-proof.zip"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return _binary("application/zip", self._library.proof(found), headers)

    def page(self, id: Id, revision: Revision = None) -> Response[str]:
        """The captured page as the outlet sent it, in a sandbox: it runs no script and loads nothing."""
        _, found = self._chosen(id, revision)
        captured = self._library.capture(found)
        stated = captured.content_type.lower()
        charset = stated.partition("charset=")[2].strip("\"' ;")
        known = f"; charset={charset}" if charset.replace("-", "").replace("_", "").isalnum() else ""
        return _binary(f"text/html{known}", captured.body, {"Content-Security-Policy": _SANDBOX})

    def cite(
        self,
        id: Id,
        format: Annotated[cite.Format, Query(description="The citation's format.")] = "csl-json",
        revision: Revision = None,
    ) -> Response[str]:
        """A citation of a story's revision."""
        _, found = self._chosen(id, revision)
        article = self._library.archive.article(found)
        body = cite.cite(article, format, outlet=self._library.outlet(article.source))
        return Response(HTTPStatus.OK, cite.MEDIA[format], body)

    def _chosen(self, id: str, revision: int | None) -> tuple[Story, Story]:
        """The newest revision of a story, and the wanted one: by number, or the last before Accept-Datetime."""
        current = self._library.archive.story(id)
        instant = self._asked().headers.get("accept-datetime")
        if revision is None and instant is None:
            return current, current
        if revision is not None:
            return current, self._library.archive.revision(current, revision)
        there = self._library.archive.revisions(current)
        wanted = _parsed(instant or "")
        earlier = [each for each in there if wanted and _captured(each) <= wanted]
        return current, (earlier or there[:1])[-1] if wanted else current

    def _page(self, asked: Asked, current: Story, found: Story, article: Article) -> str:
        archive = self._library.archive
        copies = archive.copies(current) if current.cluster else []
        changed = {copy.id: archive.revisions(copy) for copy in copies[:_COPIES] if copy.revision > 1}
        return pages.render(
            "story",
            asked,
            story=current,
            shown=found,
            article=article,
            outlet=self._library.outlet,
            revisions=archive.revisions(current),
            map=maps.of(article.places),
            life=charts.life(copies[:_COPIES], changed) if len(copies) > 1 else (),
            citations=[(format, _CITED[format]) for format in cite.FORMATS],
            proof=self._library.sealed(found),
        )

    def _memento(self, asked: Asked, current: Story, found: Story) -> dict[str, Any]:
        """The headers of RFC 7089: when this was captured, and where the original and its other revisions are."""
        at = f"{asked.origin}/stories/{current.id}"
        links = [
            f'<{_linked(current.url)}>; rel="original"',
            f'<{at}>; rel="timegate"',
            f'<{at}/revisions?format=timemap>; rel="timemap"; type="application/link-format"',
            f'<{at}?revision={found.revision}>; rel="memento"; datetime="{_http(found)}"',
        ]
        return {"Memento-Datetime": _http(found), "Link": ", ".join(links)}


def _timemap(asked: Asked, current: Story, found: list[Story]) -> str:
    at = f"{asked.origin}/stories/{current.id}"
    links = [
        f'<{_linked(current.url)}>; rel="original"',
        f'<{at}>; rel="timegate"',
        f'<{at}/revisions?format=timemap>; rel="self"; type="application/link-format"',
        *(f'<{at}?revision={each.revision}>; rel="memento"; datetime="{_http(each)}"' for each in found),
    ]
    return ",\n".join(links) + "\n"


def _linked(url: str) -> str:
    """A URL within the angle brackets of a Link header, in ASCII."""
    return "".join(c if c.isascii() and c.isprintable() and c not in '<>" ' else _percent(c) for c in url)


def _percent(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "replace"))


def _parsed(instant: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(instant)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _captured(story: Story) -> datetime:
    return datetime.fromisoformat(story.captured_at)


def _http(story: Story) -> str:
    return format_datetime(_captured(story).astimezone(UTC), usegmt=True)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _answer(form: Form, body: str, headers: dict[str, Any] | None = None) -> Response[str]:
    return Response(HTTPStatus.OK, MEDIA[form], body, headers=headers or {})


def _binary(media: str, body: bytes, headers: dict[str, Any]) -> Response[str]:
    """An answer of bytes; in base64 already, because the validation of answers takes bytes for UTF-8."""
    response = Response(HTTPStatus.OK, media, base64.b64encode(body).decode(), headers=headers)
    response.base64_encoded = True
    return response
