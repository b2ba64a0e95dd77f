"""The full cycle on the deployed template: three editions of a newsroom whose stories change, vanish and repeat."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dateline.keys import object_keys
from infra.local.edition import publish
from infra.newsroom import Story
from tests.support.checkout import SAMPLES, Checkout
from tests.support.proofs.authority import TimestampAuthority, serving

pytestmark = pytest.mark.cloud

EDITIONS = (1, 2, 3)
GONE = {"ghat-flood-warning", "nalut-school-radio"}
FIRST = "new-hall-speeds-border-trade"  # the Courrier says that it had the story at nine, the Gazette only the day
WIRE = {FIRST, "ras-jdir-customs-hall"}


def test_editions_archived_and_rebuilt(emptied: Checkout, tmp_path: Path) -> None:
    """Three editions are archived as they were told and rebuilt item for item."""
    checkout = emptied
    for edition in EDITIONS:
        publish(checkout.cloud.folder, edition)
        checkout.dateline("crawl", *SAMPLES)
    stories = {story["url"]: story for story in checkout.dateline("query")}
    told = tellings(checkout)
    assert {url: story["revision"] for url, story in stories.items()} == {url: len(told[url]) for url in stories}
    for url, story in stories.items():
        if len(told[url]) > 1:
            revisions = checkout.dateline("show", story["id"], "--revisions")
            assert [each["title"] for each in revisions] == [each.title for each in told[url]]
    assert {told[url][0].slug for url, story in stories.items() if story["gone_at"]} == GONE
    for url, story in stories.items():
        if story["gone_at"]:
            (shown,) = checkout.dateline("show", story["id"], "--article")
            assert shown["text"] == told[url][-1].text
    slugs = {story["id"]: told[url][0].slug for url, story in stories.items()}
    assert {slugs[story["id"]]: slugs[story["cluster"]] for story in stories.values()} == {
        name: FIRST if name in WIRE else name for name in slugs.values()
    }
    before = checkout.items()
    checkout.delete_items()
    checkout.dateline("rebuild")
    assert checkout.items() == before
    corrected = next(story for url, story in stories.items() if len(told[url]) > 1)
    prove_then_lose_the_archive(checkout, corrected["id"], tmp_path)


def prove_then_lose_the_archive(checkout: Checkout, story: str, folder: Path) -> None:
    """Stamp the captures and prove a story; a stranger can check that when the archive is gone."""
    with serving(TimestampAuthority(folder / "authority")) as authority:
        (folder / "authority.pem").write_bytes(authority.certificates)
        checkout.run("proofs", "trust", "sample", f"{folder / 'authority.pem'}")
        checkout.run("proofs", "stamp", "--today", "--authority", f"sample={authority.url}")
    assert checkout.dateline("proofs", "audit") == []
    (day,) = checkout.dateline("proofs", "list")
    assert (day["signed"], day["stamps"]) == (True, ["sample"])
    proof, stranger = folder / "story.proof.zip", folder / "stranger"
    checkout.run("prove", story, "-o", f"{proof}")
    key = checkout.objects("CaptureBucket", object_keys.PROOF_KEY)[object_keys.PROOF_KEY]
    checkout.empty()
    checkout.run("check-proof", f"{proof}", "--authority", f"{folder / 'authority.pem'}")
    stranger.mkdir()
    (stranger / "key.pem").write_bytes(key)
    with zipfile.ZipFile(proof) as archive:
        assert {"revisions/1.txt", "revisions/2.txt", "revisions/1-2.diff.txt"} <= {*archive.namelist()}
        archive.extract("verify.py", stranger)
    checked = in_isolation(stranger, f"{proof}", "--key", "key.pem", "--authority", f"{folder / 'authority.pem'}")
    assert (checked.returncode, checked.stdout.splitlines()[-1], checked.stderr) == (0, "the proof holds", "")


def in_isolation(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a proof's script with the standard library alone, and without a network where the system allows that."""
    offline = ["unshare", "--map-root-user", "--net"]
    can = (
        shutil.which("unshare") and subprocess.run([*offline, "true"], capture_output=True, check=False).returncode == 0
    )
    command = [*(offline if can else []), sys.executable, "-I", "-S", "verify.py", *arguments]
    environment = {"PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def tellings(checkout: Checkout) -> dict[str, list[Story]]:
    """The different tellings of each story, by its URL, in the order of the editions, those apart where it is gone."""
    told: dict[str, list[Story]] = {}
    for edition in EDITIONS:
        for url, story in checkout.expected(edition).items():
            before = told.setdefault(url, [])
            if story.status == 200 and (not before or (before[-1].title, before[-1].text) != (story.title, story.text)):
                before.append(story)
    return told
