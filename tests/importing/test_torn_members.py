"""Damaged gzip members of WARC and ARC files: each costs its own record, and the bytes of no other."""

import gzip
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dateline.importing import wacz, warcs
from dateline.importing.found import ImportedPage, UnreadableError
from tests.importing.test_arcs import mirror
from tests.importing.test_arcs import record as arc_record
from tests.support.imports import page, response, stories
from tests.support.samples import gzipped

COUNT = 7
Damage = Callable[[bytes, random.Random], bytes]


def without_digest(record: bytes) -> bytes:
    return re.sub(rb"WARC-Block-Digest: [^\r]*\r\n", b"", record, count=1)


def line_feeds(record: bytes) -> bytes:
    head, _, rest = without_digest(record).partition(b"\r\n\r\n")
    return head.replace(b"\r\n", b"\n") + b"\n\n" + rest


ARC = mirror(*(arc_record(f"http://www.gazette.example/{n}", response(page(n))) for n in range(COUNT)))
FILES = {
    "a.warc.gz": stories(COUNT),
    "no-digest.warc.gz": [*map(without_digest, stories(COUNT))],
    "lf.warc.gz": [*map(line_feeds, stories(COUNT))],
    "a.arc.gz": ARC,
}


def replaced(by: Callable[[int], bytes]) -> Damage:
    def damage(member: bytes, chance: random.Random) -> bytes:
        start = chance.randrange(20, len(member) - 80)
        return member[:start] + by(start) + member[start + 60 :]

    return damage


DAMAGES: dict[str, Damage] = {
    "flipped": lambda member, chance: member[: (at := chance.randrange(40, len(member)))] + b"\xaa" + member[at + 1 :],
    "zeros": replaced(lambda _: bytes(60)),
    "hole": replaced(lambda _: b""),
    "false magic": replaced(lambda _: b"\x1f\x8b\x08\0\0\0\0\0\0\3".ljust(60, b"\0")),
    "false member": replaced(lambda _: gzipped(b"x" * 50)),
    "checksum": lambda member, _: member[:-5] + bytes([member[-5] ^ 1]) + member[-4:],
    "no magic": lambda member, _: b"\0\0" + member[2:],
    "cut": lambda member, chance: member[: chance.randrange(1, len(member))],
}


def salvaged(path: Path) -> tuple[dict[str, bytes], str]:
    """The pages of a damaged file by their paths, and what is said of the damage."""
    found = dict[str, bytes]()
    try:
        for each in warcs.pages(path):
            if isinstance(each, ImportedPage):
                found[each.url.rpartition("/")[2]] = each.data
    except UnreadableError as error:
        return found, str(error)
    return found, ""


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_only_damaged_member_is_lost(tmp_path: Path, name: str, damage: Damage) -> None:
    """The pages before and after it come in with their bytes; the error says that something is damaged."""
    for seed in range(8):
        chance = random.Random(seed)
        members = [*map(gzipped, FILES[name])]
        lost = chance.randrange(1, COUNT - 1)
        torn = len(members) - COUNT + lost
        members[torn] = damage(members[torn], chance)
        (tmp_path / name).write_bytes(b"".join(members))
        found, said = salvaged(tmp_path / name)
        assert found == {str(n): response(page(n)) for n in range(COUNT) if n != lost}
        assert "damaged" in said


@pytest.mark.parametrize("name", ["lf.warc.gz", "a.arc.gz"])
def test_two_members_are_lost(tmp_path: Path, name: str) -> None:
    """The first may be that of the file's description: the name says what it would have."""
    members = [*map(gzipped, FILES[name])]
    for torn in (0, -2):
        members[torn] = members[torn][:30] + bytes(30) + members[torn][60:]
    (tmp_path / name).write_bytes(b"".join(members))
    found, _ = salvaged(tmp_path / name)
    assert set(found) >= {str(n) for n in range(1, COUNT) if n != COUNT - 2}


def test_big_member_ends_in_damage(tmp_path: Path) -> None:
    """Of a file that is one member of many pieces, what is before the damage comes in."""
    noise = random.Random(1).randbytes(COUNT * 40_000).hex().encode()
    bodies = [page(n) + noise[n * 80_000 : (n + 1) * 80_000] for n in range(COUNT)]
    records = [arc_record(f"http://www.gazette.example/{n}", response(body)) for n, body in enumerate(bodies)]
    packed = gzip.compress(b"".join(mirror(*records)))
    (tmp_path / "a.arc.gz").write_bytes(packed[:150_000] + b"\xff" * 100 + packed[150_100:])
    found, said = salvaged(tmp_path / "a.arc.gz")
    whole = {str(n): response(body) for n, body in enumerate(bodies[:3])}
    assert found.items() >= whole.items()
    assert "damaged" in said


@pytest.mark.parametrize("name", [b"\xd2\xf1.warc.gz", b"archive/\xff", b"\xe0\x80"])
def test_zip_with_foreign_names(tmp_path: Path, name: bytes) -> None:
    """A name that is said to be UTF-8 and is not: no WACZ file."""
    placeholder = "n" * (len(name) - 2) + "é"
    with zipfile.ZipFile(tmp_path / "a.wacz", "w") as file:
        file.writestr(placeholder, b"x")
    data = (tmp_path / "a.wacz").read_bytes().replace(placeholder.encode(), name)
    (tmp_path / "a.wacz").write_bytes(data)
    with pytest.raises(UnreadableError, match="no WACZ file"):
        next(wacz.pages(tmp_path / "a.wacz"))
