"""Log policies: one text for each, quorums of groups, and which checkpoints they accept."""

from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import InvalidCheckpoint, InvalidPolicy
from protocols.tlog.checkpoint import Checkpoint
from protocols.tlog.note import Note, NoteSignature, VerifierKey, sign_note
from protocols.tlog.policy import MAX_POLICY_CHARS, LogPolicy, SeenCheckpoint, build_policy, read_policy
from tests.support.tlog_making import UNIX_S, MadeLog, fixed_key

NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
LOG = MadeLog([b"one", b"two"], names=NAMES)
HEAD = f"log {LOG.log_vkey}\n" + "".join(f"witness {name} {LOG.witness_vkey(name)}\n" for name in NAMES)
EXAMPLE = (
    HEAD + "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\ngroup X-and-Y all X-witnesses Y-witnesses\n"
    "quorum X-and-Y\n"
)
"""The example of C2SP tlog-policy, with keys."""


def unread(text: str) -> str:
    with pytest.raises(InvalidPolicy) as error:
        read_policy(text)
    assert error.value.detail
    return error.value.reason


def refused(policy: LogPolicy, text: str, not_before_unix_s: int | None = None) -> str:
    with pytest.raises(InvalidCheckpoint) as error:
        policy.check(text, not_before_unix_s=not_before_unix_s)
    assert error.value.detail
    return error.value.reason


def test_the_published_example_is_read_and_means_what_it_says() -> None:
    policy = read_policy(EXAMPLE)
    assert policy.text == EXAMPLE
    assert policy.quorum_words == "all of (2 of (X1, X2, X3), any of (Y1, Y2, Y3))"
    for count in range(7):
        for names in combinations(NAMES, count):
            enough = sum(name[0] == "X" for name in names) >= 2 and any(name[0] == "Y" for name in names)
            assert policy.reaches_quorum(set(names)) == enough


def two_disjoint_quorums(policy: LogPolicy) -> bool:
    """By trying every set of witnesses against the rest."""
    names = {name for name, _ in policy.witnesses}
    chosen = [set(some) for count in range(len(names) + 1) for some in combinations(sorted(names), count)]
    return any(policy.reaches_quorum(some) and policy.reaches_quorum(names - some) for some in chosen)


@pytest.mark.parametrize("count", range(1, 7))
def test_at_most_half_of_the_witnesses_can_vouch_for_two_histories(count: int) -> None:
    witnesses = [(name, LOG.witness_vkey(name)) for name in NAMES[:count]]
    for quorum in range(count + 1):
        policy = build_policy(LOG.log_vkey, witnesses, quorum)
        assert policy.allows_disjoint_quorums == (2 * quorum <= count) == two_disjoint_quorums(policy)


@given(
    x=st.integers(1, 3),
    y=st.integers(1, 3),
    top=st.integers(1, 3),
    quorum=st.sampled_from(["X", "Y", "top", "X1", "none"]),
)
def test_which_quorums_of_groups_can_vouch_for_two_histories(x: int, y: int, top: int, quorum: str) -> None:
    policy = read_policy(
        f"{HEAD}group X {x} X1 X2 X3\ngroup Y {y} Y1 Y2\ngroup top {top} X Y Y3\nquorum {quorum}\n"
        if y < 3
        else f"{HEAD}group X {x} X1 X2 X3\ngroup Y all Y1 Y2 Y3\ngroup top {min(top, 2)} X Y\nquorum {quorum}\n"
    )
    assert policy.allows_disjoint_quorums == two_disjoint_quorums(policy)


def test_the_published_example_lets_no_two_histories_stand() -> None:
    assert not read_policy(EXAMPLE).allows_disjoint_quorums
    assert read_policy(EXAMPLE.replace("X-witnesses 2 ", "X-witnesses any ")).allows_disjoint_quorums


