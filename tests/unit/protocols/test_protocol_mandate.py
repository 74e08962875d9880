"""Mandates: one form, two people with two keys who may sign, and nothing that almost fits."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import InvalidMandate
from protocols.mandate import (
    APPROVER,
    LONGEST,
    MAX_MANDATE_BYTES,
    REQUESTER,
    Allowance,
    Mandate,
    MandateKind,
    SignedMandate,
    check_mandate,
    check_signature,
    check_window,
    mandate_hash,
    read_mandate,
    signed_bytes,
)
from protocols.people import PeopleList
from tests.support.mandates import (
    ADMINISTRATORS,
    AT,
    ENGINEER,
    INSPECTOR,
    SUPERVISOR,
    House,
    Signatory,
    allows,
    bench_mandate,
    mandate,
    retrieval_mandate,
    signatories,
)
from tests.support.mandates import APPROVER as APPROVING
from tests.support.sk_keys import DiskKey, TokenKey

HOUSE = House()
PEOPLE = HOUSE.people_list()
ON_DISK = House(signatories(plain=True))
TEXT = mandate().text()
SIGNED = HOUSE.signed_mandate()
ARMOR = len("-----BEGIN SSH SIGNATURE-----\n")
A_SECOND = timedelta(seconds=1)
ASIDE = timezone(timedelta(hours=1))


def unread(text: str) -> str:
    """The reason for which the text is no mandate."""
    with pytest.raises(InvalidMandate) as error:
        read_mandate(text)
    assert str(error.value) == error.value.detail
    return error.value.reason


def refused(
    signed: SignedMandate, people: PeopleList = PEOPLE, *, at: datetime = AT, plain_keys_may_sign: bool = False
) -> str:
    """The reason for which the signed mandate is refused."""
    with pytest.raises(InvalidMandate) as error:
        check_mandate(signed, people, at, plain_keys_may_sign=plain_keys_may_sign)
    return error.value.reason


def with_fields(**changes: Any) -> str:
    """The mandate's line with raw JSON values in some fields' places."""
    return msgspec.json.encode({**msgspec.json.decode(TEXT), **changes}).decode()


@pytest.mark.parametrize("asked", [mandate(), bench_mandate(), retrieval_mandate(), mandate(requester=SUPERVISOR)])
def test_a_mandate_that_two_people_signed_is_taken(asked: Mandate) -> None:
    assert read_mandate(asked.text()) == asked
    assert check_mandate(HOUSE.signed_mandate(asked), PEOPLE, AT, plain_keys_may_sign=False) == asked


def test_a_supervisor_may_approve_what_an_engineer_asks() -> None:
    asked = mandate(approver=SUPERVISOR)
    assert check_mandate(HOUSE.signed_mandate(asked), PEOPLE, AT, plain_keys_may_sign=False) == asked


def test_a_mandate_says_what_it_allows_and_is_known_by_its_hash() -> None:
    asked = mandate()
    assert (asked.modalities, asked.allowance("position")) == (["video", "audio"], None)
    assert asked.allowance("audio") == allows("audio")
    assert signed_bytes(TEXT) == TEXT.encode() + b"\n"
    assert mandate_hash(TEXT) == sha256(TEXT.encode()).hexdigest()
    assert "\n" not in TEXT


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("{}", id="no field"),
        pytest.param("[" * 900, id="deep"),
        pytest.param("\ud800", id="half a sign"),
        pytest.param(TEXT + "\n", id="its line end"),
        pytest.param(" " + TEXT, id="a blank before"),
        pytest.param(TEXT.replace(":", ": ", 1), id="a blank inside"),
        pytest.param(TEXT.replace('"v":1,', '"v":1,"v":1,'), id="a key twice"),
        pytest.param(TEXT.replace('"v":1,', '"v":1.0,'), id="another spelling of a number"),
        pytest.param(TEXT.replace("aim", "\\u0061im"), id="another spelling of a sign"),
        pytest.param(TEXT.replace('{"v":1,', "{").replace("}", ',"v":1}'), id="fields out of order"),
        pytest.param(TEXT.replace('"v":1', '"v":2'), id="a version to come"),
        pytest.param(with_fields(subject="nobody"), id="an unknown field"),
        pytest.param(TEXT.replace('"authority":"AUTH-26/7",', ""), id="a field missing"),
        pytest.param(with_fields(purpose=None), id="a field empty"),
        pytest.param(with_fields(purpose="aim\nand focus"), id="two lines"),
        pytest.param(with_fields(purpose="\u202eaim"), id="writing turned round"),
        pytest.param(with_fields(purpose=""), id="no purpose"),
        pytest.param(with_fields(allows=[]), id="nothing allowed"),
        pytest.param(
            with_fields(allows=[{"modality": "video", "minutes_per_day": 121, "openings_per_day": 1}]), id="m"
        ),
        pytest.param(with_fields(allows=[{"modality": "video", "minutes_per_day": 1, "openings_per_day": 0}]), id="o"),
        pytest.param(with_fields(allows=[{"modality": "track", "minutes_per_day": 1, "openings_per_day": 1}]), id="t"),
        pytest.param(with_fields(not_before="2026-11-22T08:00:00"), id="no zone"),
        pytest.param(with_fields(not_before="2026-11-22T08:00:00.5Z"), id="half a second"),
        pytest.param(with_fields(not_before="2026-11-22T08:00:00+00:00"), id="another spelling of UTC"),
        pytest.param(with_fields(not_before="2026-11-22T09:00:00+01:00"), id="another zone"),
        pytest.param(with_fields(not_after="2026-11-24T09:00:00+01:00"), id="another zone at its end"),
        pytest.param(with_fields(unit="Unit"), id="no unit's id"),
        pytest.param(with_fields(requester="TO-12\n"), id="no person's id"),
        pytest.param(with_fields(salt="5a"), id="a short salt"),
    ],
)
def test_what_is_not_in_the_one_form_is_no_mandate(text: str) -> None:
    assert unread(text) == "mandate-unreadable"


def test_a_mandate_has_at_most_a_kibibyte() -> None:
    widest = mandate(
        unit="u" * 40,
        authority="A" * 60,
        allows=[allows("video", 120, 48), allows("audio", 120, 48), allows("position", 120, 48)],
        purpose="é" * 80,
        requester="TO-123456",
        approver="AP-123456",
    )
    assert len(widest.text().encode()) < MAX_MANDATE_BYTES
    assert read_mandate(widest.text()) == widest
    assert unread(TEXT + " " * (MAX_MANDATE_BYTES + 1 - len(TEXT))) == "mandate-unreadable"


def test_times_in_another_zone_are_not_written_a_second_way() -> None:
    moved = mandate(not_before=(AT - A_SECOND).astimezone(ASIDE))
    assert moved == mandate(not_before=AT - A_SECOND)
    assert unread(moved.text()) == "mandate-unreadable"


@pytest.mark.parametrize(
    ("kind", "asked"), [("field", mandate), ("bench", bench_mandate), ("retrieval", retrieval_mandate)]
)
def test_a_window_has_a_beginning_an_end_and_a_bound(kind: MandateKind, asked: Any) -> None:
    longest = asked(not_before=AT, not_after=AT + LONGEST[kind])
    assert read_mandate(longest.text()) == longest
    for length in (LONGEST[kind] + A_SECOND, timedelta(), -A_SECOND):
        assert unread(asked(not_before=AT, not_after=AT + length).text()) == "mandate-window"


@pytest.mark.parametrize(
    "asked",
    [
        mandate(allows=[allows("video"), allows("video", 1, 1)]),
        mandate(authority=None),
        bench_mandate(authority="AUTH-26/7"),
        retrieval_mandate(authority=None),
        retrieval_mandate(allows=[allows("video")]),
        retrieval_mandate(allows=[allows("position"), allows("audio")]),
    ],
)
def test_a_mandate_that_contradicts_itself_is_none(asked: Mandate) -> None:
    assert unread(asked.text()) == "mandate-contradiction"


def test_nobody_approves_their_own_mandate() -> None:
    asked = mandate(requester=SUPERVISOR, approver=SUPERVISOR)
    assert unread(asked.text()) == "same-person"
    assert refused(HOUSE.signed_mandate(asked)) == "same-person"


def test_the_window_is_half_open() -> None:
    asked = mandate()
    check_window(asked, asked.not_before)
    check_window(asked, asked.not_after - timedelta(microseconds=1))
    for at, reason in [
        (asked.not_before - timedelta(microseconds=1), "before-mandate"),
        (asked.not_after, "after-mandate"),
    ]:
        with pytest.raises(InvalidMandate, match=asked.mandate) as error:
            check_window(asked, at)
        assert error.value.reason == reason


@pytest.mark.parametrize("asked", [mandate(), bench_mandate()])
@pytest.mark.parametrize("missing", ["requester", "approver"])
def test_one_signature_is_not_enough(missing: str, asked: Mandate) -> None:
    assert refused(msgspec.structs.replace(HOUSE.signed_mandate(asked), **{missing: ""})) == "single-signer"


def test_a_signature_counts_for_the_one_who_made_it() -> None:
    swapped = msgspec.structs.replace(SIGNED, requester=SIGNED.approver, approver=SIGNED.requester)
    twice = msgspec.structs.replace(SIGNED, approver=SIGNED.requester)
    assert (refused(swapped), refused(twice)) == ("bad-signature", "bad-signature")


def test_a_stranger_with_a_name_of_the_list_is_refused() -> None:
    stranger = Signatory(ENGINEER, "engineer", TokenKey("a stranger's"))
    assert refused(HOUSE.signed_mandate(requester=stranger)) == "bad-signature"
    assert refused(HOUSE.signed_mandate(), HOUSE.people_list(AP_07=None)) == "unknown-person"


@pytest.mark.parametrize("namespace", ["login@muster", "people@muster", "file", ""])
def test_a_signature_made_for_something_else_is_refused(namespace: str) -> None:
    assert refused(HOUSE.signed_mandate(namespace=namespace)) == "bad-signature"


def test_a_signature_of_another_mandate_is_refused() -> None:
    other = HOUSE.signed_mandate(mandate(salt="00" * 16))
    assert refused(msgspec.structs.replace(SIGNED, text=other.text)) == "bad-signature"
    assert refused(msgspec.structs.replace(SIGNED, approver=other.approver)) == "bad-signature"


def test_the_line_end_belongs_to_what_is_signed() -> None:
    pens = [HOUSE.people[ENGINEER], HOUSE.people[APPROVING]]
    without = [pen.sign(TEXT.encode()) for pen in pens]
    assert refused(SignedMandate(text=TEXT, requester=without[0], approver=without[1])) == "bad-signature"


@pytest.mark.parametrize("who", ["TO_12", "AP_07"])
def test_a_term_is_half_open_too(who: str) -> None:
    begins, ends = (
        HOUSE.people_list(1, log_policy="", **{who: term}) for term in ({"valid_from": AT}, {"valid_until": AT})
    )
    check_mandate(SIGNED, begins, AT, plain_keys_may_sign=False)
    assert refused(SIGNED, begins, at=AT - A_SECOND) == "not-in-force"
    check_mandate(SIGNED, ends, AT - A_SECOND, plain_keys_may_sign=False)
    assert refused(SIGNED, ends) == "not-in-force"


@pytest.mark.parametrize("requester", [APPROVING, INSPECTOR, ADMINISTRATORS[0]])
def test_only_engineers_and_supervisors_request(requester: str) -> None:
    assert refused(HOUSE.signed_mandate(mandate(requester=requester, approver=SUPERVISOR))) == "role-may-not-sign"


@pytest.mark.parametrize("approver", [ENGINEER, INSPECTOR, ADMINISTRATORS[0]])
def test_only_approvers_and_supervisors_approve(approver: str) -> None:
    assert refused(HOUSE.signed_mandate(mandate(requester=SUPERVISOR, approver=approver))) == "role-may-not-sign"


def test_the_role_is_the_list_s_and_not_what_it_was() -> None:
    assert refused(SIGNED, HOUSE.people_list(TO_12={"role": "inspector"})) == "role-may-not-sign"


@pytest.mark.parametrize("asked", [mandate(), retrieval_mandate()])
def test_keys_on_disk_sign_in_the_field_only_where_the_unit_is_told_so(asked: Mandate) -> None:
    signed, people = ON_DISK.signed_mandate(asked), ON_DISK.people_list()
    assert refused(signed, people) == "key-not-hardware"
    assert check_mandate(signed, people, AT, plain_keys_may_sign=True) == asked


@pytest.mark.parametrize("disk", [ENGINEER, APPROVING])
def test_one_token_is_not_enough_in_the_field(disk: str) -> None:
    house = House({**HOUSE.people, disk: ON_DISK.people[disk]})
    assert refused(house.signed_mandate(), house.people_list()) == "key-not-hardware"


def test_keys_on_disk_sign_on_the_bench() -> None:
    asked = bench_mandate()
    signed, people = ON_DISK.signed_mandate(asked), ON_DISK.people_list()
    assert check_mandate(signed, people, AT, plain_keys_may_sign=False) == asked


@pytest.mark.parametrize("asked", [mandate(), bench_mandate(), retrieval_mandate()])
@pytest.mark.parametrize("flags", [(0, 1), (1, 0), (4, 5), (0, 0), (0xFE, 1)])
def test_a_token_that_nobody_touched_signs_nothing(flags: tuple[int, int], asked: Mandate) -> None:
    signed = HOUSE.signed_mandate(asked, flags=flags)
    assert refused(signed) == "user-absent"
    assert refused(signed, plain_keys_may_sign=True) == "user-absent"


@pytest.mark.parametrize("flags", [(5, 1), (1, 5)])
def test_a_pin_beside_the_touch_does_no_harm(flags: tuple[int, int]) -> None:
    assert check_mandate(HOUSE.signed_mandate(flags=flags), PEOPLE, AT, plain_keys_may_sign=False) == mandate()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (TokenKey("one"), TokenKey("one")),
        (TokenKey("one"), TokenKey("one", b"ssh:elsewhere")),
        (TokenKey("one"), DiskKey("one")),
        (DiskKey("one"), TokenKey("one")),
        (DiskKey("one"), DiskKey("one")),
    ],
)
def test_two_people_with_one_key_are_one_signer(first: Any, second: Any) -> None:
    """A people list with such keys is refused where it is read; a mandate is refused whatever list it is judged by."""
    engineer, approver = Signatory(ENGINEER, "engineer", first), Signatory(APPROVING, "approver", second)
    house = House({**HOUSE.people, ENGINEER: engineer, APPROVING: approver})
    asked = bench_mandate()
    assert refused(house.signed_mandate(asked), house.people_list(), plain_keys_may_sign=True) == "same-key"


def test_each_signature_can_be_checked_by_itself() -> None:
    for signer, armored, who in [(REQUESTER, SIGNED.requester, ENGINEER), (APPROVER, SIGNED.approver, APPROVING)]:
        person = check_signature(mandate(), signer, armored, PEOPLE, AT, plain_keys_may_sign=False)
        assert person.person_id == who


@pytest.mark.parametrize("garbage", ["x", "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n", "x" * 2049])
def test_what_is_no_signature_is_refused(garbage: str) -> None:
    assert refused(msgspec.structs.replace(SIGNED, approver=garbage)) == "bad-signature"


@given(st.data())
def test_a_mandate_with_any_one_sign_changed_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(TEXT) - 1))
    other = data.draw(st.characters(exclude_characters=TEXT[place]))
    changed = data.draw(st.sampled_from([other, "", other + TEXT[place]]))
    text = TEXT[:place] + changed + TEXT[place + 1 :]
    if text != TEXT:
        refused(msgspec.structs.replace(SIGNED, text=text))


@given(st.data(), st.sampled_from(["requester", "approver"]))
def test_a_signature_with_any_one_sign_changed_is_refused(data: st.DataObject, whose: str) -> None:
    armored: str = getattr(SIGNED, whose)
    last = armored.rindex("\n-----END")
    place = data.draw(st.integers(ARMOR, last - 1).filter(lambda at: armored[at] != "\n"))
    other = data.draw(st.characters(codec="ascii", exclude_characters=armored[place]))
    changed = armored[:place] + other + armored[place + 1 :]
    assert refused(msgspec.structs.replace(SIGNED, **{whose: changed})) in {"bad-signature", "user-absent"}


moments = st.integers(-(1 << 31), 1 << 37).map(lambda unix_s: datetime.fromtimestamp(unix_s, UTC))
readable = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf"))
mandates = st.builds(
    Mandate,
    v=st.just(1),
    mandate=st.from_regex(r"\AM-[0-9a-f]{12}\Z"),
    kind=st.sampled_from(["field", "bench", "retrieval"]),
    unit=st.from_regex(r"\A[a-z0-9-]{8,40}\Z"),
    authority=st.none() | st.from_regex(r"\A[A-Za-z0-9./_-]{1,60}\Z"),
    allows=st.lists(
        st.builds(
            Allowance,
            modality=st.sampled_from(["video", "audio", "position"]),
            minutes_per_day=st.integers(1, 120),
            openings_per_day=st.integers(1, 48),
        ),
        min_size=1,
        max_size=3,
    ),
    purpose=st.text(readable, min_size=1, max_size=80),
    not_before=moments,
    not_after=moments,
    requester=st.from_regex(r"\A[A-Z]{2}-[0-9]{2,6}\Z", alphabet="ABCXYZ-0123456789"),
    approver=st.from_regex(r"\A[A-Z]{2}-[0-9]{2,6}\Z", alphabet="ABCXYZ-0123456789"),
    salt=st.from_regex(r"\A[0-9a-f]{32}\Z"),
)


@given(mandates)
def test_any_mandate_is_read_as_it_was_written_or_makes_no_sense(asked: Mandate) -> None:
    try:
        outcome: Mandate | str = read_mandate(asked.text())
    except InvalidMandate as error:
        outcome = error.reason
    if len(asked.text().encode()) > MAX_MANDATE_BYTES:
        assert outcome == "mandate-unreadable"
    else:
        assert outcome in (asked, "mandate-window", "mandate-contradiction", "same-person")


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode(errors="surrogateescape")))
def test_text_from_anywhere_is_no_mandate(text: str) -> None:
    assert unread(text) == "mandate-unreadable"
    refused(SignedMandate(text=text, requester=SIGNED.requester, approver=SIGNED.approver))
    refused(SignedMandate(text=TEXT, requester=text, approver=SIGNED.approver))
