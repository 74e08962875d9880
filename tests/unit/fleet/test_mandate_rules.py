"""Where a mandate stands, whether it may be opened at a moment, and whose signature is handed in."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import Conflict
from fleet.mandates.rules import Wanted, check_on_bench, ended_words
from fleet.mandates.standing import Obstacle, Standing, standing
from fleet.store.stored_authority import Authority
from fleet.store.stored_mandate import DRAFT_LIFE, StoredMandate
from protocols.access_record import REASONS
from protocols.deployments import DeploymentState
from protocols.errors import InvalidMandate
from protocols.mandate import Mandate, MandateKind, mandate_hash, signed_bytes, signer_of
from protocols.people import PeopleList
from tests.support.mandates import (
    AT,
    AUTHORITY,
    allows,
    bench_mandate,
    mandate,
    retrieval_mandate,
    signatories,
)

DAY, HOUR, S = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


def authority(**changes: Any) -> Authority:
    fields: dict[str, Any] = {
        "authority_id": "A-0123456789ab",
        "reference": AUTHORITY,
        "kinds": ["use", "retrieve"],
        "modalities": ["video", "audio", "position"],
        "authorised_by_rank": "Superintendent",
        "starts_at": AT - DAY,
        "ends_at": AT + 30 * DAY,
        "urgent_oral": False,
        "recorded_by": "AP-07",
        "recorded_at": AT - DAY,
    }
    return Authority(**{**fields, **changes})


def stored(line: Mandate | None = None, **changes: Any) -> StoredMandate:
    """The mandate as recorded four hours before AT."""
    line = line or mandate()
    fields: dict[str, Any] = {
        "mandate_id": line.mandate,
        "kind": line.kind,
        "unit_id": line.unit,
        "unit_label": "mast north",
        "unit_state": "active",
        "authority_id": "A-0123456789ab" if line.authority else None,
        "authority": line.authority,
        "text": line.text(),
        "sha256": mandate_hash(line.text()),
        "not_before": line.not_before,
        "not_after": line.not_after,
        "requester": line.requester,
        "approver": line.approver,
        "drafted_at": AT - 4 * HOUR,
        "recorded_at": AT - 4 * HOUR,
        "discarded_at": None,
        "cancelled_by": None,
        "cancelled_at": None,
        "recovered_by": None,
        "recovered_at": None,
        "signatures": {line.requester: "one", line.approver: "other"},
        "signed_at": {line.requester: AT - 4 * HOUR, line.approver: AT - 4 * HOUR},
    }
    return StoredMandate(**{**fields, **changes})


DRAFT = {"recorded_at": None}
CANCELLED = {"cancelled_at": AT, "cancelled_by": "TO-12"}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "live"),
        ({"not_before": AT}, "live"),
        ({"not_before": AT + S}, "future"),
        ({"not_after": AT}, "ended"),
        (CANCELLED, "cancelled"),
        (DRAFT, "draft"),
        ({**DRAFT, "drafted_at": AT - DRAFT_LIFE + S}, "draft"),
        ({**DRAFT, "drafted_at": AT - DRAFT_LIFE}, "discarded"),
        ({**DRAFT, "discarded_at": AT}, "discarded"),
        ({**DRAFT, "not_after": AT + S}, "draft"),
        ({**DRAFT, "not_after": AT}, "discarded"),
    ],
)
def test_where_it_stands(changes: dict[str, Any], state: str) -> None:
    found = stored(**changes)
    assert found.state(AT) == state
    assert found.view(AT).state == state


def test_what_was_given_by_word_of_mouth_lapses_as_long_after_as_it_was_given_for() -> None:
    oral = authority(urgent_oral=True, starts_at=AT - 12 * HOUR, ends_at=AT - 2 * HOUR)
    assert ended_words(oral).startswith("lapsed 10 h after it was given by word of mouth, at ")
    longest = authority(urgent_oral=True, starts_at=AT - 90 * HOUR, ends_at=AT)
    assert ended_words(longest).startswith("lapsed 3 d after it was given by word of mouth, at ")
    assert ended_words(authority(ends_at=AT)).startswith("ended, at ")


def test_an_erased_one_is_shown_without_what_its_line_said() -> None:
    view = stored(text="").view(AT)
    assert (view.text, view.allows, view.purpose, view.kind) == ("", [], "", "field")


def test_a_line_that_somebody_changed_is_shown_as_it_is() -> None:
    view = stored(text="{}").view(AT)
    assert (view.text, view.allows, view.purpose, view.state) == ("{}", [], "", "live")


OTHER_LINE = mandate(purpose="something else").text()


@pytest.mark.parametrize(
    ("line", "of_mandate", "of_authority", "rule"),
    [
        (mandate(), {}, {}, None),
        (bench_mandate(), {}, None, None),
        (mandate(), DRAFT, {}, "no-mandate"),
        (mandate(), CANCELLED, {}, "mandate-cancelled"),
        (mandate(), {"not_before": AT + S}, {}, "before-mandate"),
        (mandate(), {"not_after": AT}, {}, "after-mandate"),
        (mandate(), {"unit_state": "revoked"}, {}, "revoked"),
        (mandate(), {"unit_state": "quarantined"}, {}, "revoked"),
        (mandate(), {"text": ""}, {}, "mandate-unreadable"),
        (mandate(), {"text": "{}"}, {}, "mandate-unreadable"),
        (mandate(), {"text": OTHER_LINE}, {}, "mandate-unreadable"),
        (mandate(allows=[allows("audio")]), {}, {}, "modality-not-covered"),
        (retrieval_mandate(), {}, {}, "modality-not-covered"),
        (mandate(), {}, None, "no-authority"),
        (mandate(), {}, {"reference": "X/9"}, "no-authority"),
        (mandate(), {}, {"kinds": ["install"]}, "no-authority"),
        (mandate(), {}, {"modalities": ["audio"]}, "no-authority"),
        (mandate(), {}, {"starts_at": AT + S}, "before-authority"),
        (mandate(), {}, {"ends_at": AT}, "after-authority"),
        (mandate(), {}, {"urgent_oral": True, "starts_at": AT - 72 * HOUR}, "after-authority"),
        (mandate(), {}, {"cancelled_at": AT, "cancelled_by": "AP-07"}, "authority-cancelled"),
        (mandate(), {}, {"next_review_at": AT}, "review-overdue"),
        (mandate(), {}, {"next_review_at": AT + S}, None),
    ],
)
def test_what_may_be_opened_now(
    line: Mandate, of_mandate: dict[str, Any], of_authority: dict[str, Any] | None, rule: str | None
) -> None:
    given_by = None if of_authority is None else authority(**of_authority)
    found = standing(stored(line, **of_mandate), given_by, "video", AT)
    assert (found.rule if isinstance(found, Obstacle) else None) == rule
    if isinstance(found, Obstacle):
        assert found.rule in REASONS
        assert found.sentence
        assert found.remedy


MOMENTS = st.integers(-100, 100).map(lambda hours: AT + hours * HOUR)


@given(MOMENTS, MOMENTS, MOMENTS, st.none() | MOMENTS, MOMENTS)
def test_what_stands_does_so_until_the_earliest_end(
    not_after: Any, starts_at: Any, ends_at: Any, review_at: Any, at: Any
) -> None:
    """At every moment before `until` nothing else would be in the way, and at `until` something is."""
    found = stored(not_after=not_after)
    given_by = authority(starts_at=starts_at, ends_at=ends_at, next_review_at=review_at)
    now = standing(found, given_by, "video", at)
    if isinstance(now, Standing):
        assert at < now.until <= not_after
        assert now.review_at == review_at
        assert isinstance(standing(found, given_by, "video", now.until - S), Standing)
        assert isinstance(standing(found, given_by, "video", now.until), Obstacle)


PEOPLE = signatories()
LIST = PeopleList(version=1, people=[one.listed() for one in PEOPLE.values()], made_at=AT)


def _signer(person_id: str, line: Mandate, text: str | None = None, people: PeopleList = LIST, flags: int = 1) -> str:
    armored = PEOPLE[person_id].sign(signed_bytes(text or line.text()), flags=flags)
    return signer_of(line, armored, people, AT, plain_keys_may_sign=False).person_id


def test_a_signature_says_whose_it_is() -> None:
    line = mandate()
    assert [_signer(one, line) for one in (line.requester, line.approver)] == [line.requester, line.approver]


@pytest.mark.parametrize(
    ("person_id", "text", "flags", "reason"),
    [
        ("SV-03", None, 1, "signature-of-nobody"),
        ("TO-12", OTHER_LINE, 1, "bad-signature"),
        ("AP-07", OTHER_LINE, 1, "bad-signature"),
        ("AP-07", None, 0, "user-absent"),
    ],
)
def test_what_is_handed_in_and_proves_nothing(person_id: str, text: str | None, flags: int, reason: str) -> None:
    with pytest.raises(InvalidMandate) as caught:
        _signer(person_id, mandate(), text, flags=flags)
    assert caught.value.reason == reason


@pytest.mark.parametrize("text", ["garbage", "-----BEGIN SSH SIGNATURE-----\n!\n-----END SSH SIGNATURE-----\n"])
def test_what_can_not_be_read_is_nobodys_signature(text: str) -> None:
    with pytest.raises(InvalidMandate, match="the signature can not be read: it is n") as caught:
        signer_of(mandate(), text, LIST, AT, plain_keys_may_sign=False)
    assert caught.value.reason == "bad-signature"


def test_a_signature_for_something_else_says_for_what() -> None:
    line = mandate()
    armored = PEOPLE["TO-12"].sign(signed_bytes(line.text()), namespace="wrong@ns")
    with pytest.raises(InvalidMandate, match="the signature of TO-12: it is for namespace 'wrong@ns', not for mandate"):
        signer_of(line, armored, LIST, AT, plain_keys_may_sign=False)


def test_whose_term_is_over_or_who_is_not_listed_is_named() -> None:
    line = mandate()
    ended = PEOPLE["AP-07"].listed(valid_until=AT)
    for people, reason in (
        ([*LIST.people[:2], ended, *LIST.people[3:]], "not-in-force"),
        ([one for one in LIST.people if one.person_id != "AP-07"], "unknown-person"),
    ):
        with pytest.raises(InvalidMandate) as caught:
            _signer("AP-07", line, people=msgspec.structs.replace(LIST, people=people))
        assert (caught.value.reason, "AP-07" in caught.value.detail) == (reason, True)


@pytest.mark.parametrize(
    ("kind", "deployment", "is_refused"),
    [
        ("bench", None, False),
        ("bench", ("DEP-7", "checked-out"), False),
        ("bench", ("DEP-7", "fitted"), True),
        ("bench", ("DEP-7", "maintenance"), True),
        ("bench", ("DEP-7", "recovered"), False),
        ("field", ("DEP-7", "live"), False),
    ],
)
def test_a_bench_mandate_is_for_a_unit_that_is_not_fitted(
    kind: MandateKind, deployment: tuple[str, DeploymentState] | None, *, is_refused: bool
) -> None:
    wanted = Wanted(kind, "unit-abcd2345", ["video"], AT, AT)
    if not is_refused:
        check_on_bench(wanted, deployment)
        return
    with pytest.raises(Conflict, match="unit-abcd2345 is fitted for DEP-7") as caught:
        check_on_bench(wanted, deployment)
    assert (caught.value.problem.code, bool(caught.value.problem.remedy)) == ("unit-fitted", True)
