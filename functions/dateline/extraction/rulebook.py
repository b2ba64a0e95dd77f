"""The rules of every source, from the source files that lie beside the library."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from dateline.extraction.parse.selectors import compiled
from dateline.page import Page
from dateline.sources import rules
from dateline.sources.rules import RuleSet

Sets = tuple[RuleSet, ...]


class RuleError(ValueError):
    """What is wrong with a source's rules: the file, the key, and how to mend it."""


class Rulebook:
    """The rule sets of sources by their ids; those that have none may be absent."""

    def __init__(self, sets: Mapping[str, Sets]) -> None:
        self._sets = sets

    @classmethod
    def read(cls, *folders: Path) -> Self:
        """The rules in all source files below some folders, checked; RuleError for the first that are not sound."""
        return cls({path.stem: _rules(path) for folder in folders for path in sorted(folder.rglob("*.toml"))})

    @classmethod
    def shipped(cls, further: str = "") -> Self:
        """The rules of the shipped sources and those of further folders, as ``Settings.sources`` names them."""
        return cls.read(_folder(), *(Path(folder) for folder in further.split(os.pathsep) if folder))

    def of(self, page: Page) -> RuleSet | None:
        """The set that is valid for a page."""
        return rules.valid_at(self._sets.get(page.source or "", ()), page.captured_at)


NO_RULES = Rulebook({})


def check(sets: Sets) -> None:
    """ValueError says what to mend if a selector is none."""
    for each in sets:
        for key, selectors in each.selectors.items():
            for selector in selectors:
                try:
                    compiled(selector)
                except ValueError as error:
                    raise ValueError(f"{key}: {error}") from error


def _folder() -> Path:
    """The shipped source files: beside the library in a bundle or an installation, above its folder in a checkout."""
    here = Path(__file__).parents[2]
    return next(folder for parent in (here, here.parent) if (folder := parent / "spiders" / "sources").is_dir())


def _rules(path: Path) -> Sets:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        found = rules.read(table["extract"]) if "extract" in table else ()
        check(found)
    except ValueError as error:
        raise RuleError(f"{path}: extract: {error}") from error
    return found
