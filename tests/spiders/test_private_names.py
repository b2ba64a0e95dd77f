"""Names of Scrapy and Twisted without a promise: private ones, and the engine's and downloader's inner parts.

An update may take any of them away, so they are listed here once, and the upper bound of ``scrapy`` is the next minor
release: raise it once these tests pass with that release.
"""

import ast
import importlib
import inspect
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import cast

import pytest
from packaging.requirements import Requirement
from scrapy.core.downloader import Downloader
from scrapy.core.engine import ExecutionEngine

from tests.conftest import ROOT

FOREIGN = ("scrapy", "twisted", "scrapy_playwright", "playwright")
PRIVATE = {
    ("spiders.middlewares.redirects", "RedirectMiddleware", "_engine_started"),
    ("spiders.middlewares.redirects", "RedirectMiddleware", "_redirect"),
}
# No underscore, but no documentation either: what the spider and the middlewares ask of engine and downloader.
INNER = ("close_spider_async", "crawl", "download_async")  # of the engine
INNER_ATTRIBUTES = ("slots", "per_slot_settings")  # of the downloader
INNER_METHODS = ("_process_queue",)  # of the downloader
BROWSER_METHODS = ("_launch",)  # of scrapy-playwright's handler
CODEC_ATTRIBUTES = ("_is_text_encoding",)  # of the standard library's CodecInfo
BROWSER = ROOT / "spiders" / "download" / "render.py"


def modules() -> Iterator[str]:
    for path in sorted((ROOT / "spiders").rglob("*.py")):
        if path != BROWSER and path.name != "__init__.py":
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts)


def private_names(module: str) -> Iterator[tuple[str, str, str]]:
    """Yield the private names of foreign base classes that the classes of a module use or replace."""
    for name, kind in vars(importlib.import_module(module)).items():
        if not inspect.isclass(kind) or kind.__module__ != module:
            continue
        bases = [base for base in kind.__mro__[1:] if base.__module__.partition(".")[0] in FOREIGN]
        theirs = {each for base in bases for each in vars(base) if each.startswith("_") and not each.startswith("__")}
        used = {node.attr for node in ast.walk(ast.parse(inspect.getsource(kind))) if isinstance(node, ast.Attribute)}
        yield from ((module, name, each) for each in theirs & (used | vars(kind).keys()) - {"_abc_impl"})


def test_private_names_are_listed() -> None:
    """The spiders use no private name of a base class beyond the list, and those listed exist."""
    assert {found for module in modules() for found in private_names(module)} == PRIVATE


@pytest.mark.parametrize("path", sorted((ROOT / "spiders").rglob("*.py")), ids=lambda path: path.stem)
def test_private_imports_none(path: Path) -> None:
    """No private module or name is imported."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    names = [part for node in nodes for part in (*(node.module or "").split("."), *(each.name for each in node.names))]
    assert [name for name in names if name.startswith("_") and not name.startswith("__")] == []


def test_inner_parts_exist() -> None:
    """Engine and downloader still have the parts that the throttle and the robots middleware use."""
    assert [name for name in INNER if not hasattr(ExecutionEngine, name)] == []
    assert [name for name in INNER_METHODS if not hasattr(Downloader, name)] == []
    made = inspect.getsource(Downloader.__init__)
    assert [name for name in INNER_ATTRIBUTES if f"self.{name}" not in made] == []


def test_private_calls_are_listed() -> None:
    """Private names asked of objects, not of a base class, are listed too."""
    asked = {name for path in (ROOT / "spiders").rglob("*.py") for name in private_calls(path)}
    assert asked == {*INNER_METHODS, *BROWSER_METHODS, *CODEC_ATTRIBUTES}


def private_calls(path: Path) -> Iterator[str]:
    """Yield the private names that a module asks of variables, without those it defines itself."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    asked = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    names = {node.attr for node in asked if cast("ast.Name", node.value).id not in ("self", "cls")}
    yield from (name for name in names - own - {"_replace"} if name.startswith("_"))  # a NamedTuple's is public


def test_browser_handler_still_launches() -> None:
    handler = pytest.importorskip("scrapy_playwright.handler", reason="needs pip install '.[render]'")
    assert [name for name in BROWSER_METHODS if not hasattr(handler.ScrapyPlaywrightDownloadHandler, name)] == []


def test_scrapy_has_an_upper_bound() -> None:
    """The bound excludes the next minor release, and the installed release is within it."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    [scrapy] = [each for each in map(Requirement, extras["crawl"]) if each.name == "scrapy"]
    major, minor = version("scrapy").split(".")[:2]
    assert scrapy.specifier.contains(version("scrapy"))
    assert not scrapy.specifier.contains(f"{major}.{int(minor) + 1}")
