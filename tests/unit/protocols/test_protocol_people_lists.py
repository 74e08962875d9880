"""Which people list may follow which: two administrators of the list before, and nothing else, put one in force."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import InvalidPeopleList
from protocols.people import (
    MAX_LIST_CHARS,
    MAX_VERSION,
    ListedPerson,
    ListSignature,
    PeopleList,
    Role,
    SignedPeopleList,
    check_next,
    check_signature,
    read_list,
)
from protocols.people_changes import differences
from protocols.sshsig import read_key
from tests.support.people import Keyholder
from tests.support.ssh_token import SoftToken, armored

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)
ADA, BO, CY, LATE = (Keyholder.make(person_id) for person_id in ("AD-01", "AD-02", "AD-03", "AD-04"))
TOM, EVE = Keyholder.make("TO-12"), Keyholder.make("AD-99")
EVERYBODY = (ADA, BO, CY, LATE, TOM, EVE)


def listed(person: Keyholder, role: Role = "administrator", **changes: Any) -> ListedPerson:
    entry = ListedPerson(
        person_id=person.person_id, role=role, key=person.line, valid_from=NOW - 100 * DAY, valid_until=NOW + 200 * DAY
    )
    return msgspec.structs.replace(entry, **changes)


CURRENT = PeopleList(
    version=4,
    people=[listed(ADA), listed(BO), listed(CY), listed(LATE, valid_until=NOW - DAY), listed(TOM, "engineer")],
    made_at=NOW - 50 * DAY,
)
NEXT = PeopleList(version=5, people=[*CURRENT.people, listed(EVE, "approver")], made_at=NOW)
TEXT = NEXT.text()


def signed(*signers: Keyholder, text: str = TEXT) -> SignedPeopleList:
    return SignedPeopleList(text=text, signatures=[signer.signed(text) for signer in signers])


def reason(candidate: SignedPeopleList, current: PeopleList = CURRENT) -> str:
    with pytest.raises(InvalidPeopleList) as error:
        check_next(current, candidate)
    assert error.value.detail
    return error.value.reason


def unread(text: str) -> str:
    with pytest.raises(InvalidPeopleList) as error:
        read_list(text)
    return error.value.reason


def test_two_administrators_put_the_next_list_in_force() -> None:
    for pair in [(ADA, BO), (BO, CY), (CY, ADA), (ADA, BO, CY)]:
        assert check_next(CURRENT, signed(*pair)) == read_list(TEXT)


@given(st.lists(st.sampled_from(EVERYBODY), max_size=8))
def test_whoever_signs_it_takes_two_administrators_of_the_list_before(signers: list[Keyholder]) -> None:
    candidate = signed(*signers)
    able = {signer.person_id for signer in signers} & {"AD-01", "AD-02", "AD-03"}
    others = [signer for signer in signers if signer.person_id not in able]
    if len(able) >= 2 and not others:
        assert check_next(CURRENT, candidate).version == 5
    else:
        assert reason(candidate) == ("bad-signature" if others else "too-few-signatures")


@given(st.lists(st.tuples(st.sampled_from(EVERYBODY), st.sampled_from([p.person_id for p in EVERYBODY])), max_size=6))
def test_no_signature_counts_under_another_name_or_twice(claims: list[tuple[Keyholder, str]]) -> None:
    signatures = [ListSignature(person_id=name, signature=signer.sign(TEXT)) for signer, name in claims]
    honest = {signer.person_id for signer, name in claims if signer.person_id == name} & {"AD-01", "AD-02", "AD-03"}
    try:
        check_next(CURRENT, SignedPeopleList(text=TEXT, signatures=signatures))
    except InvalidPeopleList:
        return
    assert len(honest) >= 2
    assert all(signer.person_id == name for signer, name in claims)


def test_a_signature_moved_from_another_list_proves_nothing() -> None:
    other = msgspec.structs.replace(NEXT, made_at=NOW + timedelta(seconds=1)).text()
    moved = SignedPeopleList(text=TEXT, signatures=[ADA.signed(TEXT), BO.signed(other)])
    assert reason(moved) == "bad-signature"
    login = ListSignature(person_id="AD-02", signature=BO.sign(TEXT, "login@muster"))
    assert reason(SignedPeopleList(text=TEXT, signatures=[ADA.signed(TEXT), login])) == "bad-signature"


def test_an_administrator_who_was_left_out_or_lost_the_role_signs_nothing_more() -> None:
    without = PeopleList(
        version=5, people=[listed(ADA), listed(BO), listed(CY, "engineer"), listed(TOM, "engineer")], made_at=NOW
    )
    check_next(CURRENT, signed(ADA, CY, text=without.text()))
    after = PeopleList(version=6, people=without.people, made_at=NOW).text()
    assert reason(signed(ADA, CY, text=after), without) == "bad-signature"
    assert reason(signed(ADA, LATE, text=after), without) == "bad-signature"
    check_next(without, signed(ADA, BO, text=after))


def test_an_old_key_signs_nothing_after_a_new_one_took_its_place() -> None:
    again = Keyholder.make("AD-03")
    rekeyed = PeopleList(version=5, people=[listed(ADA), listed(BO), listed(again)], made_at=NOW)
    check_next(CURRENT, signed(ADA, BO, text=rekeyed.text()))
    after = msgspec.structs.replace(rekeyed, version=6).text()
    assert reason(signed(ADA, CY, text=after), rekeyed) == "bad-signature"
    check_next(rekeyed, signed(ADA, again, text=after))


@pytest.mark.parametrize(
    ("made_at", "fits"),
    [(NOW - 2 * DAY, True), (NOW - DAY - timedelta(seconds=1), True), (NOW - DAY, False), (NOW, False)],
)
def test_signers_are_judged_at_the_time_the_list_names(made_at: datetime, *, fits: bool) -> None:
    following = msgspec.structs.replace(NEXT, made_at=made_at)
    candidate = signed(ADA, LATE, text=following.text())
    if fits:
        check_next(CURRENT, candidate)
    else:
        assert reason(candidate) == "bad-signature"
    not_yet = msgspec.structs.replace(CURRENT, people=[*CURRENT.people[:2], listed(CY, valid_from=NOW + DAY)])
    assert reason(signed(ADA, CY, text=following.text()), not_yet) == "bad-signature"


@given(st.integers(1, MAX_VERSION).filter(lambda version: version != 5))
def test_only_the_next_version_follows(version: int) -> None:
    text = msgspec.structs.replace(NEXT, version=version).text()
    assert reason(signed(ADA, BO, text=text)) == "wrong-version"


def test_an_earlier_list_does_not_follow() -> None:
    text = msgspec.structs.replace(NEXT, made_at=CURRENT.made_at - timedelta(microseconds=1)).text()
    assert reason(signed(ADA, BO, text=text)) == "made-earlier"
    check_next(CURRENT, signed(ADA, BO, text=msgspec.structs.replace(NEXT, made_at=CURRENT.made_at).text()))


@given(st.integers(0, len(TEXT)), st.sampled_from(["\n", " ", "\t", "\r\n"]))
def test_blanks_and_line_ends_make_another_text(place: int, blank: str) -> None:
    assert unread(TEXT[:place] + blank + TEXT[place:]) in {"unreadable", "key-unusable"}


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("{", '{"note":1,', 1),
        lambda text: text.replace('"version":5,', '"version":5,"version":5,'),
        lambda text: text.replace('"role":"approver"', '"role":"root"'),
        lambda text: text.replace("2026-11-22T00:00:00Z", "2026-11-22T00:00:00"),
        lambda text: text.replace("2026-11-22T00:00:00Z", "2026-11-22T00:00:00.000Z"),
        lambda text: text.replace("2026-11-22T00:00:00Z", "2026-11-22T00:00:00+00:00"),
        lambda text: text.replace('"version":5', '"version":5.0'),
        lambda text: text.replace('"version":5', '"version":0'),
        lambda text: text.replace('"version":5', f'"version":{2**31}'),
        lambda text: text.replace("TO-12", "TO-12\\n"),
        lambda text: text.replace("TO-12", "\\u0054O-12"),
        lambda text: text.replace("TO-12", "\ud800"),
        lambda text: "[" * len(text) * 50,
        lambda text: text + " " * MAX_LIST_CHARS,
        lambda text: text[:0],
    ],
)
def test_of_each_list_there_is_one_text(change: Callable[[str], str]) -> None:
    assert change(TEXT) != TEXT
    assert unread(change(TEXT)) == "unreadable"


def test_a_time_without_a_zone_anywhere_is_refused_and_not_stumbled_over() -> None:
    naive = msgspec.structs.replace(NEXT, people=[*NEXT.people[:3], listed(TOM, valid_from=datetime(2026, 1, 1))])  # noqa: DTZ001 - what is refused
    assert unread(naive.text()) == "unreadable"


@given(st.sampled_from([ADA, BO, TOM]), st.sampled_from(["TO-50", "AD-50"]))
def test_a_key_under_two_names_is_refused(holder: Keyholder, other: str) -> None:
    double = listed(Keyholder(other, holder.key), "approver")
    assert unread(msgspec.structs.replace(NEXT, people=[*NEXT.people, double]).text()) == "key-twice"


def test_a_raw_key_once_on_disk_and_once_in_a_token_is_the_same_key() -> None:
    token = SoftToken()
    raw = read_key(token.line).raw
    disk = read_key(ADA.line)
    on_disk = type(disk)(kind="ssh-ed25519", raw=raw).line
    both = [listed(ADA), listed(BO, key=token.line), listed(CY, key=on_disk)]
    assert unread(msgspec.structs.replace(NEXT, people=both).text()) == "key-twice"


def test_a_person_is_listed_once() -> None:
    again = listed(Keyholder.make("TO-12"), "supervisor")
    assert unread(msgspec.structs.replace(NEXT, people=[*NEXT.people, again]).text()) == "person-twice"


@pytest.mark.parametrize("other", [" comment", "  ", "\n"])
def test_a_key_line_has_one_form(other: str) -> None:
    loose = listed(TOM, "engineer", key=TOM.line + other)
    assert unread(msgspec.structs.replace(NEXT, people=[*NEXT.people[:3], loose]).text()) == "key-unusable"


@pytest.mark.parametrize(
    "second",
    [
        listed(BO, "supervisor"),
        listed(BO, valid_until=NOW),
        listed(BO, valid_from=NOW + 2 * DAY, valid_until=NOW + DAY),
        listed(TOM, "engineer"),
    ],
)
def test_a_list_that_nobody_could_ever_change_is_refused(second: ListedPerson) -> None:
    assert unread(PeopleList(version=5, people=[listed(ADA), second], made_at=NOW).text()) == "too-few-administrators"


def test_a_token_signs_a_list_when_it_was_touched() -> None:
    token = SoftToken()
    current = msgspec.structs.replace(CURRENT, people=[listed(ADA), listed(BO, key=token.line)])
    namespace = "people@muster"
    for flags, taken in [(1, True), (0, False)]:
        touch = ListSignature(person_id="AD-02", signature=armored(token.sshsig(TEXT.encode(), namespace, flags=flags)))
        candidate = SignedPeopleList(text=TEXT, signatures=[ADA.signed(TEXT), touch])
        if taken:
            check_next(current, candidate)
        else:
            assert reason(candidate, current) == "bad-signature"


def test_one_signature_is_checked_like_all() -> None:
    following = read_list(TEXT)
    assert check_signature(CURRENT, following, TEXT, ADA.signed(TEXT)) == "AD-01"
    for signer in (TOM, LATE, EVE):
        with pytest.raises(InvalidPeopleList, match=signer.person_id):
            check_signature(CURRENT, following, TEXT, signer.signed(TEXT))


def test_the_differences_are_all_that_changes() -> None:
    again = Keyholder.make("AD-03")
    after = PeopleList(
        version=5,
        people=[
            listed(ADA, valid_until=NOW + 300 * DAY),
            listed(BO, "supervisor"),
            listed(again, "approver", valid_until=NOW + 7 * DAY),
            listed(EVE),
            listed(TOM, "engineer"),
        ],
        made_at=NOW,
    )
    assert [(change.what, change.person.person_id) for change in differences(CURRENT, after)] == [
        ("new-term", "AD-01"),
        ("new-role", "AD-02"),
        ("new-key", "AD-03"),
        ("new-role", "AD-03"),
        ("left-out", "AD-04"),
        ("added", "AD-99"),
    ]
    assert differences(after, after) == []
