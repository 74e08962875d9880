"""The log policy in a people list: units trust a log because two administrators signed it into the list."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from protocols.errors import InvalidPeopleList
from protocols.people import ListedPerson, ListSignature, PeopleList, SignedPeopleList, check_next, read_list
from protocols.people_changes import PolicyChange, policy_change, policy_lines
from protocols.sshsig import PersonKey
from protocols.tlog.policy import MAX_POLICY_CHARS, read_policy
from tests.support.people import Keyholder
from tests.support.tlog_making import MadeLog, fixed_key

WIRE = Path(__file__).parents[2] / "wire"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
LOG = MadeLog([])
OTHER = MadeLog([], origin="other.example/log", names=("north", "west", "east"), quorum=3)


def listed(person_id: str, line: str) -> ListedPerson:
    return ListedPerson(
        person_id=person_id, role="administrator", key=line, valid_from=NOW, valid_until=NOW + timedelta(days=365)
    )


def fixed(person_id: str) -> ListedPerson:
    raw = fixed_key(person_id).public_key().public_bytes_raw()
    return listed(person_id, PersonKey("ssh-ed25519", raw).line)


BARE = PeopleList(version=1, people=[fixed("AD-01"), fixed("AD-02")], made_at=NOW)


def under(policy: str, version: int = 1) -> PeopleList:
    return msgspec.structs.replace(BARE, log_policy=policy, version=version)


def test_a_list_with_a_policy_is_read_and_written_as_it_always_was() -> None:
    text = (WIRE / "people-list-with-log-policy.txt").read_text().removesuffix("\n")
    assert read_list(text) == under(LOG.policy.text)
    assert read_list(text).text() == text
    assert read_policy(read_list(text).log_policy) == LOG.policy


def test_a_list_without_a_policy_has_the_text_it_always_had() -> None:
    assert '"log_policy"' not in BARE.text()
    assert read_list(BARE.text()).log_policy == ""
    with pytest.raises(InvalidPeopleList):
        read_list(BARE.text()[:-1] + ',"log_policy":""}')


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("\n", "log-policy-unusable"),
        ("quorum none\n", "log-policy-unusable"),
        (LOG.policy.text + "# comment\n", "log-policy-unusable"),
        (LOG.policy.text.replace(" 2 ", " 4 "), "log-policy-unusable"),
        ("x" * (MAX_POLICY_CHARS + 1), "unreadable"),
    ],
)
def test_a_list_with_a_policy_that_can_not_be_used_is_refused(policy: str, reason: str) -> None:
    with pytest.raises(InvalidPeopleList) as error:
        read_list(under(policy).text())
    assert error.value.reason == reason


def test_a_policy_comes_into_force_by_two_administrators_signatures() -> None:
    one, other = Keyholder.make("AD-01"), Keyholder.make("AD-02")
    people = [listed(holder.person_id, holder.line) for holder in (one, other)]
    current = msgspec.structs.replace(BARE, people=people)
    text = msgspec.structs.replace(current, version=2, log_policy=LOG.policy.text).text()
    signatures: list[ListSignature] = [one.signed(text), other.signed(text)]
    assert check_next(current, SignedPeopleList(text=text, signatures=signatures)).log_policy == LOG.policy.text
    forged = text.replace(" 2 north", " 1 north")
    with pytest.raises(InvalidPeopleList) as error:
        check_next(current, SignedPeopleList(text=forged, signatures=signatures))
    assert error.value.reason == "bad-signature"


def test_what_changes_in_a_policy_is_named() -> None:
    before, after = under(LOG.policy.text), under(OTHER.policy.text)
    assert policy_change(before, after) == PolicyChange(
        logs_added=[OTHER.log_vkey],
        logs_left_out=[LOG.log_vkey],
        witnesses_added=[f"east {OTHER.witness_vkey('east')}"],
        witnesses_left_out=[f"south {LOG.witness_vkey('south')}"],
        quorum_before="2 of (north, south, west)",
        quorum_after="3 of (north, west, east)",
    )
    assert policy_change(before, under(LOG.policy.text, version=2)) is None


def test_whoever_signs_reads_that_two_histories_could_be_vouched_for() -> None:
    """One of two, one of three: another group of witnesses is left that is enough for another tree."""
    said = "take care: two groups of witnesses could each vouch for another history; ask for more than half"
    for quorum, warned in ((1, True), (2, False), (3, False)):
        change = policy_change(BARE, under(LOG.policy.text.replace(" 2 north", f" {quorum} north")))
        assert change is not None
        assert (said in policy_lines(change)) is warned
    gone = policy_change(under(LOG.policy.text), BARE)
    assert gone is not None
    assert said not in policy_lines(gone)


def test_the_first_policy_and_none_any_more_are_changes_too() -> None:
    first = policy_change(BARE, under(LOG.policy.text))
    gone = policy_change(under(LOG.policy.text), BARE)
    assert first is not None
    assert gone is not None
    assert (first.logs_added, first.quorum_before, len(first.witnesses_added)) == ([LOG.log_vkey], "none", 3)
    assert (gone.logs_left_out, gone.quorum_after, len(gone.witnesses_left_out)) == ([LOG.log_vkey], "none", 3)
    assert policy_change(BARE, msgspec.structs.replace(BARE, version=2)) is None


def test_a_witness_with_another_key_is_left_out_and_added() -> None:
    rekeyed = LOG.policy.text.replace(LOG.witness_vkey("west"), OTHER.witness_vkey("east"))
    change = policy_change(under(LOG.policy.text), under(rekeyed))
    assert change is not None
    assert change.witnesses_left_out == [f"west {LOG.witness_vkey('west')}"]
    assert change.witnesses_added == [f"west {OTHER.witness_vkey('east')}"]
    assert change.quorum_before == change.quorum_after
