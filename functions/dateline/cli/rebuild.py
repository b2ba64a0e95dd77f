"""``dateline rebuild``: the table made anew from the two buckets."""

from dataclasses import asdict

from rich.progress import Progress, SpinnerColumn, TextColumn

from dateline.cli.output import Json, console, print_json, progress
from dateline.cli.stack import Stack, StackName
from dateline.messages import capture_event


def rebuild(stack: StackName = None, json: Json = False) -> None:
    """Refill the index from the two buckets; captures that were never archived go to the extract queue.

    Safe to interrupt and to run again; not to be run while crawls are under way.
    """
    from dateline.rebuild import Rebuilt
    from dateline.rebuild import rebuild as refill

    deployed = Stack.find(stack)

    def extract(key: str) -> None:
        body = capture_event(deployed.captures, key)
        deployed.sqs.send_message(QueueUrl=deployed.outputs["ExtractQueue"], MessageBody=body)

    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=progress) as bars:
        task = bars.add_task("rebuilding", total=None)

        def show(done: Rebuilt) -> None:
            bars.update(task, description=f"{done.captures} captures, {done.stories} stories, {done.crawls} crawls")

        done = refill(
            deployed.s3,
            deployed.table,
            capture_bucket=deployed.captures,
            archive_bucket=deployed.archive,
            unarchived=extract,
            progress=show,
        )
    if json:
        print_json(asdict(done))
    else:
        sent = f"; {done.unarchived} captures sent to be archived" if done.unarchived else ""
        console.print(f"indexed {done.stories} stories of {done.captures} captures and {done.crawls} crawls{sent}")
