"""The examples in README and docs, for the tests that run them."""

import re

from tests.conftest import ROOT

PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text("utf-8")
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = [block for text in PAGES.values() for block in _BLOCK.findall(text)]
PROSE = "\n".join(_BLOCK.sub("", text) for text in PAGES.values())


def blocks(language: str, having: str = "") -> list[str]:
    """Return the examples in a language with these words in them."""
    return [text for name, text in BLOCKS if name == language and having in text]
