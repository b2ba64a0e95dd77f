"""The reading room as one function of an event: routes, problem documents, validators and compression."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, get_args, get_type_hints
from urllib.parse import parse_qs

from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as RouteNotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.data_classes import LambdaFunctionUrlEvent

from dateline import __version__
from dateline.reader import pages
from dateline.reader.answers import TooLargeError, finish
from dateline.reader.callers.guard import Guard
from dateline.reader.formats import cite, problems
from dateline.reader.formats.negotiation import MEDIA
from dateline.reader.library import Library
from dateline.reader.request import Asked
from dateline.reader.routes.lists import ListRoutes
from dateline.reader.routes.stories import StoryRoutes
from dateline.reader.routes.watches import WatchRoutes

Answer = Callable[[dict[str, Any], Any], dict[str, Any]]
_DESCRIPTION = "Read an archive of regional news: search, stories and their revisions, captures, citations and feeds."
_BINARY = {"capture": ["application/warc-gzip"], "proof": ["application/zip"], "page": ["text/html"]}
_SCHEMAS = {"application/json": {"schema": {"type": "object"}}}
_METHODS = ("GET", "HEAD")
_YEAR = "public, max-age=31536000, immutable"


class _Event(LambdaFunctionUrlEvent):
    @property
    def resolved_query_string_parameters(self) -> dict[str, list[str]]:
        """The parameters of the raw query: Lambda joins repeated ones by commas, which values may have too."""
        return parse_qs(self.raw_query_string, keep_blank_values=True)


class _Resolver(LambdaFunctionUrlResolver):
    def _to_proxy_event(self, event: dict[str, Any]) -> LambdaFunctionUrlEvent:
        return _Event(event)


def answer(library: Library, guard: Guard | None = None) -> Answer:
    """Return the function that maps a function URL's event (payload 2.0) and Lambda's context to an answer.

    Without a ``guard`` every request is admitted, as on the reader's own machine.
    """
    app = _app(library)

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        method = event["requestContext"]["http"]["method"]
        if method not in _METHODS:
            return _not_allowed(method)
        refusal, cookie = guard.admit(event) if guard else (None, "")
        if refusal:
            return refusal
        found = app.resolve(_as_get(event), context)
        try:
            answered = finish(event, found) | ({"cookies": [cookie]} if cookie else {})
            return answered if method == "GET" else answered | {"body": "", "isBase64Encoded": False}
        except TooLargeError as error:
            return problems.answer(HTTPStatus.BAD_GATEWAY, str(error))

    return handle


def _app(library: Library) -> LambdaFunctionUrlResolver:
    app = _Resolver(enable_validation=True)

    def asked() -> Asked:
        return Asked.of(app.current_event.raw_event)

    lists, stories, watches = ListRoutes(library, asked), StoryRoutes(library, asked), WatchRoutes(library, asked)
    app.get("/", include_in_schema=False)(lists.home)
    top: tuple[Callable[..., Response[str]], ...] = (
        *(lists.search, lists.stories, lists.changes, lists.sources, lists.coverage, watches.watches),
    )
    for route in top:
        app.get(f"/{route.__name__}", **_described(route))(route)
    app.get("/watches/<name>", **_described(watches.watch))(watches.watch)
    app.get("/stories/<id>", **_described(stories.story))(stories.story)
    below: tuple[Callable[..., Response[str]], ...] = (
        stories.revisions,
        stories.diff,
        stories.copies,
        stories.capture,
        stories.proof,
        stories.page,
        stories.cite,
    )
    for route in below:
        app.get(f"/stories/<id>/{route.__name__}", **_described(route))(route)
    app.get("/openapi.json", include_in_schema=False)(lambda: _openapi(app))
    app.get("/style.css", include_in_schema=False)(_style)
    for error in problems.STATUS:
        app.exception_handler(error)(problems.of_error)
    app.exception_handler(RequestValidationError)(problems.of_validation)
    app.not_found(_not_found)
    return app


def _as_get(event: dict[str, Any]) -> dict[str, Any]:
    """The event of the same request by GET: the answer to HEAD is that to GET without its body (RFC 9110)."""
    context = event["requestContext"]
    return {**event, "requestContext": {**context, "http": {**context["http"], "method": "GET"}}}


def _not_allowed(method: str) -> dict[str, Any]:
    refusal = problems.answer(HTTPStatus.METHOD_NOT_ALLOWED, f"the archive is read by GET and HEAD, not by {method}")
    refusal["headers"]["Allow"] = ", ".join(_METHODS)
    return refusal


def _described(route: Callable[..., Any]) -> Mapping[str, Any]:
    """A route's place in the OpenAPI document, from its docstring."""
    summary, _, rest = (route.__doc__ or "").strip().partition("\n")
    refused = {"description": "A problem document (RFC 9457).", "content": {problems.MEDIA: {}}}
    return {
        "summary": summary,
        "description": " ".join(rest.split()) or summary,
        "responses": {
            200: {"description": summary, "content": {media: _SCHEMAS.get(media, {}) for media in _media(route)}},
            **dict.fromkeys((400, 404, 405, 406, 429, 451, 502, 503), refused),
        },
    }


def _media(route: Callable[..., Any]) -> list[str]:
    """The media types of a route's answers."""
    stated = _BINARY.get(route.__name__)
    if stated:
        return stated
    (wanted,) = [hint for name, hint in get_type_hints(route).items() if name == "format"] or [None]
    stated_forms = (form for each in get_args(wanted) for form in (get_args(each) or (each,)))
    forms = [form for form in stated_forms if isinstance(form, str)] or ["json"]
    table = MEDIA | {str(name): media for name, media in cite.MEDIA.items()}
    return [table[form].partition(";")[0] for form in forms]


def _openapi(app: LambdaFunctionUrlResolver) -> Response[str]:
    body = app.get_openapi_json_schema(title="Dateline", version=__version__, description=_DESCRIPTION)
    return Response(HTTPStatus.OK, "application/json", body)


def _style() -> Response[str]:
    return Response(HTTPStatus.OK, "text/css; charset=utf-8", pages.style(), headers={"Cache-Control": _YEAR})


def _not_found(_: RouteNotFoundError) -> Response[str]:
    return problems.problem(HTTPStatus.NOT_FOUND, "there is no such route; /openapi.json lists all")
