"""Simulated receivers, modems, lines and faults: what they say, and that equal seeds say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.errors import SimulationFailed
from firmware_bridge.gnss.figures import GnssFigures, Look
from firmware_bridge.gnss.splitting import Splitter
from firmware_bridge.modem import figures
from firmware_bridge.modem.figures import Vendor
from firmware_bridge.simulation.at_modem import AtModem, ModemManner
from firmware_bridge.simulation.board import Board
from firmware_bridge.simulation.faults import Delivery, Dice, Faults
from firmware_bridge.simulation.nmea_player import Manner, Protocol, Receiver
from firmware_bridge.simulation.pacing import Pace

PROTOCOLS: list[Protocol] = ["nmea", "ubx", "both"]
VENDORS: list[Vendor] = ["quectel", "simcom", "telit", "u-blox"]


def heard(receiver: Receiver, turns: int) -> GnssFigures:
    splitter, look = Splitter(), Look()
    for _ in range(turns):
        for piece in splitter.feed(receiver.next_turn()):
            look.take(piece)
    return look.figures()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_receiver_searches_then_has_a_fix(protocol: Protocol) -> None:
    receiver = Receiver(Manner(protocol=protocol, searching=3), seed=4)
    before = heard(receiver, 2)
    assert (before.fix_quality, before.hdop, before.satellites) == (0, None, 0)
    heard(receiver, 2)
    after = heard(receiver, 3)
    assert after.fix_quality == (1 if protocol == "ubx" else 8)
    assert after.hdop is not None
    assert 0.7 <= after.hdop <= 2.5
    assert after.satellites is not None
    assert 4 <= after.satellites <= 13
    assert after.antenna == "ok"


@pytest.mark.parametrize("state", ["open", "short"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_receiver_without_its_antenna_says_so_and_loses_its_fix(protocol: Protocol, state: str) -> None:
    receiver = Receiver(Manner(protocol=protocol, searching=0), seed=4)
    heard(receiver, 2)
    receiver.poke("antenna", state)
    said = heard(receiver, 3)
    assert (said.fix_quality, said.antenna) == (0, state)


def test_noise_and_gaps_do_not_hide_the_figures() -> None:
    receiver = Receiver(Manner(searching=0, gaps=0.3, noise=0.7), seed=4)
    assert heard(receiver, 20).fix_quality == 8


def test_equal_seeds_make_equal_receivers() -> None:
    one, other, third = (Receiver(Manner(noise=0.5, gaps=0.2), seed=seed) for seed in (7, 7, 8))
    turns = [[each.next_turn() for _ in range(10)] for each in (one, other, third)]
    assert turns[0] == turns[1] != turns[2]


@pytest.mark.parametrize(("name", "value"), [("antenna", "lost"), ("fix", 1), ("place", 3)])
def test_a_receiver_takes_no_other_pokes(name: str, value: int | str) -> None:
    with pytest.raises(SimulationFailed, match="a receiver takes"):
        Receiver(Manner(), seed=1).poke(name, value)


def ask(modem: AtModem, command: str) -> list[str]:
    said = b"".join(delivery.content for delivery in modem.take(f"{command}\r".encode()))
    return [line for line in said.decode().splitlines() if line]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_modem_answers_what_health_asks(vendor: Vendor) -> None:
    modem = AtModem(ModemManner(vendor=vendor), seed=1)
    assert ask(modem, "ATE0") == ["ATE0", "OK"]
    assert ask(modem, "AT") == ["OK"]
    assert figures.vendor(ask(modem, "AT+CGMI")) == vendor
    assert figures.version(ask(modem, "AT+CGMR")[:-1]) == "SIM-MODEM-01.002"
    assert figures.rssi_dbm(ask(modem, "AT+CSQ")) == -71
    signal = ask(modem, "AT+CESQ")
    assert (figures.rsrp_dbm(signal), figures.rsrq_db(signal)) == (-93, -9.5)
    assert figures.registration(ask(modem, "AT+CEREG?")) == "home"
    assert figures.operator(ask(modem, "AT+COPS?")) == "Simulated Mobile"
    assert figures.sim_state(ask(modem, "AT+CPIN?")) == "ready"
    commands = {"quectel": "AT+QTEMP", "simcom": "AT+CPMUTEMP", "telit": "AT#TEMPSENS=2", "u-blox": "AT+UTEMP?"}
    assert figures.temperature_c(vendor, ask(modem, commands[vendor])) == 38
    others = [command for other, command in commands.items() if other != vendor]
    assert [ask(modem, command) for command in others] == [["ERROR"]] * 3


def test_a_modem_without_its_sim_says_so_by_a_code() -> None:
    modem = AtModem(ModemManner(), seed=1)
    ask(modem, "ATE0")
    modem.poke("sim", "missing")
    assert ask(modem, "AT+CPIN?") == ["ERROR"]
    assert ask(modem, "AT+CMEE=1") == ["OK"]
    assert ask(modem, "AT+CPIN?") == ["+CME ERROR: 10"]
    modem.poke("sim", "pin")
    assert figures.sim_state(ask(modem, "AT+CPIN?")) == "pin"
    modem.poke("version", "SIM-MODEM-02.000")
    assert figures.version(ask(modem, "AT+CGMR")[:-1]) == "SIM-MODEM-02.000"


def test_a_modem_may_be_silent_slow_and_speak_by_itself() -> None:
    silent = AtModem(ModemManner(silent=1), seed=1)
    assert ask(silent, "AT") == ["AT"]
    slow = AtModem(ModemManner(slow_ms=300), seed=1)
    assert any(delivery.delay_s > 0 for delivery in slow.take(b"AT\r"))
    talkative = AtModem(ModemManner(spontaneous=1), seed=3)
    assert len({tuple(ask(talkative, "AT")) for _ in range(20)}) > 2


@pytest.mark.parametrize(("name", "value"), [("rssi", 100), ("sim", "lost"), ("imei", 1), ("operator", "a\nb")])
def test_a_modem_takes_no_other_pokes(name: str, value: int | str) -> None:
    with pytest.raises(SimulationFailed):
        AtModem(ModemManner(), seed=1).poke(name, value)


@given(st.binary(max_size=2000))
def test_a_modem_survives_whatever_it_is_sent(content: bytes) -> None:
    AtModem(ModemManner(), seed=1).take(content)


@pytest.mark.parametrize(("name", "value"), [("supply", 1), ("supply_mv", -1), ("gpio", 0xFFFFFFFF)])
def test_a_board_takes_no_other_pokes(name: str, value: int) -> None:
    with pytest.raises(SimulationFailed):
        Board().poke(name, value)


@pytest.mark.parametrize("baud", [9600, 115_200, 921_600])
@pytest.mark.parametrize("late_s", [0.0, 0.0007, 0.004])
def test_a_line_is_as_fast_as_it_says_even_when_who_waits_comes_late(baud: int, late_s: float) -> None:
    pace, now_s, count = Pace(baud), 1000.0, baud // 10 * 20
    passed = 0
    while passed < count:
        wait_s = pace.take(pace.chunk_bytes, now_s)
        now_s += wait_s + (late_s if wait_s else 0)
        passed += pace.chunk_bytes
    assert passed / (now_s - 1000) == pytest.approx(baud / 10, rel=0.02)


def test_nothing_goes_wrong_without_faults() -> None:
    dice = Dice(Faults(), seed=1)
    assert all(dice.deliver(b"message", delayed=True) == [Delivery(0.0, b"message")] for _ in range(100))


def test_messages_are_lost_doubled_garbled_and_delayed_as_often_as_said() -> None:
    dice = Dice(Faults(lose=0.2, garble=0.3, duplicate=0.25, delay_ms=50), seed=1)
    drawn = [dice.deliver(bytes(20), delayed=True) for _ in range(4000)]
    came = [deliveries for deliveries in drawn if deliveries]
    assert len(came) / 4000 == pytest.approx(0.8, abs=0.03)
    assert sum(len(deliveries) == 2 for deliveries in came) / len(came) == pytest.approx(0.25, abs=0.03)
    garbled = [deliveries for deliveries in came if deliveries[0].content != bytes(20)]
    assert len(garbled) / len(came) == pytest.approx(0.3, abs=0.03)
    assert all(deliveries[0].content.count(0) == 19 for deliveries in garbled)
    assert 0.04 < max(deliveries[0].delay_s for deliveries in came) <= 0.05
    again = Dice(dice.faults, seed=1)
    assert [again.deliver(bytes(20), delayed=True) for _ in range(4000)] == drawn
