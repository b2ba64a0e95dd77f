"""Count relative words in README, docs and public docstrings: `python -m infra.english [--worst]`, in `make check`.

Prose with many relative clauses describes things instead of naming them, and is slow to read. Relative words per 100
words are a smoke detector for it: structlog, sqlite-utils and zavod have 1.0 to 1.6 in their READMEs.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIMIT = 3.0  # relative words per 100
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/**/*.md")
FOLDERS = ("functions", "spiders", "infra")  # a package's docstrings are counted together

_RELATIVE = re.compile(r"that|which|what|who|where|whose|whichever", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_FENCE = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"::\n\n(?: {4,}.*\n|\n)+")
_CODE = re.compile(r"(`+)[^`]+\1|https?://\S+")


@dataclass(frozen=True, slots=True)
class Prose:
    """A text with its location, relative to the checkout."""

    place: str
    text: str

    @property
    def words(self) -> list[str]:
        """The words outside code."""
        text = self.text
        for code in (_FENCE, _INDENTED, _CODE):
            text = code.sub(" ", text)
        return _WORD.findall(text)

    @property
    def relative(self) -> int:
        """The number of relative words."""
        return sum(_RELATIVE.fullmatch(word) is not None for word in self.words)


@dataclass(frozen=True, slots=True)
class Count:
    """The relative words of a page, or of a package's public docstrings."""

    place: str
    prose: tuple[Prose, ...]

    @property
    def rate(self) -> float:
        """Relative words per 100 words, to a tenth."""
        words = sum(len(each.words) for each in self.prose)
        return round(100 * sum(each.relative for each in self.prose) / words, 1) if words else 0.0


def counts(root: Path = ROOT) -> Iterator[Count]:
    """Yield a count for each page of prose and each Python package below the root."""
    for pattern in PAGES:
        for page in sorted(root.glob(pattern)):
            place = str(page.relative_to(root))
            yield Count(place, (Prose(place, page.read_text("utf-8")),))
    for folder in FOLDERS:
        for package in sorted({module.parent for module in (root / folder).rglob("*.py")}):
            modules = sorted(package.glob("*.py"))
            docstrings = (each for module in modules for each in _docstrings(root, module))
            yield Count(str(package.relative_to(root)), tuple(docstrings))


def main(arguments: list[str]) -> int:
    """Print the places above the limit, with ``--worst`` their single texts too; return the exit status."""
    failed = [each for each in counts() if each.rate > LIMIT]
    for each in failed:
        print(f"{each.place}: {each.rate} relative words per 100; the limit is {LIMIT}. Name things by a noun instead.")
        if "--worst" in arguments:
            for prose in sorted(each.prose, key=lambda text: text.relative, reverse=True)[:10]:
                print(f"  {prose.place}: {prose.relative} in {len(prose.words)} words")
    return 1 if failed else 0


def _docstrings(root: Path, module: Path) -> Iterator[Prose]:
    tree = ast.parse(module.read_text("utf-8"))
    yield from _of_node(tree, str(module.relative_to(root)))


def _of_node(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, place: str) -> Iterator[Prose]:
    if docstring := ast.get_docstring(node):
        yield Prose(place, docstring)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not child.name.startswith("_"):
            yield from _of_node(child, f"{place}:{child.lineno}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
