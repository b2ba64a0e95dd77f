"""The alarms' sections of docs/operate.md: what each one names, and the commands that it has an operator type."""

import re
import shlex
from dataclasses import dataclass

from tests.conftest import ROOT

PAGE = "docs/operate.md"
_SECTION = re.compile(r"^### (?P<heading>.+)\n(?P<text>(?:(?!^##).*\n)*)", re.MULTILINE)
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Section:
    """A section's anchor, the alarms that it names, and its commands as words, without their comments."""

    anchor: str
    alarms: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]

    def of(self, program: str) -> list[list[str]]:
        """The arguments of its commands of a program."""
        return [[*words[1:]] for words in self.commands if words[0] == program]


def sections() -> list[Section]:
    """Return the sections below "Alarms", in their order."""
    text = (ROOT / PAGE).read_text("utf-8")
    alarms = text[text.index("\n## Alarms\n") : text.index("\n## Each week\n")]
    return [_section(match["heading"], match["text"]) for match in _SECTION.finditer(alarms)]


def _section(heading: str, text: str) -> Section:
    lines = [line for block in _BLOCK.findall(text) for line in block.splitlines()]
    return Section(
        anchor=heading.lower().replace(" ", "-"),
        alarms=tuple(re.findall(r"`(\w+Alarm)`", text)),
        commands=tuple(tuple(shlex.split(line, comments=True)) for line in lines),
    )
