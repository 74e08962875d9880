"""A unit's own chain: what is a record, and what follows what."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.access_record import GENESIS, MAX_RECORD_CHARS, AccessRecord, check_follows, read_record, record_hash
from protocols.errors import InvalidAccessRecord
from tests.unit.protocols.protocol_strategies import digests, lines, seqs, unix_ms

_references = st.from_regex(r"\A[A-Za-z0-9./_-]{1,60}\Z")
_ids = st.from_regex(r"(?:open-|m-|M-)?[0-9a-f][0-9a-f-]{0,35}", fullmatch=True)
records = st.builds(
    AccessRecord,
    number=seqs,
    prior=digests,
    at_ms=unix_ms,
    boot_id=lines(80),
    boot_ms=st.integers(0, (1 << 53) - 1),
    what=st.sampled_from(["started", "opened", "closed", "refused"]),
    modality=st.sampled_from(["video", "audio", "position"]),
    opening=_ids,
    mandate=st.none() | _ids,
    authority=st.none() | _references,
    person=st.none() | _references,
    reason=lines(80),
    open_s=st.none() | st.integers(0, (1 << 32) - 1),
)


@given(records)
def test_every_record_is_read_as_it_was_written_and_fits(record: AccessRecord) -> None:
    text = record.text()
    assert "\n" not in text
    assert len(text) <= MAX_RECORD_CHARS
    assert read_record(text) == record
    assert check_follows(record.number - 1, record.prior, text) == record


@given(records, st.data())
def test_no_record_has_a_second_spelling(record: AccessRecord, data: st.DataObject) -> None:
    text = record.text()
    place = data.draw(st.integers(0, len(text)))
    for other in (text[:place] + " " + text[place:], text[:-1], text + "\n", text.replace('"what"', '"\\u0077hat"')):
        try:
            read = read_record(other)
        except InvalidAccessRecord:
            continue
        assert read != record, "a blank inside a text makes another record"


def _opened(**changes: object) -> str:
    record = AccessRecord(
        number=2, prior="a" * 64, at_ms=1, boot_id="b", boot_ms=1, what="opened", modality="audio", opening="c"
    )
    return msgspec.structs.replace(record, **changes).text()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "unreadable"),
        ("{}", "unreadable"),
        ("[" * 20_000, "unreadable"),
        ('{"number":1}', "unreadable"),
        ("x" * (MAX_RECORD_CHARS + 1), "unreadable"),
        *(
            (_opened(**{field: said}), "unreadable")
            for field in ("opening", "mandate")
            for said in (
                "51.50735/-0.12776",
                "51.5",
                "john-smith-12-acacia-avenue",
                "John",
                "",
                "M-",
                "m-1\n",
                "a" * 60,
            )
        ),
    ],
)
def test_what_is_no_record_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidAccessRecord) as caught:
        read_record(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (_opened(modality=None), "incomplete"),
        (_opened(opening=None), "incomplete"),
        (_opened(number=3), "wrong-number"),
        (_opened(prior=GENESIS), "wrong-prior"),
    ],
)
def test_what_does_not_continue_a_chain_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidAccessRecord) as caught:
        check_follows(1, "a" * 64, text)
    assert caught.value.reason == reason
    assert check_follows(1, "a" * 64, _opened()).number == 2


def test_the_hash_is_sha256_of_the_text() -> None:
    assert record_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
