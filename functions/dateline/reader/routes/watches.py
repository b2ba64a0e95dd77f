"""Routes of watches: the kept searches, and each one's hits as a list or a feed."""

import json
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from dateline.api.archive import NotFoundError
from dateline.reader import cursors, json_views, pages
from dateline.reader.formats import feeds
from dateline.reader.formats.negotiation import MEDIA
from dateline.reader.library import Library
from dateline.reader.request import LISTED, Asked, Form, ListForm, PageForm
from dateline.search.watching.watches import Hit, Watch
from dateline.story import Story

_FORM = Query(description="The answer's form; by default by Accept.")


class WatchRoutes:
    """The routes of kept searches; ``asked`` returns the current request."""

    def __init__(self, library: Library, asked: pages.CurrentRequest) -> None:
        self._library, self._asked = library, asked

    def watches(self, format: Annotated[PageForm | None, _FORM] = None) -> Response[str]:
        """The kept searches."""
        asked = self._asked()
        form, found = asked.form(format, ("json", "html")), self._library.watches()
        if form == "html":
            return Response(HTTPStatus.OK, MEDIA[form], pages.render("watches", asked, watches=found))
        return Response(HTTPStatus.OK, MEDIA[form], _json({"watches": [asdict(each) for each in found]}))

    def watch(
        self,
        name: Annotated[str, Path(pattern="^[a-z0-9][a-z0-9-]{0,39}$", description="The watch's name.")],
        limit: Annotated[int, Query(ge=1, le=200, description="Hits of a page.")] = 50,
        cursor: Annotated[str | None, Query(max_length=512, description="Go on after an earlier page.")] = None,
        format: Annotated[ListForm | None, _FORM] = None,
    ) -> Response[str]:
        """The hits of a kept search, the last one first: new stories, and edits of them."""
        asked = self._asked()
        form, watch = asked.form(format, LISTED), self._watch(name)
        given = {"watch": name}
        found, last = self._library.hits(name, cursors.read(cursor, given) if cursor else None, limit)
        onward = cursors.write(last, given) if last else None
        if form == "json":
            listed = [{**asdict(hit), "story": json_views.story(story)} for hit, story in found]
            return Response(HTTPStatus.OK, MEDIA[form], _json({**asdict(watch), "cursor": onward, "hits": listed}))
        if form == "html":
            values = {"watch": watch, "hits": found, "onward": onward, "outlet": self._library.outlet}
            return Response(HTTPStatus.OK, MEDIA[form], pages.render("watch", asked, **values))
        return Response(HTTPStatus.OK, MEDIA[form], _feed(asked, form, watch, found))

    def _watch(self, name: str) -> Watch:
        for watch in self._library.watches():
            if watch.name == name:
                return watch
        raise NotFoundError(f"there is no watch {name}; /watches lists all")


def _feed(asked: Asked, form: Form, watch: Watch, found: list[tuple[Hit, Story]]) -> str:
    kinds: dict[Form, feeds.Format] = {"atom": "atom", "rss": "rss", "jsonfeed": "jsonfeed"}
    address: Callable[..., str] = lambda **more: asked.origin + asked.changed(**more)  # noqa: E731
    entries = [_entry(asked, hit, story) for hit, story in found]
    feed = feeds.Feed(
        title=f"Dateline: {watch.query}", url=address(format=form), page=address(format=None), entries=entries
    )
    return feed.write(kinds[form])


def _entry(asked: Asked, hit: Hit, story: Story) -> feeds.Entry:
    news = "new" if not hit.edited else "changed" if hit.matches else "changed; the words are gone"
    path = f"/stories/{story.id}" + ("/diff" if hit.edited else "")
    return feeds.Entry(
        id=f"urn:dateline:watch:{hit.watch}:{hit.id}:{hit.captured_at}",
        url=asked.origin + path,
        original=story.url,
        title=story.title,
        summary=f"{story.source}: {news}, captured {hit.captured_at}",
        updated=hit.fired_at,
        published=story.published_at,
        language=story.language,
    )


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
