"""An invented outlet: its properties and its stories."""

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from infra.newsroom.stories import Story

HERE = Path(__file__).parent


@dataclass(frozen=True, eq=False, kw_only=True)
class Outlet:
    """One file of ``outlets/``; its stories are in the folder of ``stories/`` with the same name.

    ``date_pattern`` is the format of dates on its pages (CLDR, in ``locale`` and ``timezone``). ``sections`` maps a
    section's label to its path; ``next_page`` follows that path for page ``{number}``. ``article_path`` is filled from
    a story, as ``/news/{story.slug}/``. The feed has the newest ``feed_items`` stories and, as false stories, the
    section fronts ``feed_fronts``. ``keys`` are further keys of its source file.
    """

    id: str
    name: str
    country: str
    language: str
    timezone: str
    locale: str
    date_pattern: str
    sections: dict[str, str]
    article_path: str
    next_page: str
    page_size: int
    feed_path: str
    feed_type: str
    feed_items: int
    feed_fronts: tuple[str, ...] = ()
    keys: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read an outlet's file. Raises ValueError with the file and the missing or unknown key."""
        try:
            return cls(id=path.stem, **tomllib.loads(path.read_text("utf-8")))
        except TypeError as error:
            raise ValueError(f"{path}: {error}") from error

    def stories(self, base: str, edition: int) -> tuple[Story, ...]:
        """Return all stories of an edition, gone ones included, newest first, with their URLs at ``base``."""
        read = [Story.read(path, edition) for path in (HERE / "stories" / self.id).glob("*.toml")]
        placed = (self._placed(story, base) for story in read)
        return tuple(sorted(placed, key=lambda story: (story.published_at, story.slug), reverse=True))

    def source(self, base: str) -> dict[str, Any]:
        """The keys of its source file."""
        return {
            "name": self.name,
            "home": f"{base}/",
            "country": self.country,
            "languages": [self.language],
            "timezone": self.timezone,
            "feeds": [base + self.feed_path],
            "sitemaps": [f"{base}/sitemap.xml"],
            "listings": [base + path for path in self.sections.values()],
            "every": 1,
            "delay": 0,
            **self.keys,
        }

    def _placed(self, story: Story, base: str) -> Story:
        path = story.path or self.article_path.format(story=story)
        images = tuple(replace(image, url=base + image.url) for image in story.images)
        language = story.language or self.language
        return replace(story, path=path, url=base + quote(path), images=images, language=language)


def read_all() -> list[Outlet]:
    """The invented outlets, by id."""
    return [Outlet.read(path) for path in sorted((HERE / "outlets").glob("*.toml"))]
