"""Any bytes in, exactly one outcome out; the fuzzer holds the same targets against more of them (infra/fuzz)."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dateline.archive.formats import read_outcomes
from dateline.article import Outcome
from dateline.keys import item_keys, object_keys
from infra.fuzz.targets import TARGETS, seeds
from tests.support.samples import Newsroom

SEEDS = {target: list(seeds(target)) for target in TARGETS}


@pytest.mark.parametrize("target", TARGETS)
def test_seeds_have_one_outcome_each(target: str) -> None:
    assert SEEDS[target]
    for seed in SEEDS[target]:
        TARGETS[target](seed)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(TARGETS)), st.binary(max_size=600))
@example("capture", b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 9\r\n\r\nHTTP/1.1 \r\n\r\n")
@example("capture", b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2019-04-16T00:00:00Z\r\nContent-Length: 0\r\n\r\n")
def test_any_bytes_have_one_outcome(target: str, data: bytes) -> None:
    TARGETS[target](data)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(TARGETS)), st.randoms(use_true_random=False))
def test_any_damage_has_one_outcome(target: str, chance: random.Random) -> None:
    TARGETS[target](damaged(chance.choice(SEEDS[target]), chance))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=False))
def test_damaged_file_outcomes(aws: Any, chance: random.Random) -> None:
    """Each page of a damaged WARC file has one outcome."""
    newsroom = Newsroom(aws)
    aws.clear_archive()
    key = newsroom.capture(*((f"{number}", f"Title {number}|Words.") for number in range(4)))
    whole = aws.s3.get_object(Bucket=aws.captures, Key=key)["Body"].read()
    aws.s3.put_object(Bucket=aws.captures, Key=key, Body=damaged(whole, chance))
    found = newsroom.archive().add(key)
    assert newsroom.archive().add(key) == []
    assert read_outcomes(newsroom.objects()[object_keys.parse(key).outcomes]) == found
    places = [page.offset for page in found]
    assert places == sorted(set(places))
    counted = aws.table.get_item(Key=item_keys.day(newsroom.source, object_keys.parse(key).day))["Item"]
    assert sum(int(counted[name]) for name in (*Outcome, "damaged")) == len(found)


def damaged(whole: bytes, chance: random.Random) -> bytes:
    """The bytes with some of them replaced, put in or left out."""
    data, pieces = bytearray(whole), (b"<", b">", b'"', b"\0", b"\xff", b"\r\n", b"9", b"", b"&")
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(3)] = chance.choice(pieces)
    return bytes(data)
