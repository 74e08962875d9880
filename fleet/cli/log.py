"""`fleet log`: how the log stands, reading it, taking it away, and checking what was taken away."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.log_export import take_away
from fleet.cli.log_scope import Scope, query_for
from fleet.cli.options import Reason, WholeNumber
from fleet.cli.output import print_facts, print_json, print_line, print_remark, print_table
from fleet.client import FleetClient, check_checkpoint, check_entry, policy_of
from fleet.client.people import PeopleChain
from fleet.errors import RequestRefused
from protocols.api.log import MAX_ENTRIES, CheckpointView, EntryProof, EntryView, LogStatus
from protocols.text import escaped
from protocols.tlog.policy import LogPolicy, SeenCheckpoint
from protocols.tlog.receipt import VerifiedReceipt

app = App(name="log", help="The deployment log: look, read, take away, check, keep.")
app.command("fleet.cli.log_witnesses:app", name="witness", help="Which witnesses have to vouch for the log.")
app.command("fleet.cli.log_openings:openings", help="Who opened what, when, under which authority.")
app.command("fleet.cli.log_errors:app", name="error", help="Error reports: list, show, account, submit, return, close.")
app.command("fleet.cli.log_holds:hold", name="hold", help="Legal holds: place, release, list.")
app.command("fleet.cli.log_holds:retention", help="For how long free texts of entries are kept.")

_COMMON = {"index", "prior", "v", "dpa", "kind", "at", "actor", "unit", "authority"}
_ERASED = "(erased)"


@app.command
def status(*, client: Config = None, json: Json = False) -> None:
    """How the log stands, as the controller says: its size, its newest checkpoint, what each witness answered."""
    found = ask(client, lambda door: door.log_status())
    if json:
        print_json(found)
        return
    print_facts(_standing(found))
    rows = [(one.name, one.answer, one.at, one.size) for one in found.witnesses]
    print_line("")
    print_table(("witness", "said", "at", "entries"), rows, empty="no witness is asked for")
    for alarm in found.alarms:
        print_remark(f"alarm: {alarm}")


def _standing(found: LogStatus) -> list[tuple[str, object]]:
    return [
        ("log", found.origin),
        ("entries", found.size),
        ("waiting", found.waiting),
        ("newest checkpoint", found.checkpoint_at),
        ("cosigned entries", found.cosigned_size),
        ("cosigned at", found.cosigned_at),
        ("witnesses needed", found.quorum),
        ("time-stamped at", found.timestamped_at),
        ("sequenced by", "the controller that answered" if found.sequencing_here else "another controller, or none"),
    ]


@app.command(name="list")
def list_(
    *,
    scope: Scope | None = None,
    limit: Annotated[int, Parameter(validator=WholeNumber(1, 100_000), help="How many at the most.")] = 50,
    client: Config = None,
    json: Json = False,
) -> None:
    """List entries, newest first.

    Every page that is read becomes an entry of the log itself.
    """
    found = ask(client, lambda door: _entries(door, scope or Scope(), limit))
    if json:
        print_json(found)
        return
    rows = [(e.index, e.at, e.kind, e.actor, e.label or e.unit, e.authority, _says(e)) for e in found]
    columns = ("entry", "at", "kind", "actor", "unit", "authority", "says")
    print_table(columns, rows, empty="no entry of the log is so; every entry: fleet log list", free=["says"])
    if len(found) == limit and found[-1].index > 0:
        print_remark(f"the newest {limit} are shown; more with --limit")


async def _entries(door: FleetClient, scope: Scope, limit: int) -> list[EntryView]:
    query = await query_for(door, scope)
    found: list[EntryView] = []
    before: int | None = None
    while len(found) < limit:
        page = await door.log_entries(query, before=before, limit=min(MAX_ENTRIES, limit - len(found)))
        found += page.entries
        before = page.next_before
        if before is None:
            break
    return found


def _says(entry: EntryView) -> str:
    """What the entry says beyond the columns, its free texts in place of their hashes."""
    return ", ".join(f"{name} {value}" for name, value in _facts(entry).items() if name not in _COMMON and value != "")


def _facts(entry: EntryView) -> dict[str, str]:
    """The fields of the leaf itself, which is what a receipt proves; what is not set as an empty text."""
    fields: dict[str, Any] = msgspec.json.decode(entry.leaf)
    texts = {text.field: _ERASED if text.text is None else text.text for text in entry.texts}
    return {name: texts.get(name) or _word(value) for name, value in fields.items()}


def _word(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


@app.command
def show(
    index: Annotated[int, Parameter(validator=WholeNumber(0, (1 << 53) - 1))],
    *,
    receipt: Annotated[Path | None, Parameter(help="Write the entry's receipt (.tlog-proof) to this new file.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Show an entry, checked by its receipt under the log policy in the people list."""
    proof, verified = ask(client, lambda door: _proven(door, index))
    if receipt is not None:
        if proof.receipt is None:
            raise RequestRefused("receipt-missing", f"entry {index} has no receipt yet", "try again in a minute")
        _write_new(receipt, proof.receipt)
    if json:
        print_json(proof)
    else:
        print_facts([(name, value) for name, value in _facts(proof.entry).items() if name != "v"])
    print_remark(_proven_words(verified))


