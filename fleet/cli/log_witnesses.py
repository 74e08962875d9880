"""`fleet log witness`: which witnesses have to vouch for the log. Two administrators sign every change."""

from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.options import WholeNumber
from fleet.cli.output import print_json, print_remark, print_table
from fleet.cli.people_drafts import tell_drafted
from fleet.client import FleetClient
from fleet.errors import Conflict, NotFound
from protocols.api.people import DraftView, NewLogPolicy
from protocols.tlog.note import VerifierKey
from protocols.tlog.policy import MAX_OF_EACH, LogPolicy, build_policy, read_policy

app = App(name="witness", help="Which witnesses have to vouch for the log: list, draft a change.")
Name = Annotated[str, Parameter(help="A short name for the witness, as the controller's settings have it.")]
Quorum = Annotated[
    int,
    Parameter(validator=WholeNumber(0, MAX_OF_EACH), help="How many of the witnesses have to have seen a checkpoint."),
]


@app.command(name="list")
def list_(*, client: Config = None, json: Json = False) -> None:
    """List the witnesses that the signed people list names, checked from your pinned anchor."""
    policy = ask(client, _in_force)
    rows = [(name, key.name, key.line) for name, key in policy.witnesses]
    if json:
        print_json({"policy": policy.text, "quorum": policy.quorum_words})
        return
    print_table(("witness", "calls itself", "key"), rows, empty="no witness: only the controller vouches for its log")


@app.command
def add(name: Name, vkey: str, *, quorum: Quorum, client: Config = None, json: Json = False) -> None:
    """Draft a people list whose log policy names one more witness.

    Parameters
    ----------
    vkey
        The witness's verifier key, as `fleet witness init` printed it on the witness's machine. Compare it by voice.
    """
    key = VerifierKey.parse(vkey)

    async def draft(door: FleetClient) -> DraftView:
        policy = await _in_force(door)
        if name in {known for known, _ in policy.witnesses}:
            raise Conflict("witness-exists", f"{name} is a witness already", "remove it first, or choose another name")
        return await _draft(door, policy, [*_named(policy), (name, key.line)], quorum)

    tell_drafted(ask(client, draft), json=json)


@app.command
def remove(name: Name, *, quorum: Quorum, client: Config = None, json: Json = False) -> None:
    """Draft a people list whose log policy does without a witness."""

    async def draft(door: FleetClient) -> DraftView:
        policy = await _in_force(door)
        left = [(known, line) for known, line in _named(policy) if known != name]
        if len(left) == len(policy.witnesses):
            raise NotFound("witness-unknown", f"there is no witness {name}", "list them: fleet log witness list")
        return await _draft(door, policy, left, quorum)

    tell_drafted(ask(client, draft), json=json)


def warn_of_two_histories(policy: LogPolicy) -> None:
    """Say so when two groups of the policy's witnesses have none in common and either is enough."""
    if policy.witnesses and policy.allows_disjoint_quorums:
        count = len(policy.witnesses)
        print_remark(
            f"WARNING: two groups of these {count} witnesses could each vouch for another history, so that a rewritten "
            f"log is believed: more than half of them should be needed, --quorum {count // 2 + 1}"
        )


async def _in_force(door: FleetClient) -> LogPolicy:
    """The policy that two administrators have signed, or that stands in the anchor."""
    text = (await door.people_chain()).newest.log_policy
    if text:
        return read_policy(text)
    # Before the first policy is signed there is only the controller's word for its own key: it is shown and signed.
    return read_policy((await door.log_status()).policy)


def _named(policy: LogPolicy) -> list[tuple[str, str]]:
    return [(name, key.line) for name, key in policy.witnesses]


async def _draft(door: FleetClient, policy: LogPolicy, witnesses: list[tuple[str, str]], quorum: int) -> DraftView:
    following = build_policy(policy.log_keys[0].line, witnesses, quorum)
    warn_of_two_histories(following)
    return await door.draft_people(NewLogPolicy(policy=following.text))
