"""What controller and unit say about an opening: sizes, channels, strictness down and patience up."""

import json
from base64 import b64encode
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import given
from hypothesis import strategies as st

from protocols.downlink import Signed, seal, unseal
from protocols.errors import InvalidEnvelope, InvalidMessage, InvalidSignal
from protocols.opening import (
    MAX_SDP_CHARS,
    SIGNAL_PREFIX,
    Answered,
    AskNonce,
    Closed,
    CloseOpening,
    Degrees,
    DownSignal,
    GrantLease,
    IceServer,
    MediaOffer,
    NonceMade,
    PositionFound,
    Refused,
    SealedSignal,
    Signal,
    read_signal,
    seal_signal,
    signal_bytes,
    signal_text,
    signature_of,
)
from protocols.topics import MAX_PAYLOAD_BYTES, UpTopic
from protocols.uplink import PositionMessage, SignalMessage, decode_up, encode_up
from tests.support.mandates import AT, BOOT, NONCE, OPENING, UNIT, House, after, bench_mandate, to_ms
from tests.support.tlog_making import fixed_key

HOUSE = House()
GRANTED = HOUSE.granted(bench_mandate())
UNITS_KEY = fixed_key("unit")
OFFER = MediaOffer(
    sdp="v=0\r\n" + "a=candidate\r\n" * 500,
    ice_servers=[IceServer(urls=["turn:muster.example:3478?transport=udp"], username="u" * 60, credential="c" * 60)],
)
SIGNALS: list[Signal] = [
    NonceMade(opening=OPENING, nonce=NONCE, boot_id=BOOT),
    Answered(opening=OPENING, nonce=NONCE),
    Answered(opening=OPENING, nonce=NONCE, sdp="v=0\r\n"),
    Refused(opening=OPENING, rule="over-minutes", nonce=NONCE, detail="the ten minutes of today are used"),
    Refused(opening=OPENING, rule="busy"),
    Closed(opening=OPENING, reason="expiry", open_s=60),
    PositionFound(opening=OPENING, at=Degrees(latitude_deg=51.477, longitude_deg=-0.001), hdop=0.9, satellites=9),
]


def down(body: DownSignal) -> Signed:
    """The body as the controller signs it."""
    return Signed(
        unit=UNIT,
        session=NONCE,
        sender="5e4de75e4de75e4d",
        counter=1,
        issued_at_ms=to_ms(AT),
        expires_at_ms=to_ms(after(10)),
        body=body,
    )


def signed(signal: Signal) -> SealedSignal:
    """The signal as a unit signs it."""
    text = signal_text(signal)
    return seal_signal(text, "1f2e3d", UNITS_KEY.sign(signal_bytes(UNIT, text)))


@pytest.mark.parametrize(
    "body",
    [
        AskNonce(opening=OPENING, modalities=["video", "audio"]),
        GRANTED,
        msgspec.structs.replace(GRANTED, offer=OFFER),
        CloseOpening(opening=OPENING, reason="cancelled"),
    ],
)
def test_what_goes_down_is_read_as_it_was_signed(body: DownSignal) -> None:
    assert unseal(seal(down(body), HOUSE.controller), HOUSE.keys) == down(body)


def test_a_grant_with_an_offer_fits_one_message() -> None:
    body = msgspec.structs.replace(GRANTED, offer=OFFER)
    assert len(seal(down(body), HOUSE.controller)) < MAX_PAYLOAD_BYTES / 2


def test_a_grant_carried_in_a_file_is_the_same_grant() -> None:
    text = msgspec.json.encode(GRANTED)
    assert msgspec.json.decode(text, type=GrantLease) == GRANTED
    assert msgspec.json.encode(msgspec.json.decode(text, type=GrantLease)) == text


def beside(path: list[str], **more: Any) -> dict[str, Any]:
    """The grant with `more` in the object at `path`."""
    whole: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(msgspec.structs.replace(GRANTED, offer=OFFER)))
    place = whole
    for name in path:
        place = place[name]
    place.update(more)
    return whole


@pytest.mark.parametrize("path", [[], ["mandate"], ["logged"], ["logged", "lease"], ["offer"]])
def test_an_unknown_field_in_a_grant_is_refused_at_every_depth(path: list[str]) -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(msgspec.json.encode(beside(path, subject="nobody")), type=GrantLease)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        (["mandate"], {"text": "x" * 1025}),
        (["mandate"], {"requester": "x" * 2049}),
        (["mandate"], {"approver": None}),
        (["logged"], {"leaf": "x" * 65_536}),
        (["logged"], {"receipt": "x" * (24 * 1024 + 1)}),
        (["logged"], {"receipt": None}),
        (["offer"], {"sdp": ""}),
        (["offer"], {"sdp": "x" * (MAX_SDP_CHARS + 1)}),
        (["offer"], {"ice_servers": [{"urls": ["stun:x"]}] * 5}),
        (["offer"], {"ice_servers": [{"urls": []}]}),
        ([], {"type": "close-opening"}),
    ],
)
def test_every_part_of_a_grant_is_bounded_and_needed(path: list[str], more: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(beside(path, **more)), type=GrantLease)


