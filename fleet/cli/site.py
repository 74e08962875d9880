"""`fleet site`: where deployments are, by codes. Addresses are read from standard input, and shown to who asks."""

import re
import sys
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.ahead import When, moment_ahead
from fleet.cli.confirming import Yes, answer_to, confirm
from fleet.cli.door import Config, Json, ask
from fleet.cli.options import Each, Form, ShortLine, WholeNumber
from fleet.cli.output import moment, print_facts, print_json, print_line, print_table
from fleet.client import FleetClient
from fleet.errors import RequestRefused
from protocols.api.sites import NewSurvey, SignalSeen, SitePage, SiteRow, SiteView, Supply

_PAGE = 200
_MAX_TEXT = 500
_TO_200 = r"(?:1?[0-9]{1,2}(?:\.[0-9]{1,2})?|200)"
_SIGNAL = re.compile(rf"(?P<network>[^:]{{1,20}})(?::(?P<rsrp>0|-{_TO_200})(?::(?P<sinr>-?{_TO_200}))?)?", re.ASCII)
SIGNAL_FORM = Form(
    _SIGNAL, "a network with RSRP in dBm (-200 to 0) and SINR in dB where they were measured, as one:-101.5:4"
)
SITE_FORM = Form(re.compile(r"[A-Z][A-Z0-9-]{0,11}", re.ASCII), "a site's code, as NORTH-3")
Site = Annotated[str, Parameter(validator=SITE_FORM, help="The site's code, as NORTH-3. It must not say where it is.")]

app = App(name="site", help="Sites: list, show, set, survey, erase.")


@app.command(name="list")
def list_(
    words: Annotated[str, Parameter(help="What its code or supply holds.")] = "",
    *,
    client: Config = None,
    json: Json = False,
) -> None:
    """List sites, without addresses."""
    found = ask(client, lambda door: _every(door, words))
    if json:
        print_json(found)
        return
    rows = [(one.site, one.supply, one.best_rsrp_dbm, one.surveyed_at, one.deployments, one.erased_at) for one in found]
    print_table(("site", "supply", "best dBm", "surveyed", "deployments", "erased"), rows, empty="no site")


@app.command
def show(site: Site, *, client: Config = None, json: Json = False) -> None:
    """Show a site with its address. The log says that you looked."""
    found = ask(client, lambda door: door.site(site))
    if json:
        print_json(found)
        return
    _print(found)


@app.command(name="set")
def set_site(
    site: Site,
    *,
    address: Annotated[bool, Parameter(negative="", help="Write its address: a line of standard input.")] = False,
    access: Annotated[bool, Parameter(negative="", help="Write its access notes: the line after that.")] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """Lay a site down, or write its address or access notes anew. They are read from standard input, so that they are
    in no command line and no history of one."""
    texts = {name: _line(name) for name, wanted in (("address", address), ("access", access)) if wanted}

    async def do(door: FleetClient) -> SiteView:
        there = {one.site: one.version for one in await _every(door, site)}
        return await door.put_site(site, there.get(site, 0), **texts)

    done = ask(client, do)
    if json:
        print_json(done)
    else:
        print_line(f"{site} is set in version {done.row.version}")


@app.command
def survey(
    site: Site,
    *,
    supply: Annotated[Supply, Parameter(help="What supply there is.")],
    supply_mv: Annotated[
        int | None, Parameter(validator=WholeNumber(0, 500_000), help="Its voltage in mV, where it was measured.")
    ] = None,
    signal: Annotated[
        list[str] | None,
        Parameter(negative="", allow_leading_hyphen=True, validator=Each(SIGNAL_FORM), help="As one:-101.5:4. Repeat."),
    ] = None,
    when: When = "now",
    note: Annotated[str, Parameter(validator=ShortLine(0, 80), help="What else to know; never an address.")] = "",
    client: Config = None,
    json: Json = False,
) -> None:
    """Enter what supply and signal you found there."""
    new = NewSurvey(
        surveyed_at=moment_ahead(when, datetime.now(UTC)),
        supply=supply,
        supply_mv=supply_mv,
        signals=[_signal(one) for one in signal or []],
        note=note,
    )
    done = ask(client, lambda door: door.survey_site(site, new))
    if json:
        print_json(done)
    else:
        print_line(f"the survey of {site} of {moment(new.surveyed_at)} is entered")


@app.command
def erase(site: Site, *, yes: Yes = False, client: Config = None, json: Json = False) -> None:
    """Erase a site's address and access notes for good. For supervisors."""
    if not yes:
        confirm(site, f"erasing what is written of {site}", "can not be taken back")
    done = ask(client, lambda door: door.erase_site(site))
    if json:
        print_json(done)
    else:
        print_line(f"address and access notes of {site} are gone")


async def _every(door: FleetClient, words: str) -> list[SiteRow]:
    rows: list[SiteRow] = []
    while True:
        page: SitePage = await door.sites(words, offset=len(rows), limit=_PAGE)
        rows += page.rows
        if not page.rows or len(rows) >= page.total:
            return rows


def _line(name: str) -> str:
    """One line of standard input; empty takes the text away. Raises RequestRefused for a longer one."""
    text = answer_to(f"{name}: ") if sys.stdin.isatty() else sys.stdin.readline(_MAX_TEXT * 4).strip()
    if len(text) > _MAX_TEXT:
        raise RequestRefused("text-too-long", f"the {name} has more than {_MAX_TEXT} signs", "write it shorter")
    return text


def _signal(typed: str) -> SignalSeen:
    found = _SIGNAL.fullmatch(typed)
    assert found is not None
    rsrp, sinr = (None if one is None else float(one) for one in (found["rsrp"], found["sinr"]))
    return SignalSeen(network=found["network"], rsrp_dbm=rsrp, sinr_db=sinr)


def _print(found: SiteView) -> None:
    facts: list[tuple[str, object]] = [
        ("site", found.row.site),
        ("address", found.address),
        ("access", found.access),
        ("erased", found.row.erased_at),
        ("deployments", found.row.deployments),
        ("version", found.row.version),
    ]
    print_facts(facts)
    if not found.surveys:
        return
    print_line("")
    rows = [
        (one.surveyed_at, one.surveyed_by, one.supply, one.supply_mv, [_heard(seen) for seen in one.signals], one.note)
        for one in found.surveys
    ]
    print_table(("surveyed", "by", "supply", "mV", "networks", "note"), rows, empty="", free=["note"])


def _heard(seen: SignalSeen) -> str:
    figures = [
        f"{value:g} {unit}" for value, unit in ((seen.rsrp_dbm, "dBm"), (seen.sinr_db, "dB SINR")) if value is not None
    ]
    return " ".join([seen.network, *figures])
