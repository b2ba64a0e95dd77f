"""Rounds: the crawls of one message side by side, and what follows when some of them fail.

- A crawl that fails or hangs beside others that do not is parked: it ends with a report, and its source is left alone
  for a while. Where all fail, AWS is out of order: the error travels, and the queue delivers the message again.
- A round that killed its function twice, by its memory or time, is split in two. The culprit is found in a few steps;
  alone in its round, it is parked.
- Crawls done by an earlier delivery have reports, and are not repeated; all others continue from their stored captures.
- Unfinished crawls continue together in one round, behind the next one of the shard.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from dateline.aws.deployment import Deployment
from dateline.aws.queues import send_rounds
from dateline.messages import CrawlMessage, CrawlReport, RoundMessage
from dateline.monitoring.counter_writes import Counters
from dateline.sources.registry import Source
from dateline.state.crawl_state import CrawlState, State
from dateline.state.rounds import Rounds
from dateline.telemetry import logger
from spiders import failures
from spiders.runs import runner
from spiders.runs.runner import Job
from spiders.state.stores import BucketStore

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

DEATHS = 2  # of a round, until it is split
DELIVERIES = 5  # of a message; then it is a dead letter (``maxReceiveCount`` of the queue)


class UnknownSourceError(LookupError):
    """All sources of a message are missing from this deployment's registry."""


class SendError(RuntimeError):
    """The queue did not take a continuation; the next delivery sends it again."""


class RoundRunner:
    """Runs rounds against a deployment; ``state`` is the deployment's by default."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        deployment: Deployment,
        sqs: "SQSClient",
        *,
        state: State | None = None,
    ) -> None:
        self._sharing = Counter(source.host for source in sources.values())
        self._sources, self._sqs, self._queue = sources, sqs, deployment.queues.crawl
        self._s3, self._bucket = deployment.s3, deployment.capture_bucket
        self._state, self._counters = state or CrawlState(deployment), Counters(deployment.table)
        self._rounds = Rounds(deployment.table)

    def run(self, message: RoundMessage, *, deliveries: int, deadline: float) -> list[CrawlReport]:
        """Crawl a round and return the reports; none of a round that was split.

        ``deliveries`` of its message include this one, ``deadline`` is on the monotonic clock. Raises the error of a
        crawl where no crawl of the round succeeded.
        """
        deaths = self._rounds.begin(message.shard, message.piece, deliveries)
        try:
            reports = self._run(message, deaths, deadline)
        except Exception:
            self._rounds.stop(message.shard)
            if deliveries >= DELIVERIES:  # a dead letter now: the shard's next round must not wait for it
                self._rounds.answer(message.shard, message.round, message.piece)
            raise
        self._rounds.answer(message.shard, message.round, message.piece)
        return reports

    def _run(self, message: RoundMessage, deaths: int, deadline: float) -> list[CrawlReport]:
        if deaths >= DEATHS and len(message.crawls) > 1:
            self._split(message)
            return []
        reports = self._crawl(message, deadline) if deaths < DEATHS else self._park_all(message)
        self._continue(message, reports)
        return reports

    def _split(self, message: RoundMessage) -> None:
        halves = message.halves()
        logger.warning("round split", extra={"round": message.piece, "crawls": len(message.crawls)})
        self._rounds.split(message.shard, [half.piece for half in halves])
        self._send(halves)

    def _crawl(self, message: RoundMessage, deadline: float) -> list[CrawlReport]:
        jobs = list(self._jobs(message))
        ended = runner.run_all(jobs, state=self._state, deadline=deadline, done=self._counters.add_crawl)
        reports = [report for report in ended if isinstance(report, CrawlReport)]
        broken = [(job, error) for job, error in zip(jobs, ended, strict=True) if isinstance(error, BaseException)]
        if broken and not reports:
            raise broken[0][1]
        for job, error in broken:
            logger.error("crawl failed", extra={"source": job.source.id, "crawl": job.message.crawl}, exc_info=error)
            reports.append(self._park(job, "error", failures.detail(error)))
        return reports

    def _park_all(self, message: RoundMessage) -> list[CrawlReport]:
        why = f"the crawl killed its function {DEATHS} times"
        return [self._park(job, "parked", why) for job in self._jobs(message)]

    def _park(self, job: Job, reason: str, detail: str) -> CrawlReport:
        report = runner.park(job, state=self._state, reason=reason, detail=detail)
        self._counters.add_crawl(report)
        return report

    def _jobs(self, message: RoundMessage) -> Iterator[Job]:
        """The crawls of registered sources. Raises UnknownSourceError if there are none."""
        known = [crawl for crawl in message.crawls if crawl.source in self._sources]
        if unknown := sorted({crawl.source for crawl in message.crawls} - self._sources.keys()):
            logger.error("unknown sources", extra={"sources": unknown})
        if not known:
            raise UnknownSourceError(f"there is no source {', '.join(unknown)} in the registry")
        for crawl in known:
            store = BucketStore(self._s3, self._bucket, source=crawl.source, crawl=crawl.crawl)
            source = self._sources[crawl.source]
            yield Job(crawl, source, store, sharing=self._sharing[source.host])

    def _continue(self, message: RoundMessage, reports: Sequence[CrawlReport]) -> None:
        """Send the continuations that need not wait for their hosts; dispatch sends the others."""
        by_crawl = {(crawl.source, crawl.crawl): crawl for crawl in message.crawls}
        rest: list[CrawlMessage] = [
            by_crawl[report.source, report.crawl].continued(report.continued_by)
            for report in reports
            if report.continued_by and not report.waits_until
        ]
        if rest:
            rest.sort(key=lambda crawl: crawl.source)  # the same round, if it is sent again
            self._send([RoundMessage.of(message.shard, rest)])

    def _send(self, messages: Sequence[RoundMessage]) -> None:
        if send_rounds(self._sqs, messages, queue=self._queue):
            raise SendError("the queue did not take the rest of a round")
