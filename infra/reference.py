"""Generate the reference in docs/: `python -m infra.reference`, part of `make docs`.

``docs/commands.md`` is Typer's own rendering of the commands' help; the parameters in ``docs/deploy.md`` come from
``template.yaml``; the counts in ``docs/languages.md`` come from reading the spellings; the model in ``docs/scale.md``
comes from the counts and prices of ``dateline.cost``.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from dateline.cost import scale
from infra import spellings

ROOT = Path(__file__).parents[1]
COMMANDS, DEPLOY = ROOT / "docs" / "commands.md", ROOT / "docs" / "deploy.md"
LANGUAGES, SCALE = ROOT / "docs" / "languages.md", ROOT / "docs" / "scale.md"

_TYPER = ("-m", "typer", "dateline.cli.main", "utils", "docs", "--name", "dateline", "--title", "Commands")
_HEADING = re.compile(r"#+ `(dateline[ \w-]*)`$")
_SECTION = re.compile(r"^#+ `(dateline[ \w-]*)`\n\n(.+?[.])(?=\s)", re.MULTILINE)  # with the first sentence of its help
_ENTRY = re.compile(r"\* `([\w-]+)`: .*\.\.\.$")  # of a list of commands, cut by Typer
_SPELLINGS = re.compile(r"(<!-- spellings: [^\n]*-->\n).*?(<!-- end -->)", re.DOTALL)
_SCALE = re.compile(r"(<!-- scale: [^\n]*-->\n).*?(<!-- end -->)", re.DOTALL)
_ROWS = (  # of docs/scale.md: what, field of ``scale.Size``, digits after the point
    ("objects in S3, million", "objects", 1e6, 1),
    ("S3, GB", "gigabytes", 1, 0),
    ("table and indexes, GB", "table_gigabytes", 1, 0),
    ("write units to index, million", "write_units", 1e6, 0),
    ("LIST calls of a whole look", "list_calls", 1, 0),
    ("hours to extract again", "reextract_hours", 1, 0),
    ("hours to verify", "verify_hours", 1, 0),
    ("hours to rebuild", "rebuild_hours", 1, 0),
    ("$ in the first year", "first_year_dollars", 1, 0),
    ("$ of storage a month", "storage_dollars_a_month", 1, 0),
    ("$ to verify", "verify_dollars", 1, 0),
    ("$ to rebuild by writes", "rebuild_dollars", 1, 0),
    ("$ to rebuild by import", "import_dollars", 1, 0),
)
_PARAMETERS = re.compile(r"(<!-- parameters: [^\n]*-->\n).*?(<!-- end -->)", re.DOTALL)


class _Template(yaml.SafeLoader):
    """YAML with the short forms of CloudFormation's functions, read as their names."""


_Template.add_multi_constructor("!", lambda _, tag, __: tag)


def commands() -> str:
    """Return the text of docs/commands.md."""
    done = subprocess.run([sys.executable, *_TYPER], cwd=ROOT, capture_output=True, text=True, check=True)
    return "".join(_whole_entries(done.stdout.rstrip()))


def _whole_entries(page: str) -> Iterator[str]:
    """Yield the page's lines; a command listed with a cut summary gets the first sentence of its section."""
    summaries, group = dict(_SECTION.findall(page)), "dateline"
    for line in page.splitlines():
        if heading := _HEADING.match(line):
            group = heading[1]
        entry = _ENTRY.match(line)
        yield f"* `{entry[1]}`: {summaries[f'{group} {entry[1]}']}\n" if entry else f"{line}\n"


def deploy(page: str) -> str:
    """Return the page with the template's parameters between its two marks."""
    template = yaml.load((ROOT / "template.yaml").read_text("utf-8"), _Template)  # noqa: S506 - a SafeLoader
    rows = [_parameter(name, spec) for name, spec in template["Parameters"].items()]
    table = "\n".join(["| parameter | default | meaning |", "|---|---|---|", *rows])
    return _PARAMETERS.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", page)


def languages(page: str) -> str:
    """Return the page with the table of spellings between its two marks."""
    table = spellings.table()
    return _SPELLINGS.sub(lambda found: f"{found[1]}\n{table}\n{found[2]}", page)


def scaled(page: str) -> str:
    """Return the page with the model of ``dateline.cost.scale`` between its two marks."""
    sizes = [scale.of(stories) for stories in scale.SIZES]
    head = "| stories | " + " | ".join(f"{size.stories / 1e6:g} M" for size in sizes) + " |"
    rows = [
        f"| {name} | " + " | ".join(f"{getattr(size, field) / unit:,.{digits}f}" for size in sizes) + " |"
        for name, field, unit, digits in _ROWS
    ]
    table = "\n".join([head, "|---" + "|---:" * len(sizes) + "|", *rows])
    return _SCALE.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", page)


def main() -> None:
    """Write the pages."""
    LANGUAGES.write_text(languages(LANGUAGES.read_text("utf-8")), "utf-8")
    SCALE.write_text(scaled(SCALE.read_text("utf-8")), "utf-8")
    COMMANDS.write_text(commands(), "utf-8")
    DEPLOY.write_text(deploy(DEPLOY.read_text("utf-8")), "utf-8")


def _parameter(name: str, spec: Mapping[str, Any]) -> str:
    default = f"`{spec['Default']}`" if spec["Default"] != "" else "empty"
    allowed = [f"`{value}`" for value in spec.get("AllowedValues", []) if value]
    meaning = " ".join(str(spec.get("Description", "")).split())
    choice = f"One of {', '.join(allowed)}." if allowed else ""
    return f"| `{name}` | {default} | {f'{meaning} {choice}'.strip()} |"


if __name__ == "__main__":
    main()
