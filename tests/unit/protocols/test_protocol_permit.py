"""Permits to put older firmware on a device: two people, this image, this part, this unit, this week."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import InvalidPermit
from protocols.people import PeopleList
from protocols.releases.permit import (
    LONGEST,
    MAX_PERMIT_BYTES,
    PERMIT_NAMESPACE,
    Permit,
    PermitSignature,
    SignedPermit,
    Wanted,
    check_permit,
    permit_in,
    read_permit,
)
from tests.support.mandates import (
    ADMINISTRATORS,
    APPROVER,
    AT,
    ENGINEER,
    INSPECTOR,
    SUPERVISOR,
    UNIT,
    House,
    Signatory,
    signatories,
)
from tests.support.sk_keys import DiskKey, TokenKey

HOUSE = House()
ON_DISK = House(signatories(plain=True))
PEOPLE = HOUSE.people_list(log_policy="")
SHA = "ab" * 32
WANTED = Wanted(part="mcu", sha256=SHA, version="1.2.3+4", unit=UNIT)


def permit(**changes: Any) -> Permit:
    fields: dict[str, Any] = {
        "part": "mcu",
        "sha256": SHA,
        "version": "1.2.3+4",
        "units": [UNIT],
        "not_before": AT - timedelta(hours=1),
        "not_after": AT + timedelta(hours=1),
        "reason": "1.3.0 reads the door sensor wrongly",
    }
    return Permit(**{**fields, **changes})


def signed_by(
    *people: str, asked: Permit | None = None, house: House = HOUSE, namespace: str = PERMIT_NAMESPACE
) -> SignedPermit:
    text = (asked or permit()).text()
    made = [
        PermitSignature(person_id=one, signature=house.people[one].sign(text.encode(), namespace)) for one in people
    ]
    return SignedPermit(text=text, signatures=made)


BOTH = signed_by(ENGINEER, SUPERVISOR)


def refused(
    signed: SignedPermit, wanted: Wanted = WANTED, people: PeopleList = PEOPLE, *, at: Any = AT, plain: bool = False
) -> str:
    with pytest.raises(InvalidPermit) as caught:
        check_permit(signed, wanted, people, at, plain_keys_may_sign=plain)
    return caught.value.reason


def allowed(signed: SignedPermit, wanted: Wanted = WANTED, people: PeopleList = PEOPLE, *, plain: bool = False) -> bool:
    return check_permit(signed, wanted, people, AT, plain_keys_may_sign=plain) == permit_in(signed.text)


def test_two_people_allow_it() -> None:
    assert allowed(BOTH)
    assert allowed(read_permit(msgspec.json.encode(BOTH)))


@pytest.mark.parametrize("people", [(), (ENGINEER,), (ENGINEER, ENGINEER), (SUPERVISOR, SUPERVISOR, SUPERVISOR)])
def test_nobody_allows_it_alone(people: tuple[str, ...]) -> None:
    assert refused(signed_by(*people)) == "too-few-signers"


@pytest.mark.parametrize("second", [APPROVER, INSPECTOR, ADMINISTRATORS[0]])
def test_who_may_not_request_a_mandate_may_not_permit(second: str) -> None:
    assert refused(signed_by(ENGINEER, second)) == "bad-signature"
    assert refused(signed_by(ENGINEER, SUPERVISOR, second)) == "bad-signature"


def test_a_signature_counts_for_the_one_who_made_it() -> None:
    lent = msgspec.structs.replace(BOTH.signatures[0], person_id=SUPERVISOR)
    assert refused(msgspec.structs.replace(BOTH, signatures=[BOTH.signatures[0], lent])) == "bad-signature"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (TokenKey("one"), TokenKey("one")),
        (TokenKey("one"), TokenKey("one", b"ssh:elsewhere")),
        (TokenKey("one"), DiskKey("one")),
        (DiskKey("one"), DiskKey("one")),
    ],
)
def test_two_people_with_one_key_are_one_signer(first: Any, second: Any) -> None:
    shared = {
        ENGINEER: Signatory(ENGINEER, "engineer", first),
        SUPERVISOR: Signatory(SUPERVISOR, "supervisor", second),
    }
    house = House({**HOUSE.people, **shared})
    people = house.people_list(log_policy="")
    assert refused(signed_by(ENGINEER, SUPERVISOR, house=house), people=people, plain=True) == "too-few-signers"


def test_who_is_not_on_the_list_or_not_in_force_may_not_sign() -> None:
    gone = HOUSE.people_list(log_policy="", SV_03=None)
    ended = HOUSE.people_list(log_policy="", SV_03={"valid_until": AT})
    for people in (gone, ended):
        assert refused(BOTH, people=people) == "bad-signature"


def test_keys_on_disk_sign_only_where_that_is_said() -> None:
    signed, people = signed_by(ENGINEER, SUPERVISOR, house=ON_DISK), ON_DISK.people_list(log_policy="")
    assert refused(signed, people=people) == "key-not-hardware"
    assert allowed(signed, people=people, plain=True)


def test_a_token_that_nobody_touched_signs_nothing() -> None:
    untouched = HOUSE.people[SUPERVISOR].sign(BOTH.text.encode(), PERMIT_NAMESPACE, flags=0)
    second = PermitSignature(person_id=SUPERVISOR, signature=untouched)
    assert (
        refused(msgspec.structs.replace(BOTH, signatures=[BOTH.signatures[0], second]), plain=True) == "bad-signature"
    )


@pytest.mark.parametrize("namespace", ["mandate@muster", "release@muster", "login@muster", "people@muster"])
def test_a_signature_made_for_something_else_is_refused(namespace: str) -> None:
    assert refused(signed_by(ENGINEER, SUPERVISOR, namespace=namespace)) == "bad-signature"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"part": "modem"}, "other-part"),
        ({"sha256": "ac" * 32}, "other-image"),
        ({"version": "1.2.3"}, "other-image"),
        ({"unit": "unit-zzzz9999"}, "other-unit"),
        ({"unit": None}, "other-unit"),
    ],
)
def test_it_is_for_this_and_nothing_else(changes: dict[str, Any], reason: str) -> None:
    assert refused(BOTH, msgspec.structs.replace(WANTED, **changes)) == reason


def test_a_permit_without_units_is_for_a_bench() -> None:
    signed = signed_by(ENGINEER, SUPERVISOR, asked=permit(units=[]))
    assert allowed(signed, msgspec.structs.replace(WANTED, unit=None))
    assert refused(signed) == "other-unit"


def test_it_holds_for_its_time() -> None:
    begins, ends = permit().not_before, permit().not_after
    second = timedelta(seconds=1)
    for at in (begins, ends - second):
        check_permit(BOTH, WANTED, PEOPLE, at, plain_keys_may_sign=False)
    for at in (begins - second, ends):
        assert refused(BOTH, at=at) == "not-in-force"


@pytest.mark.parametrize(
    ("lasts", "holds"), [(LONGEST, True), (LONGEST + timedelta(seconds=1), False), (timedelta(), False)]
)
def test_it_lasts_for_a_week_at_most(lasts: timedelta, *, holds: bool) -> None:
    signed = signed_by(ENGINEER, SUPERVISOR, asked=permit(not_before=AT, not_after=AT + lasts))
    if holds:
        assert allowed(signed)
    else:
        assert refused(signed) == "not-in-force"


@given(st.data())
def test_a_permit_with_any_one_sign_changed_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(BOTH.text) - 1))
    other = data.draw(st.characters(exclude_characters=BOTH.text[place]))
    text = (
        BOTH.text[:place] + data.draw(st.sampled_from([other, "", other + BOTH.text[place]])) + BOTH.text[place + 1 :]
    )
    refused(msgspec.structs.replace(BOTH, text=text))


@given(
    st.lists(st.sampled_from(sorted(HOUSE.people)), max_size=4),
    st.lists(st.sampled_from(sorted(HOUSE.people)), max_size=3),
)
def test_only_two_people_who_may_allow_it(signers: list[str], lent_names: list[str]) -> None:
    """`lent_names` are put over signatures of the engineer's."""
    honest = signed_by(*signers)
    lent = [PermitSignature(person_id=name, signature=BOTH.signatures[0].signature) for name in lent_names]
    signed = msgspec.structs.replace(honest, signatures=[*honest.signatures, *lent])
    may = {ENGINEER, SUPERVISOR}
    if set(signers) | set(lent_names) == may and SUPERVISOR not in lent_names:
        assert allowed(signed)
    else:
        assert refused(signed) in {"too-few-signers", "bad-signature"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b'{"text":"\xff","signatures":[]}',
        bytes(MAX_PERMIT_BYTES + 1),
        msgspec.json.encode({"text": "x", "signatures": [], "more": 1}),
    ],
)
def test_a_file_that_is_no_permit_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidPermit) as caught:
        read_permit(content)
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize(
    "text", ["", "{}", BOTH.text + "\n", BOTH.text.replace(":", ": ", 1), BOTH.text.replace("Z", "+00:00")]
)
def test_a_text_that_is_not_in_its_one_form_is_refused(text: str) -> None:
    assert refused(msgspec.structs.replace(BOTH, text=text)) == "unreadable"