def test_a_quorum_may_be_one_witness_or_none() -> None:
    one = read_policy(f"{HEAD}quorum X2\n")
    assert one.quorum_words == "X2"
    assert one.reaches_quorum({"X2"})
    assert not one.reaches_quorum(set(NAMES) - {"X2"})
    none = read_policy(f"{HEAD}quorum none\n")
    assert none.quorum_words == "none"
    assert none.reaches_quorum(set())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "unreadable"),
        ("\n", "unreadable"),
        (HEAD, "unreadable"),
        ("quorum none\n", "no-log"),
        (EXAMPLE[:-1], "unreadable"),
        (EXAMPLE + "\n", "unreadable"),
        (EXAMPLE + "# comment\n", "unreadable"),
        (EXAMPLE + "quorum X1\n", "unreadable"),
        ("quorum X1\n" + HEAD, "unreadable"),
        (EXAMPLE.replace("any", " any"), "threshold-unusable"),
        (EXAMPLE.replace("X1 X2", "X1  X2"), "name-unusable"),
        (EXAMPLE.replace("any ", "any\t"), "unreadable"),
        (EXAMPLE.replace("\n", "\r\n"), "unreadable"),
        (EXAMPLE.replace("X1", "Ẋ1"), "unreadable"),
        (EXAMPLE.replace("quorum ", "quorum  "), "unreadable"),
        (EXAMPLE.replace("log ", "log  "), "unreadable"),
        ("log\n" + EXAMPLE, "unreadable"),
        (HEAD + "witness\nquorum none\n", "unreadable"),
        (HEAD + "group g any\nquorum none\n", "unreadable"),
        (f"log {LOG.log_vkey} https://log.example/\nquorum none\n", "unreadable"),
        (EXAMPLE + " " * MAX_POLICY_CHARS, "unreadable"),
        ("log a+b+c\nquorum none\n", "key-unusable"),
        (f"log {LOG.witness_vkey('X1')}\nquorum none\n", "key-unusable"),
        (f"{HEAD}witness Z {LOG.log_vkey}\nquorum none\n", "key-unusable"),
        (f"log {LOG.log_vkey}\n{EXAMPLE}", "key-twice"),
        (f"{HEAD}witness Z {LOG.witness_vkey('X1')}\nquorum none\n", "key-twice"),
        (EXAMPLE.replace("witness X2", "witness X1"), "name-unusable"),
        (EXAMPLE.replace("witness X2", "witness none"), "name-unusable"),
        (EXAMPLE.replace("group Y-witnesses", "group X-witnesses"), "name-unusable"),
        (EXAMPLE.replace("group X-and-Y", "group X1"), "name-unusable"),
        (EXAMPLE.replace("witness X1 ", f"witness {'X' * 65} "), "name-unusable"),
        (EXAMPLE.replace("quorum X-and-Y", "quorum Z"), "name-unusable"),
        (EXAMPLE.replace("2 X1 X2 X3", "2 X1 X2 X2"), "name-unusable"),
        (EXAMPLE.replace("2 X1 X2 X3", "2 X1 X2 none"), "name-unusable"),
        (EXAMPLE.replace("2 X1 X2 X3", "2 X1 X2 X-and-Y"), "name-unusable"),
        (EXAMPLE.replace("2 X1 X2 X3", "2 X1 X2 X-witnesses"), "name-unusable"),
        (EXAMPLE.replace("any Y1 Y2 Y3", "any Y1 Y2 X3"), "name-unusable"),
        (EXAMPLE.replace("2 X1 X2 X3", "4 X1 X2 X3"), "threshold-unusable"),
        (EXAMPLE.replace("2 X1 X2 X3", "0 X1 X2 X3"), "threshold-unusable"),
        (EXAMPLE.replace("2 X1 X2 X3", "02 X1 X2 X3"), "threshold-unusable"),
        (EXAMPLE.replace("2 X1 X2 X3", "Any X1 X2 X3"), "threshold-unusable"),
        (EXAMPLE.replace("2 X1 X2 X3", f"{'9' * 9000} X1 X2 X3"), "threshold-unusable"),
        (f"log {LOG.log_vkey}\n" * 33 + "quorum none\n", "too-many"),
        (HEAD + "group g any X1\n" * 33 + "quorum none\n", "too-many"),
    ],
)
def test_what_is_no_policy_in_its_one_form_is_refused(text: str, reason: str) -> None:
    assert unread(text) == reason


def test_a_witness_may_not_have_the_key_of_a_log() -> None:
    log = MadeLog([], origin="X1.witness.example/w1", names=("X1",))
    assert unread(f"log {log.log_vkey}\nwitness X1 {log.witness_vkey('X1')}\nquorum X1\n") == "key-twice"


def test_thirty_two_of_each_fit() -> None:
    names = tuple(f"witness-{number}" for number in range(32))
    keys = [f"log {MadeLog([], origin=f'log.example/{number}').log_vkey}" for number in range(32)]
    witnesses = [f"witness {name} {LOG.witness_vkey(name)}" for name in names]
    groups = [f"group g0 any {names[0]}", *(f"group g{n} all g{n - 1} {names[n]}" for n in range(1, 32))]
    policy = read_policy("\n".join([*keys, *witnesses, *groups, "quorum g31"]) + "\n")
    assert policy.reaches_quorum(set(names))
    assert not policy.reaches_quorum(set(names[1:]))
    assert policy.quorum_words.startswith("all of (all of (")


