"""How the log stands, for people."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from fleet.clock import Clock
from fleet.log.key import LogKey
from fleet.log.policies import policy_in_force
from fleet.log.watch import OVERDUE
from fleet.store.log_tree import StoredCheckpoint
from fleet.store.store import Store
from protocols.api.log import LogStatus, WitnessStatus
from protocols.errors import InvalidCheckpoint
from protocols.tlog.policy import NONE, LogPolicy

_DISAGREE = {"split-view", "rolled-back", "forged"}


class LogStanding:
    """Puts it together from the database and, in the controller that sequences, from what witnesses answered."""

    def __init__(
        self,
        store: Store,
        key: LogKey,
        clock: Clock,
        *,
        every_s: float,
        is_leading: Callable[[], bool],
        is_stuck: Callable[[], bool],
        answers: Mapping[str, WitnessStatus],
    ) -> None:
        self._store = store
        self._key = key
        self._clock = clock
        self._overdue = timedelta(seconds=OVERDUE * every_s)
        self._is_leading = is_leading
        self._is_stuck = is_stuck
        self._answers = answers

    async def status(self) -> LogStatus:
        """The facts as they are now. Raises StoreUnavailable."""
        async with self._store.transaction() as transaction:
            tree = transaction.log_tree
            policy = await policy_in_force(transaction, self._key)
            size, waiting, runs = await tree.size(), await tree.waiting(), await tree.sequencer_runs()
            newest, cosigned = await tree.newest_checkpoint(), await tree.newest_cosigned()
            stamped = await tree.newest_timestamped()
        answers = self._answers if self._is_leading() else {}
        witnesses = _witnesses(policy, cosigned, answers)
        return LogStatus(
            origin=self._key.origin,
            size=size,
            waiting=waiting,
            checkpoint_at=None if newest is None else newest.made_at,
            cosigned_size=None if cosigned is None else cosigned.size,
            cosigned_at=None if cosigned is None else cosigned.made_at,
            sequencing_here=self._is_leading(),
            policy=policy.text,
            quorum=fewest(policy),
            witnesses=witnesses,
            timestamped_at=None if stamped is None else stamped[0].made_at,
            alarms=[*self._alarms(policy, cosigned, runs=runs), *_disagreeing(witnesses)],
        )

    def _alarms(self, policy: LogPolicy, cosigned: StoredCheckpoint | None, *, runs: bool) -> list[str]:
        found = []
        if not runs:
            found.append("no controller sequences the log")
        if self._is_stuck():
            found.append("entries wait for their place in the log and it does not grow: nothing new can be proven")
        if self._key.verifier not in policy.log_keys:
            found.append("the log policy in force does not name this controller's log: nothing of it is believed")
        if not policy.witnesses:
            found.append("no witness: nobody but the controller says that the log was not rewritten")
        elif policy.allows_disjoint_quorums:
            found.append("too few witnesses are needed: two groups of them could each vouch for another history")
        if cosigned is None or self._clock() - cosigned.made_at > self._overdue:
            found.append("no cosigned checkpoint in time: nothing can be proven, and nothing opened")
        return found


def fewest(policy: LogPolicy) -> int:
    """How many witnesses must at the least have seen a checkpoint that `policy` accepts."""
    needs = {name: 1 for name, _ in policy.witnesses} | {NONE: 0}
    for group in policy.groups:
        needs[group.name] = sum(sorted(needs[member] for member in group.members)[: group.needed])
    return needs[policy.quorum]


def _witnesses(
    policy: LogPolicy, cosigned: StoredCheckpoint | None, answers: Mapping[str, WitnessStatus]
) -> list[WitnessStatus]:
    """What each witness of the policy said last; where this controller has not asked, what the checkpoint says."""
    seen: dict[str, int] = {}
    if cosigned is not None:
        try:
            seen = policy.check(cosigned.note).cosigned
        except InvalidCheckpoint:
            seen = {}
    found = []
    for name, _ in policy.witnesses:
        if name in answers:
            found.append(answers[name])
        elif name in seen and cosigned is not None:
            at = datetime.fromtimestamp(seen[name], UTC)
            found.append(WitnessStatus(name=name, answer="cosigned", at=at, size=cosigned.size))
        else:
            found.append(WitnessStatus(name=name, answer="never", at=None, size=None))
    return found


def _disagreeing(witnesses: list[WitnessStatus]) -> list[str]:
    return [f"the witness {one.name} disagrees: {one.answer}" for one in witnesses if one.answer in _DISAGREE]
