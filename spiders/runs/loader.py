"""Scrapy's spiders, made from the registry: each source is a spider of its name."""

import builtins
from typing import Self

from scrapy import Request
from scrapy.settings import BaseSettings

from dateline.settings import Settings
from dateline.sources import registry
from dateline.sources.registry import Source
from spiders.spider import NewsSpider, spider_class


class SourceSpiderLoader:
    """Loads sources as spiders (Scrapy's ``SpiderLoaderProtocol``)."""

    def __init__(self, sources: dict[str, Source]) -> None:
        self._sources = sources

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:  # noqa: ARG003 (Scrapy's signature)
        return cls(registry.registered(Settings.from_environment().sources))

    def load(self, spider_name: str) -> type[NewsSpider]:
        """Return a source's spider. Raises KeyError for an unknown source."""
        return spider_class(self._sources[spider_name])

    def list(self) -> list[str]:
        return list(self._sources)

    def find_by_request(self, request: Request) -> builtins.list[str]:
        """Return the sources with a home page on the request's host."""
        host = request.url.split("/")[2]
        return [source.id for source in self._sources.values() if source.host == host]