@given(st.integers(0, 6), st.integers(0, 7))
def test_a_built_policy_asks_for_so_many_witnesses(witnesses: int, quorum: int) -> None:
    named = [(name, LOG.witness_vkey(name)) for name in NAMES[:witnesses]]
    if quorum > witnesses:
        with pytest.raises(InvalidPolicy):
            build_policy(LOG.log_vkey, named, quorum)
        return
    policy = build_policy(LOG.log_vkey, named, quorum)
    assert read_policy(policy.text) == policy
    for count in range(witnesses + 1):
        assert policy.reaches_quorum(set(NAMES[:count])) == (count >= quorum)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: build_policy("log", [], 0),
        lambda: build_policy(LOG.log_vkey, [("X1", LOG.log_vkey)], 1),
        lambda: build_policy(LOG.log_vkey, [("X1", LOG.witness_vkey("X1"))], -1),
        lambda: build_policy(LOG.log_vkey, [("two words", LOG.witness_vkey("X1"))], 1),
        lambda: build_policy(LOG.log_vkey, [("quorum-of-witnesses", LOG.witness_vkey("X1"))], 1),
        lambda: build_policy(LOG.log_vkey, [("Ẋ1", LOG.witness_vkey("X1"))], 1),
        lambda: build_policy(MadeLog([], origin="lög").log_vkey, [], 0),
    ],
)
def test_no_policy_is_built_that_could_not_be_read(wrong: Callable[[], LogPolicy]) -> None:
    with pytest.raises(InvalidPolicy):
        wrong()


def test_a_checkpoint_is_accepted_with_the_times_of_its_witnesses() -> None:
    log = MadeLog([b"one"], times={"north": 5, "west": UNIX_S})
    note = log.note(cosigners=["north", "west"])
    assert log.policy.check(note.text) == SeenCheckpoint(log.checkpoint(), {"north": 5, "west": UNIX_S})


def test_a_checkpoint_needs_its_quorum_and_the_same_witness_counts_once() -> None:
    log = MadeLog([b"one"])
    note = log.note(cosigners=["north"])
    assert refused(log.policy, note.text) == "quorum-missing"
    again = MadeLog([b"one"], times={"north": 7}).note(cosigners=["north"])
    assert refused(log.policy, note.with_signatures(again.signatures).text) == "quorum-missing"


def test_a_checkpoint_needs_its_own_logs_signature() -> None:
    log, other = MadeLog([b"one"]), MadeLog([b"one"], origin="other.example/log")
    note = log.note()
    assert refused(log.policy, Note(note.body, note.signatures[1:]).text) == "log-unsigned"
    assert refused(log.policy, other.note().text) == "log-unsigned"
    both = read_policy(f"log {log.log_vkey}\nlog {other.log_vkey}\nquorum none\n")
    assert both.check(other.note().text).checkpoint.origin == "other.example/log"
    crossed = sign_note(note.body, other.origin, fixed_key(other.origin))
    assert refused(both, Note(note.body, (crossed, *note.signatures[1:])).text) == "log-unsigned"


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_known_key_with_a_signature_that_proves_nothing_refuses(place: int) -> None:
    log = MadeLog([b"one"])
    note, elsewhere = log.note(), MadeLog([b"two"]).note()
    good = note.signatures[place]
    for blob in (elsewhere.signatures[place].signature, b"x", good.signature + b"x"):
        signatures = [*note.signatures]
        signatures[place] = NoteSignature(good.name, good.key_id, blob)
        assert refused(log.policy, Note(note.body, tuple(signatures)).text) == "bad-signature"


def test_signatures_of_others_are_ignored() -> None:
    log = MadeLog([b"one"])
    note = log.note()
    stranger = sign_note(note.body, "stränger", fixed_key("stranger"))
    namesake = sign_note(note.body, log.origin, fixed_key("stranger"))
    assert log.policy.check(note.with_signatures([stranger, namesake]).text) == log.policy.check(note.text)


def test_a_checkpoint_that_no_quorum_has_seen_since_is_stale() -> None:
    log = MadeLog([b"one"], times={"north": 10, "south": 20, "west": 30})
    note = log.note().text
    assert log.policy.check(note, not_before_unix_s=20).cosigned == {"north": 10, "south": 20, "west": 30}
    assert refused(log.policy, note, 21) == "stale"
    assert refused(log.policy, note, 2**70) == "stale"
    assert refused(log.policy, log.note(cosigners=["west"]).text, 21) == "quorum-missing"


@pytest.mark.parametrize("text", ["", "log\n1\n", "\udc80"])
def test_what_is_no_note_or_no_checkpoint_is_refused(text: str) -> None:
    log = MadeLog([b"one"])
    assert refused(log.policy, text) == "unreadable"
    body = "no checkpoint\n"
    signed = Note(body, (sign_note(body, log.origin, fixed_key(log.origin)),))
    assert refused(log.policy, signed.text) == "unreadable"


def test_extension_lines_are_signed_too() -> None:
    log = MadeLog([b"one"])
    checkpoint = log.checkpoint()
    extended = Checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root, ("more",))
    assert log.policy.check(log.signed(extended).text).checkpoint == extended
    assert refused(log.policy, Note(extended.body, log.note().signatures).text) == "bad-signature"


def test_a_policys_keys_are_of_their_kinds_however_it_is_made() -> None:
    log = MadeLog([b"one"])
    witness = VerifierKey.parse(log.witness_vkey("north"))
    with pytest.raises(InvalidPolicy) as error:
        LogPolicy((witness,), (), (), "none")
    assert error.value.reason == "key-unusable"
