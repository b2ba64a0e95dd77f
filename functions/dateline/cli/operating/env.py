"""``dateline env``: a stack's names and addresses as shell variables."""

import re
import shlex

from dateline.aws.stack import CREDENTIALS, REGION
from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.output import Json, print_json

# Outputs under the names that README and docs use; the others are written like EXTRACT_QUEUE.
_SHORT = {"IndexTable": "TABLE", "ArchiveBucket": "ARCHIVE", "CaptureBucket": "CAPTURES", "EventBus": "BUS"}
# Version 1 of the AWS CLI ignores AWS_ENDPOINT_URL for SQS.
_AWS = 'aws() {{ command aws --endpoint-url {endpoint} "$@"; }}'
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def env(stack: StackName = None, json: Json = False) -> None:
    """Print shell variables for the AWS CLI and boto3: eval "$(dateline env)".

    TABLE, ARCHIVE, CAPTURES, BUS and the stack's other outputs; for the local cloud its endpoint and credentials too.
    """
    found = Stack.find(stack)
    variables = _addresses(found.endpoint) if found.endpoint else {}
    variables |= {_SHORT.get(name, _WORD.sub("_", name).upper()): value for name, value in found.outputs.items()}
    if json:
        print_json(variables)
    else:
        for name, value in variables.items():
            print(f"export {name}={shlex.quote(value)}")
        if found.endpoint:
            print(_AWS.format(endpoint=shlex.quote(found.endpoint)))


def _addresses(endpoint: str) -> dict[str, str]:
    key, secret = CREDENTIALS
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "NO_PROXY": "127.0.0.1,localhost",
    }
