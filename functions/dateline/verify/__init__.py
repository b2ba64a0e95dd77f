"""Verification: whether the archive is still what was put into it.

Every capture object is read and its digests are computed anew, every gzip member of what is derived from it is read,
and all that points is followed, both ways: captures and crawl reports, captures and outcomes, outcomes and articles,
articles and WARC records, quarantine reports, and each item of the index with the object that it is of. What the crawl
knows of URLs and feeds is no part of it: that can be lost (see ``rebuild``).

Nothing is written but the state of the run (``Spool``), so that a run can be stopped and taken up again.
"""

from dateline.verify.findings import Finding, Kind
from dateline.verify.run import Progress, Verification
from dateline.verify.scope import Costs, Scope, costs
from dateline.verify.spool import Spool

__all__ = ["Costs", "Finding", "Kind", "Progress", "Scope", "Spool", "Verification", "costs"]
