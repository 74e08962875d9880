"""The dialogue with a modem: echo, words in between, refusals, silence, noise."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.errors import BridgeError, DeviceRefused, DeviceSilent, LineOverrun, ReplyUnreadable
from firmware_bridge.modem import dialogue as modem_dialogue
from firmware_bridge.modem.dialogue import AtDialogue
from firmware_bridge.modem.figures import ModemFigures
from firmware_bridge.modem.surveying import Survey
from tests.unit.firmware_bridge.scripted_modem import QUECTEL, ScriptedModem


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modem_dialogue, "_QUIET_S", 0.001)
    monkeypatch.setattr(modem_dialogue, "_SYNC_S", 0.05)


@pytest.mark.parametrize("piece_bytes", [1, 7, 4096])
async def test_a_survey_asks_for_figures_and_for_nothing_that_names_a_person_or_place(piece_bytes: int) -> None:
    modem = ScriptedModem(QUECTEL, piece_bytes=piece_bytes)
    survey = Survey(AtDialogue(modem))
    expected = ModemFigures(-73, -95, -9.5, 12, "roaming", "Example Mobile", 35, "EC25EFAR06A03M4G", "ready")
    assert await survey.figures() == expected
    begun = len(modem.asked)
    assert await survey.figures() == expected
    assert set(modem.asked) == set(QUECTEL)
    assert "AT+CGMI" not in modem.asked[begun:]


async def test_words_of_the_modem_itself_and_an_echo_are_no_answer() -> None:
    answers = {"ATE0": "\r\nOK\r\n", "AT+CSQ": "AT+CSQ\r\r\nRING\r\n\r\n+CSQ: 5,99\r\n\r\n+CREG: 1\r\n\r\nOK\r\n"}
    lines = await AtDialogue(ScriptedModem(answers)).ask("AT+CSQ")
    assert "+CSQ: 5,99" in lines
    assert "AT+CSQ" not in lines


@pytest.mark.parametrize(
    ("answer", "code"),
    [("+CME ERROR: 10", 10), ("+CMS ERROR: 305", 305), ("ERROR", -1), ("+CME ERROR: SIM not inserted", -1)],
)
async def test_a_refusal_has_its_code(answer: str, code: int) -> None:
    modem = ScriptedModem({"ATE0": "OK\r\n", "AT+CPIN?": f"\r\n{answer}\r\n"})
    with pytest.raises(DeviceRefused) as refused:
        await AtDialogue(modem).ask("AT+CPIN?")
    assert refused.value.code == code


async def test_a_modem_without_a_sim_says_so() -> None:
    survey = Survey(AtDialogue(ScriptedModem({**QUECTEL, "AT+CPIN?": "\r\n+CME ERROR: 10\r\n"})))
    assert (await survey.figures()).sim_state == "missing"


async def test_what_a_modem_refuses_is_unknown() -> None:
    assert await Survey(AtDialogue(ScriptedModem({"ATE0": "OK\r\n"}))).figures() == ModemFigures()


async def test_after_silence_the_late_answer_is_taken_for_none() -> None:
    modem = ScriptedModem({"ATE0": "OK\r\n", "AT+CSQ": "", "AT+CESQ": QUECTEL["AT+CESQ"]})
    dialogue = AtDialogue(modem)
    with pytest.raises(DeviceSilent):
        await dialogue.ask("AT+CSQ", limit_s=0.01)
    modem.say(QUECTEL["AT+CSQ"])
    assert await dialogue.ask("AT+CESQ") == ["+CESQ: 99,99,255,255,20,45"]


async def test_a_modem_that_falls_silent_ends_the_survey() -> None:
    modem = ScriptedModem(dict.fromkeys(QUECTEL, "") | {"ATE0": "OK\r\n"})
    with pytest.raises(DeviceSilent):
        await Survey(AtDialogue(modem), answer_s=0.01).figures()


async def test_a_port_where_nothing_answers_is_silent() -> None:
    with pytest.raises(DeviceSilent):
        await AtDialogue(ScriptedModem({"ATE0": ""})).ask("AT")


@pytest.mark.parametrize("said", ["+QIND: 1\r\n" * 70, "y" * 2000, "hello\r\n", "\r\nERROR\r\n"])
async def test_a_port_that_talks_and_never_says_ok_is_not_called_silent(said: str) -> None:
    with pytest.raises(ReplyUnreadable, match=r"does not say OK; .* firmware-bridge scan --port modem"):
        await AtDialogue(ScriptedModem({"ATE0": said})).ask("AT")


async def test_a_port_from_which_more_comes_than_is_read_is_not_called_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    modem = ScriptedModem({"ATE0": ""})

    async def overrun() -> bytes:
        raise LineOverrun("modem", 9)

    monkeypatch.setattr(modem, "read", overrun)
    with pytest.raises(ReplyUnreadable, match="does not say OK"):
        await AtDialogue(modem).ask("AT")


async def test_a_modem_that_begins_to_flood_ends_the_survey_which_says_so() -> None:
    flood = "+QIND: 1\r\n" * 70
    modem = ScriptedModem({**QUECTEL, "AT+CSQ": flood, "AT+QCSQ": flood})
    with pytest.raises(ReplyUnreadable, match="more than 64 lines"):
        await Survey(AtDialogue(modem)).figures()


async def test_one_answer_that_is_none_is_unknown_and_the_survey_goes_on() -> None:
    modem = ScriptedModem({**QUECTEL, "AT+CSQ": "x\r\n" * 70, "AT+CPIN?": "", "AT+QTEMP": "\r\nERROR\r\n"})
    figures = await Survey(AtDialogue(modem), answer_s=0.01).figures()
    assert (figures.rssi_dbm, figures.modem_operator, figures.sim_state) == (None, "Example Mobile", None)


async def test_a_refusal_between_two_silences_is_an_answer() -> None:
    modem = ScriptedModem({**QUECTEL, "AT+CSQ": "", "AT+QCSQ": "\r\nERROR\r\n", "AT+CEREG?": ""})
    figures = await Survey(AtDialogue(modem), answer_s=0.01).figures()
    assert (figures.rssi_dbm, figures.modem_registration, figures.sim_state) == (None, None, "ready")


@pytest.mark.parametrize("noise", ["x\r\n" * 70, "y" * 2000])
async def test_endless_answers_are_unreadable(noise: str) -> None:
    with pytest.raises(ReplyUnreadable):
        await AtDialogue(ScriptedModem({"ATE0": "OK\r\n", "AT": noise})).ask("AT")


async def test_bytes_that_were_dropped_make_an_answer_unreadable() -> None:
    modem = ScriptedModem({"ATE0": "OK\r\n", "AT": "OK\r\n"})
    dialogue = AtDialogue(modem)
    await dialogue.ask("AT")
    modem.failure = LineOverrun("modem", 9)
    with pytest.raises(ReplyUnreadable):
        await dialogue.ask("AT")
    assert await dialogue.ask("AT") == []


@given(st.text(st.characters(max_codepoint=255), max_size=300), st.integers(1, 50))
def test_whatever_comes_nothing_but_our_errors_leaves(said: str, piece_bytes: int) -> None:
    async def talk() -> None:
        modem = ScriptedModem({"ATE0": "OK\r\n", "AT": said}, piece_bytes=piece_bytes)
        with suppress(BridgeError):
            assert len(await AtDialogue(modem).ask("AT", limit_s=0.01)) <= 64

    asyncio.run(talk())
