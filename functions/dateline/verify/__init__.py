"""Verification: check the archive for damage, loss and contradictions.

Each capture's digests are recomputed, each gzip member of derived objects is read, and all pointers are followed in
both directions: captures and crawl reports, captures and outcomes, outcomes and articles, articles and WARC records,
quarantine reports, index items and their objects. Crawl state of URLs and feeds is not verified, since it may be lost
(see ``rebuild``).

Verification writes only its own state (``Spool``), so a run can be stopped and resumed.
"""

from dateline.verify.findings import Finding, Kind
from dateline.verify.run import Progress, Verification
from dateline.verify.scope import Costs, Scope, costs
from dateline.verify.spool import Spool

__all__ = ["Costs", "Finding", "Kind", "Progress", "Scope", "Spool", "Verification", "costs"]
