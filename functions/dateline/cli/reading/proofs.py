"""``dateline prove``, ``check-proof`` and ``proofs``: evidence that others check without the archive."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dateline.cli.reading.show import find
from dateline.cli.stack import STATE, Stack, StackName
from dateline.cli.terminal.output import CommandError, Json, console, count, note, print_json, write
from dateline.keys import object_keys

if TYPE_CHECKING:
    from dateline.proofs.signing import Signer
    from dateline.story import StoryItem

app = typer.Typer(help="Daily Merkle trees of all captures, signed and timestamped.", no_args_is_help=True)

Pem = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Certificates, PEM.")]


def prove(
    id: Annotated[str, typer.Argument(help="A story's id, or its URL.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file; ID.proof.zip by default.")] = None,
    revision: Annotated[int | None, typer.Option(min=1, help="This revision only; all by default.")] = None,
    stack: StackName = None,
) -> None:
    """Write the proof of a story: its WARC records, and all that shows since when they have existed.

    Anybody can check it with Python and openssl, without this archive: python3 verify.py FILE.
    """
    from dateline.capture import DamagedCaptureError
    from dateline.proofs.bundle import prove as proof_of
    from dateline.proofs.evidence import NotStampedError

    deployed = Stack.find(stack)
    query = deployed.query()
    story = find(query, id)
    revisions = _chosen(query.revisions(story["id"]), revision)
    try:
        data = proof_of(deployed.s3, deployed.capture_bucket, query, revisions)
    except (NotStampedError, DamagedCaptureError) as error:
        raise CommandError(str(error)) from error
    path = output or Path(f"{story['id']}.proof.zip")
    path.write_bytes(data)
    write(str(path))


def _chosen(revisions: Sequence["StoryItem"], number: int | None) -> list["StoryItem"]:
    found = [each for each in revisions if number is None or int(each["revision"]) == number]
    if not found:
        raise CommandError(f"the story has no revision {number}; dateline show --revisions lists them")
    return found


def check_proof(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A proof, as dateline prove writes it.")],
    key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The archive's public key (PEM) that you trust.")
    ] = None,
    authority: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Timestamp authorities' certificates (PEM).")
    ] = None,
) -> None:
    """Check a proof without any archive, as the script in it does; exit status 1 if it does not hold."""
    from dateline.proofs.verify import InvalidProofError, read

    try:
        trusted = [each.read_bytes() if each else None for each in (key, authority)]
        for line in read(str(file)).check(*trusted):
            write(line)
    except InvalidProofError as error:
        raise CommandError(f"{file} does not hold: {error}") from error
    write("the proof holds")


@app.command("list")
def list_(stack: StackName = None, json: Json = False) -> None:
    """List the daily trees: records, root, and whether it is signed and stamped."""
    from rich.table import Table

    table = Table("day", "records", "root", "signed", "stamps", box=None)
    for row in _rows(Stack.find(stack)):
        if json:
            print_json(row)
        else:
            stamps, signed = ", ".join(row["stamps"]), "yes" if row["signed"] else "no"
            table.add_row(row["day"], str(row["records"]), row["root"][:16], signed, stamps)
    if not json:
        console().print(table)


def _rows(deployed: Stack) -> list[dict[str, Any]]:
    from json import loads

    from dateline.aws import objects
    from dateline.proofs.trees import Trees

    trees, rows = Trees(deployed.s3, deployed.capture_bucket), []
    there = list(objects.keys(deployed.s3, bucket=deployed.capture_bucket, prefix=f"{object_keys.PROOFS}2"))
    for day in trees.days():
        root, folder = loads(trees.root(day)), object_keys.proof(day, "")
        names = [key.removeprefix(folder) for key in there if key.startswith(folder)]
        whole = [name for name in names if name.endswith((".tsr", ".ots")) and name.count(".") == 1]
        stamps = [name.rpartition(".")[0] for name in whole]
        rows.append(
            {"day": day, "records": root["size"], "root": root["root"], "signed": "root.sig" in names, "stamps": stamps}
        )
    return rows


@app.command()
def audit(stack: StackName = None, json: Json = False) -> None:
    """Check the chain of all days, and that each record is in exactly one tree. Reads all captures."""
    from dateline.proofs.audit import audit as findings_of

    deployed, findings = Stack.find(stack), 0
    for finding in findings_of(deployed.s3, deployed.capture_bucket):
        findings += 1
        if json:
            print_json(finding._asdict())
        else:
            write(f"{finding.key}: {finding.reason}")
    note(count(findings, "finding"))
    if findings:
        raise typer.Exit(1)


@app.command()
def stamp(
    today: Annotated[
        bool, typer.Option("--today", help="Close today's tree now; what comes later today is in tomorrow's.")
    ] = False,
    authority: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=ADDRESS", help="A timestamp authority (RFC 3161), or a calendar: NAME=ots+ADDRESS."),
    ] = None,
    stack: StackName = None,
) -> None:
    """Write the trees of whole days now, as the schedule does each night, and sign and stamp their roots."""
    from dateline.proofs.authorities import addresses
    from dateline.proofs.stamps import KeyChangedError, Stamps, trusted
    from dateline.proofs.trees import Trees

    deployed, now = Stack.find(stack), datetime.now(UTC)
    try:
        authorities = trusted(deployed.s3, deployed.capture_bucket, addresses(",".join(authority or ())))
        written = Trees(deployed.s3, deployed.capture_bucket).write(now.date() - timedelta(days=not today), _show)
        stamped = Stamps(deployed.s3, deployed.capture_bucket, signer=_signer(deployed), authorities=authorities).add(
            now
        )
    except (ValueError, LookupError, KeyChangedError) as error:
        raise CommandError(str(error)) from error
    for day, reasons in stamped.failures.items():
        for reason in reasons:
            note(f"{day}: {reason}")
    trees, roots = count(len(written.days), "tree"), count(stamped.signed, "root")
    promised = f", {count(stamped.promised, 'promise')} of a block" if stamped.promised else ""
    write(f"{trees} written, {roots} signed, {count(stamped.stamped, 'timestamp')} added{promised}")
    if stamped.failures:
        raise typer.Exit(1)


def _show(day: str, records: int) -> None:
    note(f"{day}: {count(records, 'record')}")


@app.command()
def trust(
    name: Annotated[str, typer.Argument(help="A short name of the authority, such as freetsa.")],
    file: Pem,
    stack: StackName = None,
) -> None:
    """Keep the certificates that a timestamp authority is trusted by, from its root down."""
    from dateline.aws import objects

    deployed = Stack.find(stack)
    kept = objects.put_once(
        deployed.s3, bucket=deployed.capture_bucket, key=object_keys.proof_authority(name), body=file.read_bytes()
    )
    if not kept:
        raise CommandError(f"{name} has other certificates already; stamps need those: choose another name")


def _signer(deployed: Stack) -> "Signer":
    from dateline.proofs.signing import FileSigner, KmsSigner

    if key := deployed.outputs.get("SigningKey"):
        import boto3

        return KmsSigner(boto3.client("kms"), key)
    return FileSigner(STATE / "signing-key.pem")
