"""What a modem's answers mean, by AT and by ModemManager; and that nothing else of them is read."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.errors import ReplyUnreadable
from firmware_bridge.modem import figures, mmcli
from firmware_bridge.modem.figures import ModemFigures, Vendor
from protocols.health import HealthReport
from tests.unit.firmware_bridge.scripted_modem import QUECTEL

LINES = st.lists(st.text(max_size=60) | st.sampled_from([*QUECTEL.values()]).map(str.strip), max_size=4)


@pytest.mark.parametrize(
    ("line", "dbm"),
    [("+CSQ: 0,99", -113), ("+CSQ: 20,99", -73), ("+CSQ:31,0", -51), ("+CSQ: 99,99", None), ("+CSQ: 32,9", None)],
)
def test_csq_is_minus_113_dbm_and_2_for_each_step(line: str, dbm: float | None) -> None:
    assert figures.rssi_dbm([line]) == dbm


@pytest.mark.parametrize(
    ("line", "rsrp", "rsrq"),
    [
        ("+CESQ: 99,99,255,255,20,45", -95, -9.5),
        ("+CESQ: 99,99,255,255,0,0", -140, -19.5),
        ("+CESQ: 99,99,255,255,34,97", -43, -2.5),
        ("+CESQ: 99,99,255,255,255,255", None, None),
        ("+CESQ: 99,99,255,255,35,98", None, None),
        ("+CESQ: 99,99,255,255,20,45,255,255,255", -95, -9.5),
        ("+CESQ: 99,99,255,255,20", None, None),
    ],
)
def test_cesq_is_rsrp_and_rsrq(line: str, rsrp: float | None, rsrq: float | None) -> None:
    assert (figures.rsrp_dbm([line]), figures.rsrq_db([line])) == (rsrp, rsrq)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("+CEREG: 0,0", "not-registered"),
        ("+CEREG: 0,1", "home"),
        ("+CEREG: 0,2", "searching"),
        ("+CEREG: 0,3", "denied"),
        ("+CEREG: 0,4", "unknown"),
        ("+CEREG: 0,5", "roaming"),
        ("+CEREG: 0,90", "sim-failure"),
        ("+CEREG: 0,77", "unknown"),
        ('+CEREG: 2,1,"1A2B","01020304",7', "home"),
        ('+CEREG: 1,"1A2B","01020304",7', None),
        ("+CEREG: x", None),
    ],
)
def test_cereg_is_the_registration(line: str, word: str | None) -> None:
    assert figures.registration([line]) == word


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("+CPIN: READY", "ready"),
        ("+CPIN: SIM PIN", "pin"),
        ("+CPIN: SIM PUK", "puk"),
        ("+CPIN: SIM PIN2", "ready"),
        ("+CPIN: PH-NET PIN", "failed"),
        ("+CPIN: NOT INSERTED", "missing"),
        ("+CPIN: NOT READY", None),
    ],
)
def test_cpin_is_the_state_of_the_sim(line: str, state: str | None) -> None:
    assert figures.sim_state([line]) == state


@pytest.mark.parametrize(
    ("code", "state"), [(10, "missing"), (11, "pin"), (12, "puk"), (13, "failed"), (14, None), (3, None)]
)
def test_a_refused_cpin_tells_of_the_sim_too(code: int, state: str | None) -> None:
    assert figures.sim_state_by_error(code) == state


@pytest.mark.parametrize(
    ("vendor", "lines", "celsius"),
    [
        ("quectel", ["+QTEMP: 35,33,34"], 35),
        ("quectel", ['+QTEMP:"qfe_wtr_pa0","30"', '+QTEMP:"modem-ambient-usr","28"'], 30),
        ("quectel", ["+QTEMP: 255,-273"], None),
        ("simcom", ["+CPMUTEMP: 34"], 34),
        ("telit", ["#TEMPSENS: TSENS,26", "#TEMPSENS: PA_THERM1,24"], 26),
        ("u-blox", ["+UTEMP: 345"], 34.5),
        ("u-blox", ["+UTEMP: 0,-105"], -10.5),
        ("u-blox", ["+UTEMP: 655355"], None),
        ("quectel", [], None),
    ],
)
def test_each_vendor_has_its_own_word_for_heat(vendor: Vendor, lines: list[str], celsius: float | None) -> None:
    assert figures.temperature_c(vendor, lines) == celsius


def test_names_are_made_fit_to_show() -> None:
    assert figures.vendor(["SIMCOM INCORPORATED"]) == "simcom"
    assert figures.vendor(["Somebody"]) is None
    assert figures.operator(['+COPS: 0,0,"Example\x07 Mobile",7']) == "Example  Mobile"
    assert figures.operator(["+COPS: 0"]) is None
    assert figures.version(["+CGMR: LE20B04 SIM7600:G22"]) == "LE20B04_SIM7600_G22"
    assert figures.version(["", "Revision: " + "1" * 50]) == "1" * 32
    assert figures.version(["RDY", "+CREG: 1", "EC25EFAR06A03M4G", "SMS DONE"]) == "EC25EFAR06A03M4G"
    assert figures.version(["+CREG: 1"]) is None


@pytest.mark.parametrize(
    "said",
    [
        "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47",
        "GPGLL,4916.45,N,12311.12,W",
        "7.038,N,01131.000,E,1,08",
        "48.1173,11.5167",
        "4807.03 N",
        "48.1173",
        "lat 48 lon 11",
        "!AIVDM,1,1,,A,15M",
    ],
)
def test_a_fix_that_a_modem_says_by_itself_is_no_version(said: str) -> None:
    assert figures.version([said]) is None
    assert figures.version(["EC25EFAR06A03M4G", said]) == "EC25EFAR06A03M4G"
    assert figures.version_name(said) is None


@pytest.mark.parametrize(
    "said", ["25.30.608", "SIM7600M22_V2.0", "13.00.004", "02.000", "Revision: LE910C1-EUX 25.21.222"]
)
def test_versions_of_numbers_are_versions(said: str) -> None:
    assert figures.version([said]) is not None
    assert figures.quectel_sinr_db(['+QCSQ: "LTE",-63,-95,160,-9']) == 12
    assert figures.quectel_sinr_db(['+QCSQ: "WCDMA",-63,-95,160,-9']) is None


@given(LINES)
def test_any_lines_give_figures_that_a_report_may_hold_or_none(lines: list[str]) -> None:
    said = ModemFigures(
        figures.rssi_dbm(lines),
        figures.rsrp_dbm(lines),
        figures.rsrq_db(lines),
        figures.quectel_sinr_db(lines),
        figures.registration(lines),
        figures.operator(lines),
        figures.temperature_c("quectel", lines),
        figures.version(lines),
        figures.sim_state(lines),
    )
    msgspec.convert({"seq": 1, "sampled_at_ms": 0, **said.health()}, HealthReport)


MODEM: dict[str, Any] = {
    "3gpp": {
        "imei": "490154203237518",
        "operator-code": "23499",
        "operator-name": "Example Mobile",
        "registration-state": "roaming",
    },
    "generic": {
        "equipment-identifier": "490154203237518",
        "revision": "EC25EFAR06A03M4G",
        "sim": "/org/freedesktop/ModemManager1/SIM/0",
        "state": "connected",
        "state-failed-reason": "--",
        "unlock-required": "sim-pin2",
    },
}
SIGNAL: dict[str, Any] = {
    "5g": {"rsrp": "--", "rsrq": "--", "snr": "--"},
    "lte": {"rsrp": "-95.00", "rsrq": "-11.00", "rssi": "-65.00", "snr": "12.40"},
    "refresh": {"rate": "30"},
}


def printed(part: dict[str, Any]) -> str:
    return json.dumps({"modem": part})


def test_modem_manager_is_read() -> None:
    signal = printed({"signal": SIGNAL})
    assert mmcli.figures_in(printed(MODEM), signal) == ModemFigures(
        -65, -95, -11, 12.4, "roaming", "Example Mobile", None, "EC25EFAR06A03M4G", "ready"
    )
    assert mmcli.measures_signal(signal)
    assert not mmcli.measures_signal(printed({"signal": {**SIGNAL, "refresh": {"rate": "0"}}}))


@pytest.mark.parametrize(
    ("generic", "state"),
    [
        ({"state": "failed", "state-failed-reason": "sim-missing"}, "missing"),
        ({"state": "failed", "state-failed-reason": "sim-error"}, "failed"),
        ({"state": "failed", "state-failed-reason": "unknown-capabilities"}, None),
        ({"state": "locked", "unlock-required": "sim-pin"}, "pin"),
        ({"state": "locked", "unlock-required": "sim-puk"}, "puk"),
        ({"state": "disabled", "sim": "--"}, "missing"),
    ],
)
def test_modem_manager_tells_of_the_sim(generic: dict[str, str], state: str | None) -> None:
    said = mmcli.figures_in(printed({**MODEM, "generic": {**MODEM["generic"], **generic}}), None)
    assert said.sim_state == state


def test_what_modem_manager_does_not_know_is_unknown() -> None:
    bare = printed({"generic": {"revision": "--", "sim": "--", "state": "failed", "state-failed-reason": "--"}})
    unknown = printed({"signal": {"lte": {"rsrp": "--", "rssi": "12", "snr": "nan"}}})
    assert mmcli.figures_in(bare, unknown) == ModemFigures()


@given(st.text(max_size=200) | st.sampled_from([printed(MODEM), printed({"signal": SIGNAL})]), st.integers(0, 400))
def test_any_text_of_mmcli_is_figures_or_unreadable(text: str, cut: int) -> None:
    for modem, signal in ((text[:cut], None), (printed(MODEM), text[:cut])):
        with suppress(ReplyUnreadable):
            mmcli.figures_in(modem, signal)


def test_an_error_shows_nothing_of_what_mmcli_printed() -> None:
    with pytest.raises(ReplyUnreadable) as unreadable:
        mmcli.figures_in(printed(MODEM)[:-1], None)
    assert "4901" not in str(unreadable.value)
    assert unreadable.value.__cause__ is None
