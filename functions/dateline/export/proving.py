"""One proof for all records of an export."""

import io
from typing import TYPE_CHECKING

from dateline.capture.gzip_members import members

if TYPE_CHECKING:
    from dateline.proofs.evidence import Evidence


class Proving:
    """Collects the evidence of the records in a WARC file, by their places in it.

    ``missing`` is the reason why there is no proof: the first record that is in no stamped tree. Without ``evidence``
    there is no proof and no reason.
    """

    def __init__(self, evidence: "Evidence | None", file: str) -> None:
        self._evidence, self._file = evidence, file
        self._certificates = dict[str, bytes]()
        self.missing: str | None = None

    def add(self, records: bytes, offset: int, near: str) -> None:
        """Add records as stored, written at an offset; ``near`` is an instant at which the archive had them."""
        from dateline.proofs.evidence import NotStampedError  # noqa: PLC0415 - exports of tables do without

        if self._evidence is None or self.missing:
            return
        try:
            for member in members(io.BytesIO(records), begins=b"WARC/"):
                where = {"file": self._file, "offset": offset + member.offset, "length": member.length}
                self._evidence.add(member.data, near, **where)
                self._certificates |= self._evidence.certificate(member.data)
        except NotStampedError as error:
            self.missing = str(error)

    def files(self) -> dict[str, bytes]:
        """Return the proof, a zip file, by its name in a WACZ file; nothing if there is none."""
        from dateline.proofs.bundle import of_records  # noqa: PLC0415
        from dateline.proofs.evidence import NotStampedError  # noqa: PLC0415
        from dateline.proofs.verify import IN_WACZ  # noqa: PLC0415

        if self._evidence is None or self.missing or not self._evidence.entries:
            return {}
        try:
            return {IN_WACZ: of_records(self._evidence, self._certificates)}
        except NotStampedError as error:
            self.missing = str(error)
            return {}
