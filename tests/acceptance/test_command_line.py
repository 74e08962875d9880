"""The command `fleet` as people and scripts run it: its own process, a real controller, a terminal or a pipe."""

import asyncio
import fcntl
import json
import os
import struct
import sys
import termios
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from fleet.client import ClientSettings
from fleet.store.events import ControllerEvent
from protocols.joining import Voucher, display_fingerprint
from protocols.uplink import Severity
from tests.support.controller import RunningApi
from tests.support.fleet_rows import add_units
from tests.support.joining import Knocker
from tests.support.ports import free_port

FLEET = Path(sys.executable).parent / "fleet"
LIMIT_S = 60.0
LONG = "the mast unit that is kept in the shed"


@dataclass(kw_only=True, frozen=True)
class Said:
    """What a command left: its exit code and both streams."""

    code: int
    out: str
    err: str


@dataclass(kw_only=True, frozen=True)
class Person:
    """Somebody at a shell, with client settings in a file."""

    toml: Path
    home: Path

    def environment(self) -> dict[str, str]:
        """A shell without settings of the person who runs the tests."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_CLIENT")}
        return kept | {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home), "TZ": "Europe/London"}

    async def runs(self, *words: str, client: str = "--client") -> Said:
        """Run `fleet` with its output in pipes."""
        return await run([*words, client, str(self.toml)], self.environment())

    async def done(self, *words: str) -> str:
        """Run `fleet`, which has to succeed; returns its standard output."""
        said = await self.runs(*words)
        assert (said.code, said.err) == (0, "")
        return said.out

    async def sees(self, *words: str, columns: int = 80) -> list[str]:
        """The lines that `fleet` shows on a terminal."""
        screen, terminal = os.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {name: value for name, value in self.environment().items() if name not in {"COLUMNS", "LINES"}}
        try:
            process = await asyncio.create_subprocess_exec(
                FLEET,
                *words,
                "--client",
                str(self.toml),
                stdin=terminal,
                stdout=terminal,
                stderr=terminal,
                env=environment | {"TERM": "dumb", "NO_COLOR": "1"},
            )
        finally:
            os.close(terminal)
        try:
            async with asyncio.timeout(LIMIT_S):
                shown = await asyncio.to_thread(_everything, screen)
                assert await process.wait() == 0, shown
        finally:
            os.close(screen)
        return shown.splitlines()


def _everything(screen: int) -> str:
    parts = []
    with suppress(OSError):  # Linux says EIO once nobody holds the terminal
        while part := os.read(screen, 65_536):
            parts.append(part)
    return b"".join(parts).decode()


async def run(words: list[str], environment: dict[str, str]) -> Said:
    """Run `fleet` to its end."""
    process = await asyncio.create_subprocess_exec(
        FLEET,
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    async with asyncio.timeout(LIMIT_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Said(code=process.returncode, out=out.decode(), err=err.decode())


def written(settings: ClientSettings, home: Path) -> Person:
    """A shell for somebody who signs in with `settings`."""
    toml = home / f"{settings.person}.toml"
    facts = {name: str(getattr(settings, name)) for name in settings.__struct_fields__}
    toml.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in facts.items()))
    return Person(toml=toml, home=home)


@pytest.fixture
async def engineer(api: RunningApi, tmp_path: Path) -> Person:
    """An engineer at a shell."""
    return written(await api.add_person("TO-12", "engineer"), tmp_path)


async def add_kit(api: RunningApi) -> None:
    """Three units, two of them of one label."""
    labels = {"unit-aaaa2222": LONG, "unit-bbbb3333": "van kit 2", "unit-bbbb4444": "van kit 2"}
    await add_units(api.services.store, "TO-12", labels, datetime.now(UTC))


async def add_event(api: RunningApi, severity: Severity, summary: str, *, ago: timedelta = timedelta()) -> None:
    """An event about the first unit."""
    async with api.services.store.transaction() as transaction:
        event = ControllerEvent(kind="test-event", severity=severity, summary=summary, unit_id="unit-aaaa2222")
        await transaction.events.add(event, datetime.now(UTC) - ago)


@pytest.mark.parametrize(
    ("words", "code"),
    [("rota template", 141), ("person keyless", 2), ("rota show technical --client /nowhere", 5)],
)
async def test_a_reader_who_goes_away_is_no_fault(words: str, code: int, tmp_path: Path) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    environment = Person(toml=tmp_path / "none.toml", home=tmp_path).environment()
    try:
        process = await asyncio.create_subprocess_exec(
            FLEET,
            *words.split(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writes,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
    finally:
        os.close(writes)
    async with asyncio.timeout(LIMIT_S):
        _, err = await process.communicate()
    assert process.returncode == code
    assert len(err.splitlines()) == (0 if code == 141 else 1), err.decode()


async def test_a_voucher_goes_to_a_file_alone(engineer: Person) -> None:
    said = await engineer.runs("unit", "invite", "van kit 9", "--qr")
    assert said.code == 0
    assert Voucher.read(said.out).text() == said.out.strip()
    assert "it is not shown again" in said.err
    assert "▀" in said.err


async def test_a_unit_is_accepted_by_the_beginning_of_its_join_and_the_fingerprint_as_it_is_shown(
    api: RunningApi, engineer: Person
) -> None:
    knocker = Knocker(api.ca_file)
    await knocker.knock((await engineer.runs("unit", "invite", LONG)).out)
    head, row = (await engineer.done("unit", "joins")).splitlines()
    assert head.split()[0] == "join"
    assert " ".join(display_fingerprint(knocker.fingerprint)) in row
    shown = await engineer.sees("unit", "joins")
    assert all(any(line in seen for seen in shown) for line in display_fingerprint(knocker.fingerprint))
    (join,) = json.loads(await engineer.done("unit", "joins", "--json"))
    assert any(join["join_id"] in line for line in shown)
    wrong = await engineer.runs("unit", "accept", join["join_id"][:4], "--fingerprint", "ab" * 32)
    assert wrong.code == 3
    as_shown = " ".join(display_fingerprint(knocker.fingerprint)).upper()
    accepted = await engineer.done("unit", "accept", join["join_id"][:4], "--fingerprint", as_shown)
    assert "is accepted" in accepted
    assert LONG in await engineer.done("unit", "list")


async def test_a_join_is_refused_and_a_voucher_withdrawn_by_the_beginning_of_the_id(
    api: RunningApi, engineer: Person
) -> None:
    await Knocker(api.ca_file).knock((await engineer.runs("unit", "invite", "roof")).out)
    assert "is refused" in await engineer.done("unit", "refuse", "roof", "not ours")
    await engineer.runs("unit", "invite", "spare")
    (spare,) = [v for v in json.loads(await engineer.done("unit", "vouchers", "--json")) if v["label"] == "spare"]
    withdrawn = await engineer.done("unit", "withdraw", spare["voucher_id"][:6])
    assert withdrawn == f"voucher {spare['voucher_id']} is withdrawn\n"


@pytest.mark.parametrize("listing", [("unit", "list"), ("unit", "vouchers"), ("event", "list"), ("person", "list")])
async def test_ids_and_fingerprints_are_whole_on_any_terminal(
    api: RunningApi, engineer: Person, listing: tuple[str, ...]
) -> None:
    await add_kit(api)
    await add_event(api, "alarm", "the supply has been low for longer than is good for a battery of this age")
    await engineer.runs("unit", "invite", LONG)
    ids = {"unit_id", "voucher_id", "person_id", "key_fingerprint", "presence", "kind", "severity"}
    entries = json.loads(await engineer.done(*listing, "--json"))
    wanted = [entry[name] for entry in entries for name in ids & entry.keys() if entry[name]]
    assert wanted
    for columns in (40, 80, 200):
        shown = await engineer.sees(*listing, columns=columns)
        assert all(any(word in line for line in shown) for word in wanted), (columns, shown)
        if columns >= 80:
            assert all(len(line) <= columns for line in shown), (columns, shown)


async def test_what_is_piped_has_one_line_for_each_row(api: RunningApi, engineer: Person) -> None:
    await add_kit(api)
    head, *rows = (await engineer.done("unit", "list")).splitlines()
    assert head.startswith("unit")
    assert [row.split()[0] for row in rows] == ["unit-aaaa2222", "unit-bbbb3333", "unit-bbbb4444"]
    assert LONG in rows[0]
    vouchers = (await engineer.done("unit", "vouchers")).splitlines()
    assert vouchers == ["no vouchers"]


async def test_units_go_by_label_and_by_the_beginning_of_the_id(api: RunningApi, engineer: Person) -> None:
    await add_kit(api)
    assert "unit-aaaa2222" in await engineer.done("unit", "show", LONG)
    assert "unit-bbbb4444" in await engineer.done("unit", "show", "unit-bbbb4")
    assert await engineer.done("unit", "label", "unit-bbbb4", "roof") == "unit-bbbb4444 is now 'roof'\n"
    changed = await engineer.done("unit", "settings", "roof", "--report-every-s", "10", "--json")
    assert json.loads(changed)["report_every_s"] == 10
    several = await engineer.runs("unit", "show", "unit-bbbb")
    assert several.code == 3
    assert several.err == (
        "fleet: 'unit-bbbb' may be unit-bbbb4444 (roof) or unit-bbbb3333 (van kit 2): type more of the id\n"
    )
    nothing = await engineer.runs("unit", "report", "unit-zzzz")
    assert (nothing.code, nothing.err) == (3, "fleet: there is no unit 'unit-zzzz': list them: fleet unit list\n")


async def test_a_unit_is_shown_in_words_with_its_open_alarms(api: RunningApi, engineer: Person) -> None:
    await add_kit(api)
    await add_event(api, "alarm", "the supply is low")
    await add_event(api, "info", "the lid was opened")
    shown = await engineer.done("unit", "show", LONG)
    facts = dict(line.split("  ", 1) for line in shown.splitlines() if "  " in line)
    assert facts["open alarms"].endswith("the supply is low")
    assert facts["joined"].endswith((" GMT", " BST"))
    assert "the lid was opened" not in shown


async def test_events_since_and_by_severity(api: RunningApi, engineer: Person) -> None:
    await add_kit(api)
    await add_event(api, "alarm", "an old alarm", ago=timedelta(hours=3))
    await add_event(api, "alarm", "a new alarm")
    await add_event(api, "info", "a new remark")

    async def summaries(*options: str) -> list[str]:
        events = json.loads(await engineer.done("event", "list", "--json", *options))
        return [event["summary"] for event in events if event["kind"] == "test-event"]

    assert await summaries() == ["a new remark", "a new alarm", "an old alarm"]
    assert await summaries("--since", "2h", "--severity", "alarm") == ["a new alarm"]
    assert await summaries("--since", "4h", "--severity", "alarm") == ["a new alarm", "an old alarm"]
    assert await summaries("--limit", "1") == ["a new remark"]
    assert await summaries("--unit", "unit-bbbb4444") == []
    head = (await engineer.done("event", "list")).splitlines()[0]
    assert "at (GMT)" in head or "at (BST)" in head


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["unit", "settings", "x", "--report-every-s", "0"], "--report-every-s: a whole number from 1 to 86400"),
        (["unit", "settings", "x", "--report-every-s", "often"], "--report-every-s: a whole number from 1 to 86400"),
        (["unit", "settings", "x", "--spool-max-mb", "99999"], "--spool-max-mb: a whole number from 1 to 10000"),
        (["person", "end", "tom"], "PERSON-ID: two capitals, a dash, two to six digits, as TO-12"),
        (["unit", "invite", "x" * 41], "LABEL: one line of at most 40 signs"),
        (["event", "list", "--since", "soon"], "--since: a length of time, as 30min, 2h or 7d"),
        (["event", "list", "--limit", "0"], "--limit: a whole number from 1 to 100000"),
        (["unit", "withdraw"], "VOUCHER-ID is missing; see fleet unit withdraw --help"),
    ],
)
async def test_a_wrong_value_is_one_line_that_names_the_option(
    words: list[str], complaint: str, tmp_path: Path
) -> None:
    said = await run(words, Person(toml=tmp_path, home=tmp_path).environment())
    assert (said.code, said.out, said.err) == (2, "", f"fleet: {complaint}\n")


@pytest.mark.parametrize("words", [["nothing"], ["unit", "lits"], ["unit", "list", "--colour"]])
async def test_a_wrong_command_line_is_one_line_and_exit_code_2(words: list[str], tmp_path: Path) -> None:
    said = await run(words, Person(toml=tmp_path, home=tmp_path).environment())
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("fleet: ")
    assert said.err.count("\n") == 1


async def test_help_describes_every_command_and_names_the_settings_file(tmp_path: Path) -> None:
    said = await run(["--help"], Person(toml=tmp_path, home=tmp_path).environment() | {"COLUMNS": "120"})
    assert said.code == 0
    assert "--client FILE" in said.out
    rows = [line.strip("│ ").split("  ") for line in said.out.splitlines() if line.startswith("│")]
    described = {row[0] for row in rows if len(row) > 1}
    assert described >= {"demo", "event", "init", "migrate", "person", "serve", "unit", "whoami"}


async def test_settings_and_addresses_that_do_not_work_have_their_exit_codes(
    api: RunningApi, engineer: Person, tmp_path: Path
) -> None:
    assert (await engineer.runs("whoami", client="--config")).code == 0
    nothing = await run(["whoami"], engineer.environment())
    assert nothing.code == 5
    assert "give --client FILE, as .muster/demo/keys/TO-12.toml for the demo" in nothing.err
    settings = await api.add_person("TO-13", "inspector")
    may_not = await written(settings, tmp_path).runs("unit", "invite")
    assert may_not.code == 3
    elsewhere = msgspec.structs.replace(settings, url=f"https://127.0.0.1:{free_port()}")
    lost = await written(elsewhere, tmp_path).runs("whoami")
    assert lost.code == 4
    assert lost.err.count("\n") == 1