async def _proven(door: FleetClient, index: int) -> tuple[EntryProof, VerifiedReceipt | None]:
    policy = policy_of(await door.people_chain())
    proof = await door.log_entry(index)
    return proof, check_entry(proof, policy)


def _proven_words(verified: VerifiedReceipt | None) -> str:
    if verified is None:
        return "not proven: no cosigned checkpoint covers it yet"
    return f"proven: in the log of {verified.size} entries{_seen_words(verified.cosigned)}"


def _seen_words(cosigned: dict[str, int]) -> str:
    times = [f"{name} at {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC" for name, at in cosigned.items()]
    return f", seen by {', '.join(escaped(one) for one in times)}" if times else ", seen by no witness"


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise RequestRefused("file-unwritable", f"{path}: {error.strerror}", "name a new file") from error


@app.command
def checkpoint(*, client: Config = None, json: Json = False) -> None:
    """Print the newest cosigned checkpoint, a signed note, once its signatures are checked.

    Keep it: it shows later that the log still begins so (fleet log verify --older).
    """
    found, seen = ask(client, _checked_checkpoint)
    if json:
        print_json(found)
    else:
        print_line(found.note.rstrip("\n"))
    print_remark(f"holds: a log of {seen.checkpoint.size} entries{_seen_words(seen.cosigned)}")


async def _checked_checkpoint(door: FleetClient) -> tuple[CheckpointView, SeenCheckpoint]:
    policy = policy_of(await door.people_chain())
    found = await door.log_checkpoint()
    return found, check_checkpoint(found.note, policy)


@app.command
def policy(*, client: Config = None, json: Json = False) -> None:
    """Print the log policy in force: the log's key, its witnesses' keys and how many of them count.

    It is in the signed people list, and checked from your pinned anchor. Keep it for fleet log verify --policy.
    """
    chain, found = ask(client, _policy)
    if json:
        print_json({"policy": found.text, "people_list": chain.newest.version, "quorum": found.quorum_words})
    else:
        print_line(found.text.rstrip("\n"))


async def _policy(door: FleetClient) -> tuple[PeopleChain, LogPolicy]:
    chain = await door.people_chain()
    return chain, policy_of(chain)


@app.command
def export(
    directory: Path,
    *,
    reason: Reason,
    scope: Scope | None = None,
    unwitnessed: Annotated[
        bool, Parameter(negative="", help="Also when too few witnesses have seen it: only the controller vouches then.")
    ] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """Take the log away, or a part of it: a directory that proves itself.

    It is for fleet log verify and for anybody with Python. That it was taken away, why and by whom is an entry of the
    log first.

    Parameters
    ----------
    directory
        A new or empty directory.
    """
    taken = ask(client, lambda door: take_away(door, directory, scope or Scope(), reason, unwitnessed=unwitnessed))
    if json:
        print_json(taken)
        return
    print_line(f"{taken.entries} entries of a log of {taken.size} are in {escaped(str(directory))}, and they hold")
    if taken.entries == 1:
        print_remark("nothing was found but the entry of this export itself")
    print_remark("check them any time, anywhere: fleet log verify DIR, or python3 verify.py in it")
    if not taken.witnessed:
        print_remark("no quorum of witnesses has seen this tree: only the controller vouches for it, for now")


@app.command
def verify(
    directory: Path,
    *,
    policy: Annotated[Path | None, Parameter(help="A log policy that you trust, from elsewhere.")] = None,
    older: Annotated[Path | None, Parameter(help="An earlier checkpoint that this log has to continue.")] = None,
    json: Json = False,
) -> None:
    """Check an export, with no controller, no database, no network and no settings.

    Exit code 0: everything holds; 1: not.

    Parameters
    ----------
    directory
        What fleet log export wrote.
    """
    from fleet.inspection.auditor.verify_log import main  # noqa: PLC0415 - only this command needs it

    words = [f"--policy={policy}"] if policy is not None else []
    words += [f"--older={older}"] if older is not None else []
    words += ["--json"] if json else []
    sys.exit(main([*words, "--", str(directory)]))
