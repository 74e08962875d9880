from datetime import UTC, datetime

import msgspec
import pytest

from protocols.api.feed import MAX_WATCHED, ClientMessage, FleetChanged, Hello, JoinsChanged, ServerMessage, Watch
from protocols.api.joins import Decision, Invite, Refusal, VoucherMade
from protocols.api.people import NewPerson
from protocols.api.sessions import ChallengeRequest, SignedIn, SignIn, login_text
from protocols.api.units import HistoryPoint, LabelChange, PresenceFacts, SettingsChange

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PERSON = {"person_id": "TO-12", "name": "A. Person", "role": "engineer", "key": "ssh-ed25519 AAAA"}


def test_tokens_and_vouchers_stay_out_of_reprs() -> None:
    secret = "5ec2e7-5ec2e7"
    assert secret not in repr(Hello(secret))
    assert secret not in repr(VoucherMade(voucher_id="1", text=secret, expires_at=AT))
    assert secret not in repr(SignedIn(token=secret, person_id="TO-12", role="engineer", idle_minutes=15))


def test_what_a_person_signs_to_sign_in_is_fixed() -> None:
    assert (
        login_text("TO-12", "0" * 64, "f" * 64) == b"muster login v1\nTO-12\n" + b"0" * 64 + b"\n" + b"f" * 64 + b"\n"
    )


@pytest.mark.parametrize("message", [Hello("token"), Watch(units=["unit-23456789"], events=True)])
def test_what_a_client_says_on_the_feed_survives_the_wire(message: ClientMessage) -> None:
    assert msgspec.json.decode(msgspec.json.encode(message), type=ClientMessage) == message


@pytest.mark.parametrize("message", [FleetChanged(), JoinsChanged(2)])
def test_what_the_feed_says_survives_the_wire(message: ServerMessage) -> None:
    assert msgspec.json.decode(msgspec.json.encode(message), type=ServerMessage) == message


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ClientMessage, {"type": "hello", "token": "x" * 101}),
        (ClientMessage, {"type": "hello", "token": "x", "as": "administrator"}),
        (ClientMessage, {"type": "watch", "units": ["u"] * (MAX_WATCHED + 1)}),
        (ClientMessage, {"type": "subscribe"}),
        (Invite, {"label": "two\nlines"}),
        (Invite, {"label": "one line and an end\n"}),
        (Invite, {"label": "x" * 41}),
        (LabelChange, {"label": "\x1b[31mred"}),
        (LabelChange, {"label": "\u202elebal"}),
        (LabelChange, {}),
        (Refusal, {"reason": ""}),
        (Refusal, {"reason": "a\0b"}),
        (Decision, {"fingerprint": "0" * 101}),
        (ChallengeRequest, {"person_id": "x" * 13}),
        (SignIn, {"person_id": "TO-12", "nonce": "0" * 63, "signature": ""}),
        (SignIn, {"person_id": "TO-12", "nonce": "0" * 64 + "\n", "signature": ""}),
        (SignIn, {"person_id": "TO-12", "nonce": "0" * 64, "signature": "x" * 4097}),
        (NewPerson, PERSON | {"person_id": "TO-12\n"}),
        (NewPerson, PERSON | {"role": "root"}),
        (NewPerson, PERSON | {"name": ""}),
        (NewPerson, PERSON | {"valid_days": 0}),
        (NewPerson, PERSON | {"ended_at": None}),
        (SettingsChange, {"based_on": -1}),
        (SettingsChange, {"based_on": 1 << 31}),
        (SettingsChange, {"based_on": 1, "report_every_s": 0}),
        (SettingsChange, {"based_on": 1, "report_often": True}),
    ],
)
def test_a_request_outside_its_bounds_is_refused(kind: object, value: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, type=kind)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ClientMessage, {"type": "watch", "units": ["u"] * MAX_WATCHED}),
        (Invite, {"label": "Zug 7, große Kiste"}),
        (NewPerson, PERSON),
        (SettingsChange, {"based_on": 0, "report_every_s": 86_400}),
    ],
)
def test_a_request_within_its_bounds_is_read(kind: object, value: dict[str, object]) -> None:
    assert msgspec.to_builtins(msgspec.convert(value, type=kind)).items() >= value.items()


@pytest.mark.parametrize(("running", "expected"), [(None, None), (3, True), (2, False), (4, False)])
def test_settings_are_in_step_only_when_the_unit_says_so(running: int | None, expected: bool | None) -> None:
    facts = PresenceFacts(
        session_up=None,
        session_changed_at=None,
        last_report_at=None,
        last_sampled_at=None,
        settings_wanted=3,
        settings_running=running,
        settings_seen_at=None,
    )
    assert facts.settings_in_step is expected


def test_history_is_sent_in_short_rows() -> None:
    assert msgspec.json.encode(HistoryPoint(AT, 1.0, 2.0, 3.0)) == b'["2026-11-21T12:00:00Z",1.0,2.0,3.0]'
