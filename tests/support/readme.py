"""README's examples, for the tests that run them."""

import re

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def blocks(language: str, having: str = "") -> list[str]:
    """The examples in a language that have some words in them."""
    return [text for name, text in BLOCKS if name == language and having in text]
