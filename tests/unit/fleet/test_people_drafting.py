"""What the next people list may say about terms and about the log."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.errors import Conflict, RequestRefused
from fleet.people.drafting import INSPECTOR_DAYS, anchor_list, next_list
from protocols.api.people import NewLogPolicy, NewPerson
from protocols.people import PeopleList
from protocols.tlog.note import VerifierKey
from protocols.tlog.policy import build_policy
from protocols.tlog.signature_types import COSIGNATURE_V1, ED25519
from tests.support.people import FOUNDERS, Keyholder

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def vkey(name: str, algorithm: int) -> str:
    public = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    return VerifierKey.of(name, public, algorithm).line


def policy() -> str:
    return build_policy(vkey("log.example", ED25519), [("north", vkey("north.example", COSIGNATURE_V1))], 1).text


@pytest.fixture(scope="module")
def anchor() -> PeopleList:
    return anchor_list(1, [founder.new("administrator") for founder in FOUNDERS], [], NOW, log_policy=policy())


def test_the_log_policy_stays_until_it_is_changed(anchor: PeopleList) -> None:
    engineer = Keyholder.make("TO-12").new("engineer")
    following = next_list(anchor, {}, engineer, NOW)
    assert following.log_policy == anchor.log_policy != ""
    other = policy()
    changed = next_list(following, {}, NewLogPolicy(policy=other), NOW)
    assert changed.log_policy == other
    assert changed.people == following.people


def test_a_log_policy_that_changes_nothing_or_can_not_be_read_is_refused(anchor: PeopleList) -> None:
    with pytest.raises(Conflict, match="policy-in-force"):
        next_list(anchor, {}, NewLogPolicy(policy=anchor.log_policy), NOW)
    with pytest.raises(RequestRefused, match="log-policy-unusable"):
        next_list(anchor, {}, NewLogPolicy(policy="quorum none\n"), NOW)


@pytest.mark.parametrize(("days", "given"), [(None, 14), (INSPECTOR_DAYS, INSPECTOR_DAYS), (INSPECTOR_DAYS + 1, None)])
def test_an_inspectors_access_is_short(anchor: PeopleList, days: int | None, given: int | None) -> None:
    new = Keyholder.make("IN-03").new("inspector")
    asked = NewPerson(person_id=new.person_id, name=new.name, role="inspector", key=new.key, valid_days=days)
    if given is None:
        with pytest.raises(RequestRefused, match="term-too-long"):
            next_list(anchor, {}, asked, NOW)
        return
    person = next(one for one in next_list(anchor, {}, asked, NOW).people if one.person_id == "IN-03")
    assert person.valid_until - person.valid_from == timedelta(days=given)
