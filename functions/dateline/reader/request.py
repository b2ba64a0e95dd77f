"""A request as the routes see it: its headers, its origin, and the form and language of its answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args
from urllib.parse import parse_qsl, urlencode

from dateline.reader.formats import negotiation

Form = Literal["json", "html", "text", "atom", "rss", "jsonfeed", "timemap"]
ListForm = Literal["json", "html", "atom", "rss", "jsonfeed"]
PageForm = Literal["json", "html"]
LISTED: tuple[Form, ...] = get_args(ListForm)
Language = Literal["en", "fr", "ar"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. ``headers`` have names in lower case; ``origin`` is the reader's address without a path."""

    headers: Mapping[str, str]
    origin: str
    path: str
    query: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Read a function URL's event (payload version 2.0)."""
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        scheme = headers.get("x-forwarded-proto", "https")
        host = event["requestContext"].get("domainName") or "localhost"
        query = tuple(parse_qsl(event.get("rawQueryString") or ""))
        return cls(headers, f"{scheme}://{host}", event["rawPath"], query)

    @property
    def language(self) -> Language:
        """The interface's language: ``lang`` in the query, else by Accept-Language, else English."""
        wanted = self.chosen or negotiation.language(self.headers.get("accept-language"), LANGUAGES)
        return next(language for language in LANGUAGES if language == wanted)

    @property
    def chosen(self) -> str | None:
        """The language that the query names, if the interface has it."""
        return next((value for name, value in reversed(self.query) if name == "lang" and value in LANGUAGES), None)

    def form(self, wanted: Form | None, offered: Sequence[Form]) -> Form:
        """Return the form of the answer: ``format`` in the query, else by Accept. Raises NotAcceptableError."""
        if wanted:
            if wanted in offered:
                return wanted
            raise negotiation.NotAcceptableError(f"this resource has no format {wanted}; it has {', '.join(offered)}")
        found = negotiation.form(self.headers.get("accept"), offered)
        return next(each for each in offered if each == found)

    def link(self, path: str, parameters: Iterable[tuple[str, object]] = ()) -> str:
        """Return a path of the reader with a query; a chosen language goes along."""
        pairs = [(name, str(value)) for name, value in parameters if value not in {None, ""}]
        pairs += [("lang", self.chosen)] if self.chosen else []
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def changed(self, **parameters: object) -> str:
        """Return the link of this request with other parameters; None leaves one out. The page starts at its top."""
        kept = [(name, value) for name, value in self.query if name not in {*parameters, "lang", "cursor"}]
        return self.link(self.path, [*kept, *parameters.items()])

    def without(self, name: str, value: str) -> str:
        """Return the link of this request without one value of a repeatable parameter."""
        kept = [pair for pair in self.query if pair != (name, value) and pair[0] not in {"lang", "cursor"}]
        return self.link(self.path, kept)
