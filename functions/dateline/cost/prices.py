"""List prices of AWS in us-east-1, on demand, in US dollars.

Read from AWS's price pages; check them before you rely on a bill. Free allowances are those without an end, for each
account and month.
"""

from datetime import date
from enum import StrEnum
from typing import Final

READ_ON: Final = date(2025, 12, 1)
REGION: Final = "us-east-1"


class Price(StrEnum):
    """What AWS bills; the comment is the unit of its price."""

    LAMBDA_COMPUTE = "lambda-compute"  # GB-second, arm64
    LAMBDA_REQUEST = "lambda-request"  # invocation
    TABLE_WRITE = "table-write"  # write request unit
    TABLE_READ = "table-read"  # read request unit
    TABLE_STORAGE = "table-storage"  # GB-month, indexes included
    TABLE_BACKUP = "table-backup"  # GB-month of the table without its indexes: point-in-time recovery
    S3_PUT = "s3-put"  # PUT, COPY, POST or LIST request
    S3_GET = "s3-get"  # GET or HEAD request
    S3_STORAGE = "s3-storage"  # GB-month, Standard
    S3_COLD_STORAGE = "s3-cold-storage"  # GB-month, Glacier Instant Retrieval
    S3_TRANSITION = "s3-transition"  # object that moves there
    SQS_REQUEST = "sqs-request"  # request to a standard queue
    SQS_FIFO_REQUEST = "sqs-fifo-request"  # request to a FIFO queue
    EVENT = "event"  # custom event of EventBridge
    SCHEDULE = "schedule"  # invocation by EventBridge Scheduler
    LOGS = "logs"  # GB written to CloudWatch Logs
    METRIC = "metric"  # custom metric and month
    ALARM = "alarm"  # alarm and month
    KEY = "key"  # KMS key and month


DOLLARS: Final[dict[Price, float]] = {
    Price.LAMBDA_COMPUTE: 13.3334e-6,
    Price.LAMBDA_REQUEST: 0.20e-6,
    Price.TABLE_WRITE: 0.625e-6,
    Price.TABLE_READ: 0.125e-6,
    Price.TABLE_STORAGE: 0.25,
    Price.TABLE_BACKUP: 0.20,
    Price.S3_PUT: 5e-6,
    Price.S3_GET: 0.4e-6,
    Price.S3_STORAGE: 0.023,
    Price.S3_COLD_STORAGE: 0.004,
    Price.S3_TRANSITION: 20e-6,
    Price.SQS_REQUEST: 0.40e-6,
    Price.SQS_FIFO_REQUEST: 0.50e-6,
    Price.EVENT: 1e-6,
    Price.SCHEDULE: 1e-6,
    Price.LOGS: 0.50,
    Price.METRIC: 0.30,
    Price.ALARM: 0.10,
    Price.KEY: 1.00,
}

# Standard-IA for the table: storage at two fifths, units a quarter dearer.
INFREQUENT_ACCESS: Final[dict[Price, float]] = {
    Price.TABLE_WRITE: 0.78125e-6,
    Price.TABLE_READ: 0.15625e-6,
    Price.TABLE_STORAGE: 0.10,
}

FREE: Final[dict[tuple[Price, ...], float]] = {  # one allowance for the prices together
    (Price.LAMBDA_COMPUTE,): 400_000,
    (Price.LAMBDA_REQUEST,): 1_000_000,
    (Price.TABLE_STORAGE,): 25,
    (Price.SQS_FIFO_REQUEST, Price.SQS_REQUEST): 1_000_000,
    (Price.SCHEDULE,): 14_000_000,
    (Price.LOGS,): 5,
    (Price.METRIC,): 10,
    (Price.ALARM,): 10,
}
