"""A story in stamped trees, and its proof as files."""

import hashlib
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from dateline.keys import object_keys
from dateline.proofs import verify
from dateline.proofs.bundle import prove
from dateline.proofs.signing import FileSigner
from dateline.proofs.stamps import Stamps, trusted
from dateline.proofs.trees import Trees
from tests.conftest import Aws
from tests.support.proofs.authority import TimestampAuthority
from tests.support.proofs.certificates import certificate
from tests.support.samples import Newsroom

CERTIFICATE = certificate("news.example.org", datetime(2019, 4, 1, tzinfo=UTC))
FOREIGN = certificate("news.example.com", datetime(2019, 4, 1, tzinfo=UTC))
DIGEST = hashlib.sha256(CERTIFICATE).hexdigest()
TODAY = datetime.now(UTC).date()
NEXT = TODAY + timedelta(days=1)
DAY = f"{TODAY}"
Files = dict[str, bytes]
Check = Callable[..., tuple[int, str]]  # of a proof: exit status and last line


class Evidence:
    """A story of two revisions in stamped trees."""

    def __init__(
        self, aws: Aws, authority: TimestampAuthority, signer: FileSigner, certificate: bytes = CERTIFICATE
    ) -> None:
        self.aws, self.signer = aws, signer
        self.newsroom = Newsroom(aws)
        if certificate:
            digest = hashlib.sha256(certificate).hexdigest()
            self.newsroom.notes = {"tls": {"certificate": f"sha256:{digest}"}}
            aws.s3.put_object(Bucket=aws.captures, Key=object_keys.certificate(digest), Body=certificate)
        archive = self.newsroom.archive()
        archive.add(self.newsroom.capture(("a", "Title|First words."), ("b", "Other|Words.")))
        archive.add(self.newsroom.capture(("a", "Title|Other words.")))
        aws.s3.put_object(Bucket=aws.captures, Key=object_keys.proof_authority("sample"), Body=authority.certificates)
        self.authorities = trusted(aws.s3, aws.captures, {"sample": authority.url})
        Trees(aws.s3, aws.captures).write(NEXT)

    def stamp(self) -> Any:
        return Stamps(self.aws.s3, self.aws.captures, signer=self.signer, authorities=self.authorities).add(
            datetime.now(UTC)
        )

    def proof(self) -> Files:
        query = self.newsroom.query()
        story = query.story("http://news.example.org/a")
        assert story
        return unzipped(prove(self.aws.s3, self.aws.captures, query, query.revisions(story["id"])))


def unzipped(data: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def holds(files: Files, **trusted: bytes) -> list[str]:
    return list(verify.Proof(files).check(**trusted))


def zipped(files: Files) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return body.getvalue()
