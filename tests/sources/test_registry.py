"""The registry: what it refuses, in words that say how to mend it, and that every shipped file is sound."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dateline.messages import Expect
from dateline.sources import registry

GOOD = {
    "name": '"Sample Gazette"',
    "home": '"https://gazette.example/"',
    "country": '"ly"',
    "languages": '["en", "ar-LY"]',
    "timezone": '"Africa/Tripoli"',
    "feeds": '["https://gazette.example/feed/"]',
}


def write(folder: Path, file: str = "ly/gazette.toml", changes: Mapping[str, str | None] | None = None) -> Path:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{key} = {value}" for key, value in {**GOOD, **(changes or {})}.items() if value is not None]
    path.write_text("\n".join(lines))
    return path


def test_source_matches_file(tmp_path: Path) -> None:
    """A source has what its file says."""
    changes = {
        "article": "['/20[0-9]{2}/']",
        "skip": "['/video/']",
        "delay": "0",
        "expect": "{ min = 2, max = 60 }",
        "extract": "{ valid_until = 2026-10-31, title = 'h1' }",
        "validators": "'ignore'",
        "revisit": "[[180, 15], [1440, 60]]",
    }
    write(tmp_path, changes=changes)
    (source,) = registry.load(tmp_path).values()
    assert (source.id, source.country, source.languages, source.host) == (
        "gazette",
        "ly",
        ("en", "ar-LY"),
        "gazette.example",
    )
    assert (source.every, source.delay, source.expect, source.access) == (60, 0.0, Expect(2, 60), "open")
    assert [(rules.fields, rules.valid_until) for rules in source.extract] == [({"title": ("h1",)}, date(2026, 10, 31))]
    assert (source.validators, source.revisit) == ("ignore", ((180, 15), (1440, 60)))
    assert source.wants("https://gazette.example/2026/story")
    assert not source.wants("https://gazette.example/2026/video/story")
    assert not source.wants("https://gazette.example/about")


@pytest.mark.parametrize(
    ("changes", "key", "mend"),
    [
        ({"timezome": '"Africa/Tripoli"'}, "timezome", "did you mean 'timezone'?"),
        ({"path": '"x"'}, "path", "is not a key"),
        ({"name": None}, "name", "is missing"),
        ({"timezone": None}, "timezone", "is missing"),
        ({"name": "7"}, "name", "write it in quotes"),
        ({"name": '"  "'}, "name", "is not a text"),
        ({"languages": '"en"'}, "languages", "write it in brackets"),
        ({"languages": "[]"}, "languages", "is empty"),
        ({"languages": '["english!"]'}, "languages", "BCP 47"),
        ({"country": '"LY"'}, "country", "did you mean 'ly'?"),
        ({"country": '"zz"'}, "country", "ISO 3166"),
        ({"country": '"eg"'}, "country", "move the file to the folder eg/"),
        ({"timezone": '"Africa/Tripolis"'}, "timezone", "did you mean 'Africa/Tripoli'?"),
        ({"timezone": '"Africa"'}, "timezone", "IANA"),
        ({"timezone": '"../zone"'}, "timezone", "IANA"),
        ({"article": "['[']"}, "article", "regular expression"),
        ({"home": '"gazette.example"'}, "home", "write it in full"),
        ({"home": '"https://gazette.example:99999/"'}, "home", "Port out of range"),
        ({"feeds": '["ftp://gazette.example/feed"]'}, "feeds", "http or https"),
        ({"feeds": '["https://gazette.example/a feed"]'}, "feeds", "http or https"),
        ({"every": "0"}, "every", "minutes"),
        ({"checked": "'2026-09-28'"}, "checked", "without quotes"),
        ({"checked": "2026-09-28T10:00:00Z"}, "checked", "is not a day"),
        ({"checked": "20260928"}, "checked", "is not a day"),
        ({"checked": "0001-01-01"}, "checked", "is not a possible day of a check"),
        ({"checked": "2999-01-01"}, "checked", "is not a possible day of a check"),
        ({"every": "true"}, "every", "minutes"),
        ({"delay": "-1"}, "delay", "seconds"),
        ({"delay": '"5"'}, "delay", "seconds"),
        ({"validators": '"maybe"'}, "validators", "neither 'trust' nor 'ignore'"),
        ({"opt_outs": '"ignore"'}, "opt_outs", "neither 'obey' nor 'record'"),
        ({"revisit": "15"}, "revisit", "pairs of minutes"),
        ({"revisit": "[[60]]"}, "revisit", "pairs of minutes"),
        ({"revisit": "[[60, 0]]"}, "revisit", "pairs of minutes"),
        ({"revisit": "[[60, 15], [30, 15]]"}, "revisit", "rising age"),
        ({"render": "'true'"}, "render", "without quotes"),
        ({"render": "1"}, "render", "neither true nor false"),
        ({"expect": "5"}, "expect", "is not a table"),
        ({"expect": "{ min = 9, max = 2 }"}, "expect", "range"),
        ({"expect": "{ min = 1, maximum = 2 }"}, "expect", "did you mean 'max'?"),
        ({"access": '"closed"'}, "access", "refused"),
        ({"extract": "{ valid_until = '2026-10-31' }"}, "extract", "without quotes"),
    ],
)
def test_error_names_file_and_key(tmp_path: Path, changes: dict[str, str | None], key: str, mend: str) -> None:
    """An error names the file the key and the mend."""
    path = write(tmp_path, changes=changes)
    with pytest.raises(registry.SourceError) as caught:
        registry.load(tmp_path)
    assert (caught.value.path, caught.value.key) == (path, key)
    assert mend in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["ly/Gazette.toml", "ly/the gazette.toml", "ly/gazette_en.toml"])
def test_file_name_is_id(tmp_path: Path, name: str) -> None:
    """A file name is an id."""
    write(tmp_path, name)
    with pytest.raises(registry.SourceError, match="name the file with"):
        registry.load(tmp_path)


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe"])
def test_invalid_toml_is_named(tmp_path: Path, content: bytes) -> None:
    """A file that is not toml is named."""
    path = write(tmp_path)
    path.write_bytes(content)
    with pytest.raises(registry.SourceError, match=r"gazette\.toml: is not TOML"):
        registry.load(tmp_path)


def test_duplicate_id_is_error(tmp_path: Path) -> None:
    """Two files with one id are an error."""
    write(tmp_path / "one")
    write(tmp_path / "two")
    with pytest.raises(registry.SourceError, match="has the same id"):
        registry.load(tmp_path / "one", tmp_path / "two")


def test_further_folders_are_added(tmp_path: Path) -> None:
    """Further folders are added to the shipped ones."""
    write(tmp_path / "one", "ly/sample-gazette.toml")
    write(tmp_path / "two", "ly/sample-courier.toml")
    sources = registry.registered(os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two")]))
    assert {"sample-gazette", "sample-courier", "libya-herald"} <= sources.keys()


def test_missing_folder_is_error(tmp_path: Path) -> None:
    """A folder that is missing is an error."""
    with pytest.raises(registry.SourceError, match="no such folder"):
        registry.load(tmp_path / "nowhere")


@pytest.mark.parametrize("path", sorted(registry.SHIPPED.rglob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_source_is_sound(path: Path) -> None:
    source = registry.read(path)
    assert (source.id, source.country, path.parent.parent) == (path.stem, path.parent.name, registry.SHIPPED)
    assert source.crawlable or source.access == "refused", "a source has a way in"


def test_the_shipped_sources_load_together() -> None:
    sources = registry.registered()
    assert len(sources) >= 10
    refused = {source.id for source in sources.values() if source.access == "refused"}
    assert refused >= {"libya-observer", "libya-observer-ar", "al-wasat", "ina", "medias24", "sudan-tribune"}
    assert not any(sources[id].crawlable for id in refused)


@pytest.mark.parametrize(
    "text",
    [
        'timezone = "Africa/Tripoli"\n',
        'timezone = "Africa/Tripoli"',
        'timezone = "Africa/Tripoli"\nchecked = 2026-01-01\n',
        'checked=2026-01-01 # by hand\ntimezone = "Africa/Tripoli"\n',
        'timezone = "Africa/Tripoli"\n\n[[extract]]\ntitle = "h1"\n',
    ],
)
def test_checks_are_recorded_once(tmp_path: Path, text: str) -> None:
    """The day of a live check takes its place in the file, and all else stays as it was."""
    path = write(tmp_path, changes={"timezone": None})
    path.write_text(f"# A comment.\n{path.read_text()}\n{text}")
    before = registry.read(path)
    registry.record_check(path, date(2026, 10, 2))
    registry.record_check(path, date(2026, 10, 3))
    after = registry.read(path)
    assert after.checked == date(2026, 10, 3)
    assert replace(after, checked=None) == replace(before, checked=None)
    assert path.read_text().count("checked") == 1
    assert path.read_text().startswith("# A comment.")