@pytest.mark.parametrize(
    "body",
    [
        '{"type":"ask-nonce","opening":"open-1","modalities":["video"]}',
        f'{{"type":"ask-nonce","opening":"{OPENING}","modalities":[]}}',
        f'{{"type":"ask-nonce","opening":"{OPENING}","modalities":["video"],"for":"ever"}}',
        f'{{"type":"close-opening","opening":"{OPENING}","reason":"Some words"}}',
        f'{{"type":"close-opening","opening":"{OPENING}"}}',
        '{"type":"open-up"}',
    ],
)
def test_what_goes_down_is_refused_when_something_in_it_is_unknown(body: str) -> None:
    whole = json.loads(msgspec.json.encode(down(CloseOpening(opening=OPENING, reason="asked"))))
    envelope = seal(down(CloseOpening(opening=OPENING, reason="asked")), HOUSE.controller)
    assert unseal(envelope, HOUSE.keys).body == CloseOpening(opening=OPENING, reason="asked")
    whole["body"] = json.loads(body)
    text = json.dumps(whole).encode()
    raw = HOUSE.controller.sign(b"muster down v1\n" + text)
    forged = {"signed": text.decode(), "key": next(iter(HOUSE.keys)), "sig": b64encode(raw).decode()}
    with pytest.raises(InvalidEnvelope) as error:
        unseal(json.dumps(forged).encode(), HOUSE.keys)
    assert error.value.reason == "malformed"


@pytest.mark.parametrize("signal", SIGNALS)
def test_what_goes_up_is_read_as_it_was_signed(signal: Signal) -> None:
    sealed = signed(signal)
    UNITS_KEY.public_key().verify(signature_of(sealed), signal_bytes(UNIT, sealed.text))
    assert read_signal(sealed) == signal


@pytest.mark.parametrize("signal", SIGNALS)
def test_each_signal_has_its_channel(signal: Signal) -> None:
    position = isinstance(signal, PositionFound)
    kind, channel = (PositionMessage, "position") if position else (SignalMessage, "signal")
    message = kind(unit=UNIT, session=NONCE, sealed=signed(signal))
    assert decode_up(UpTopic(UNIT, "position" if position else "signal"), encode_up(message)) == message
    for other in ("health", "event", "result", "lwt", "signal", "position"):
        if other != channel:
            with pytest.raises(InvalidMessage):
                decode_up(UpTopic(UNIT, other), encode_up(message))


def test_a_signature_under_a_signal_covers_unit_and_text() -> None:
    sealed = signed(SIGNALS[0])
    public, raw = UNITS_KEY.public_key(), signature_of(sealed)
    for unit, text in [("unit-other234", sealed.text), (UNIT, sealed.text + " "), (f"{UNIT}\n", sealed.text)]:
        with pytest.raises(InvalidSignature):
            public.verify(raw, signal_bytes(unit, text))
    assert signal_bytes(UNIT, "text") == SIGNAL_PREFIX + UNIT.encode() + b"\ntext"


@pytest.mark.parametrize("signature", ["=", "A", "A A=", "\u00e9", "AAAA\n", "\ud800"])
def test_what_is_not_base64_is_no_signature(signature: str) -> None:
    with pytest.raises(InvalidSignal) as error:
        signature_of(SealedSignal(text="{}", certificate="1f", signature=signature))
    assert error.value.reason == "malformed"


def test_what_a_newer_unit_adds_to_a_signal_is_passed_over() -> None:
    text = signal_text(SIGNALS[0]).replace("{", '{"new":[1],', 1)
    assert read_signal(seal_signal(text, "1f", b"")) == SIGNALS[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[" * 20_000,
        '{"signal":"opened","opening":"open-0123456789abcdef01234567"}',
        '{"signal":"refused","opening":"open-0123456789abcdef01234567","rule":"Some words"}',
        '{"signal":"refused","opening":"open-0123456789abcdef01234567","rule":"busy","detail":"two\\nlines"}',
        '{"signal":"closed","opening":"open-0123456789abcdef01234567","reason":"expiry","open_s":-1}',
        '{"signal":"position-found","opening":"open-0123456789abcdef01234567","at":{"latitude_deg":91.0,"longitude_deg":0},"hdop":1}',
        '{"signal":"position-found","opening":"open-0123456789abcdef01234567","at":{"latitude_deg":1e999,"longitude_deg":0},"hdop":1}',
    ],
)
def test_what_is_no_signal_is_refused(text: str) -> None:
    with pytest.raises(InvalidSignal) as error:
        read_signal(SealedSignal(text=text, certificate="1f", signature=""))
    assert error.value.reason == "malformed"


@given(st.text(max_size=200))
def test_text_from_anywhere_is_no_signal(text: str) -> None:
    with pytest.raises(InvalidSignal):
        read_signal(SealedSignal(text=text, certificate="1f", signature=""))


def test_a_position_is_shown_nowhere_but_in_its_own_fields() -> None:
    found = SIGNALS[-1]
    assert isinstance(found, PositionFound)
    assert found.at.latitude_deg == 51.477
    for shown in (repr(found), str(found), f"{found!r}", repr([found]), repr(found.at)):
        assert "51." not in shown
        assert "0.001" not in shown
