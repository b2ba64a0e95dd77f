"""The rules of every source, by its id."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Self

from dateline.extraction.parse.selectors import compiled
from dateline.page import Page
from dateline.sources import rules
from dateline.sources.rules import RuleSet

if TYPE_CHECKING:
    from dateline.sources.registry import Source

Sets = tuple[RuleSet, ...]


class Rulebook:
    """Rule sets of sources by id; sources without rules may be absent."""

    def __init__(self, sets: Mapping[str, Sets]) -> None:
        self._sets = sets

    @classmethod
    def of_sources(cls, sources: "Iterable[Source]") -> Self:
        """Return the rules of sources. Raises SourceError for the first file with an invalid selector."""
        return cls({source.id: _checked(source) for source in sources if source.extract})

    @classmethod
    def shipped(cls, further: str = "") -> Self:
        """Return the rules of the shipped sources and those of further folders, as in ``Settings.sources``.

        Raises SourceError for the first invalid source file.
        """
        from dateline.sources import registry  # noqa: PLC0415 - one page without a source needs none

        return cls.of_sources(registry.registered(further).values())

    def of(self, page: Page) -> RuleSet | None:
        """Return the rule set valid for a page."""
        return rules.valid_at(self._sets.get(page.source or "", ()), page.captured_at)


NO_RULES = Rulebook({})


def check(sets: Sets) -> None:
    """Raise ValueError with the fix for an invalid selector."""
    for each in sets:
        for key, selectors in each.selectors.items():
            for selector in selectors:
                try:
                    compiled(selector)
                except ValueError as error:
                    raise ValueError(f"{key}: {error}") from error


def _checked(source: "Source") -> Sets:
    try:
        check(source.extract)
    except ValueError as error:
        from dateline.sources.registry import SourceError  # noqa: PLC0415 - as above

        raise SourceError(source.path, str(error), "extract") from error
    return source.extract
