"""OpenTimestamps: a promise at once, the block when it is there, and wrong answers of every kind."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.serialize import BytesDeserializationContext
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp

from dateline.aws import objects
from dateline.keys import object_keys
from dateline.proofs import verify, verify_ots
from dateline.proofs.authorities import StampError, addresses
from dateline.proofs.calendars import Calendar
from dateline.proofs.signing import FileSigner
from dateline.proofs.stamps import trusted
from tests.conftest import Aws
from tests.support.proofs.authority import TimestampAuthority
from tests.support.proofs.calendar import HEIGHT, BlockCalendar, in_block, merkle_root, packed, serving
from tests.support.proofs.evidence import DAY, Evidence, zipped

ROOT = b'{"date":"2026-04-17"}'


@pytest.fixture
def calendar() -> Iterator[BlockCalendar]:
    with serving(BlockCalendar()) as found:
        yield found


def asked(calendar: BlockCalendar) -> Calendar:
    return Calendar("sample", calendar.url)


def test_promise_and_block(calendar: BlockCalendar) -> None:
    """A promise is redeemed once the block is there; the library reads the same block from it as the script."""
    promise = asked(calendar).submit(ROOT)
    assert asked(calendar).upgrade(promise, ROOT) is None
    calendar.mined = True
    whole = asked(calendar).upgrade(promise, ROOT)
    assert whole
    stamp = DetachedTimestampFile.deserialize(BytesDeserializationContext(whole))
    ((message, attestation),) = [
        each for each in stamp.timestamp.all_attestations() if isinstance(each[1], BitcoinBlockHeaderAttestation)
    ]
    assert attestation.height == HEIGHT
    assert verify_ots.blocks(whole, ROOT) == [(HEIGHT, message[::-1].hex())] == [(HEIGHT, merkle_root(ROOT))]


def test_promise_elsewhere_is_none(calendar: BlockCalendar) -> None:
    """A promise at another address is none: nobody but the calendar is asked."""
    calendar.promised_at = "http://127.0.0.1:9"
    with pytest.raises(StampError, match="promises nothing"):
        asked(calendar).submit(ROOT)


WRONG: dict[str, Callable[[bytes], bytes | None]] = {
    "no answer": lambda _: None,
    "empty": lambda _: b"",
    "another kind": lambda _: b"<html>",
    "cut": lambda answer: answer[:-1],
    "more": lambda answer: answer + b"\0",
    "large": lambda answer: answer * 200,
    "too deep": lambda _: b"\x08" * 1000,
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("mined", [False, True])
def test_wrong_answer_is_refused(calendar: BlockCalendar, name: str, *, mined: bool) -> None:
    """To a digest, and to a promise."""
    promise = asked(calendar).submit(ROOT)
    calendar.mined, calendar.change = True, WRONG[name]
    with pytest.raises(StampError, match=r"^sample: "):
        asked(calendar).upgrade(promise, ROOT) if mined else asked(calendar).submit(ROOT)


@pytest.mark.parametrize(
    "answer",
    [
        lambda message: in_block(message, PendingAttestation("https://other.example")),
        lambda message: with_attestation(message[:20]),
    ],
    ids=["another promise", "no Merkle root"],
)
def test_answer_without_block(calendar: BlockCalendar, answer: Callable[[bytes], Timestamp]) -> None:
    """What does not lead to a block leaves the promise open."""
    promise = asked(calendar).submit(ROOT)
    stamp = DetachedTimestampFile.deserialize(BytesDeserializationContext(promise))
    ((commitment, _),) = stamp.timestamp.all_attestations()
    calendar.mined, calendar.change = True, lambda _: packed(answer(commitment))
    assert asked(calendar).upgrade(promise, ROOT) is None


def with_attestation(message: bytes) -> Timestamp:
    """A timestamp whose block is to have a message of 25 bytes for its Merkle root."""
    from opentimestamps.core.op import OpAppend, OpRIPEMD160  # noqa: PLC0415 - of this answer only

    stamp = Timestamp(message)
    try:
        part = stamp.ops.add(OpRIPEMD160())
    except ValueError:  # OpenSSL 3 has it in its legacy provider
        part = stamp.ops.add(OpAppend(b"x"))
    part.attestations.add(BitcoinBlockHeaderAttestation(HEIGHT))
    return stamp


@pytest.mark.parametrize("kept", [b"", b"no promise"])
def test_kept_promise_that_is_none(calendar: BlockCalendar, kept: bytes) -> None:
    with pytest.raises(StampError, match="cannot be read"):
        asked(calendar).upgrade(kept, ROOT)


def test_promise_of_another_root(calendar: BlockCalendar) -> None:
    with pytest.raises(StampError, match="for another root"):
        asked(calendar).upgrade(asked(calendar).submit(b"another"), ROOT)


def test_nobody_listens() -> None:
    with pytest.raises(StampError, match="no answer from"):
        Calendar("sample", "http://127.0.0.1:9").submit(ROOT)


def test_without_the_extra(calendar: BlockCalendar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentimestamps.core.op", None)
    with pytest.raises(StampError, match=r"pip install 'dateline\[opentimestamps\]'"):
        asked(calendar).submit(ROOT)


@pytest.fixture
def whole(calendar: BlockCalendar) -> bytes:
    promise = asked(calendar).submit(ROOT)
    calendar.mined = True
    return asked(calendar).upgrade(promise, ROOT) or b""


def test_script_refuses_changes(whole: bytes) -> None:
    """With any byte changed, cut or added, the script says another Merkle root, another block, or why not."""
    sound = verify_ots.blocks(whole, ROOT)
    for at in range(len(whole)):
        forged = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        try:
            found = verify_ots.blocks(forged, ROOT)
        except verify_ots.InvalidStampError:
            continue
        assert found != sound or b"127.0.0.1" in whole[max(0, at - 60) : at + 60], at  # the promise's address
    for forged in (whole[:-1], whole + b"\0", whole[: len(whole) // 2], b"", b"\x00OpenTimestamps"):
        with pytest.raises(verify_ots.InvalidStampError):
            verify_ots.blocks(forged, ROOT)
    with pytest.raises(verify_ots.InvalidStampError, match="another root"):
        verify_ots.blocks(whole, ROOT + b" ")


def test_promise_is_no_block(calendar: BlockCalendar) -> None:
    with pytest.raises(verify_ots.InvalidStampError, match="no block has it yet"):
        verify_ots.blocks(asked(calendar).submit(ROOT), ROOT)


def test_stamps_of_roots(aws: Aws, authority: TimestampAuthority, calendar: BlockCalendar, tmp_path: Path) -> None:
    """Each night promises are made or redeemed; a proof has the block's path and the script for it."""
    evidence = Evidence(aws, authority, FileSigner(tmp_path / "key.pem"))
    evidence.authorities += trusted(aws.s3, aws.captures, addresses(f"calendar=ots+{calendar.url}"))
    first = evidence.stamp()
    assert (first.signed, first.stamped, first.promised, first.failures) == (2, 2, 2, {})
    again = evidence.stamp()
    assert (again.stamped, again.promised, again.failures) == (0, 0, {})
    assert not [name for name in evidence.proof() if name.endswith(".ots")]
    calendar.mined = True
    assert evidence.stamp().stamped == 2
    kept = set(objects.keys(aws.s3, bucket=aws.captures, prefix=object_keys.proof(DAY, "calendar")))
    assert kept == {object_keys.proof(DAY, f"calendar{end}") for end in (".ots", ".pending.ots")}
    files = evidence.proof()
    assert any("verify_ots.py does: roots/" in line for line in verify.Proof(files).check())
    (tmp_path / "story.proof.zip").write_bytes(zipped(files))
    (tmp_path / "verify_ots.py").write_bytes(files["verify_ots.py"])
    command = [sys.executable, "-I", "-S", "verify_ots.py", "story.proof.zip"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    root = files[f"roots/{DAY}.json"]
    assert f"roots/{DAY}.calendar.ots: holds if block {HEIGHT} of Bitcoin has the Merkle root {merkle_root(root)}" in (
        done.stdout.splitlines()
    )
    forged = files | {f"roots/{DAY}.calendar.ots": files[f"roots/{DAY}.calendar.ots"][:-1]}
    (tmp_path / "story.proof.zip").write_bytes(zipped(forged))
    assert verify_ots.main([f"{tmp_path / 'story.proof.zip'}"]) == 1


def test_failing_calendar_costs_its_stamp(aws: Aws, authority: TimestampAuthority, tmp_path: Path) -> None:
    evidence = Evidence(aws, authority, FileSigner(tmp_path / "key.pem"))
    evidence.authorities.append(Calendar("calendar", "http://127.0.0.1:9"))
    done = evidence.stamp()
    assert (done.stamped, done.promised, len(done.failures)) == (2, 0, 2)
    assert datetime.now(UTC).date().isoformat() in done.failures
