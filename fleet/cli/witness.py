"""`fleet witness`: a witness of deployment logs, on a machine that is not the controller's.

Needs no more than `pip install 'muster[witness]'`.
"""

import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import App, Parameter

from fleet.cli.options import WholeNumber
from fleet.cli.output import print_facts, print_json, print_line, print_remark, print_table
from fleet.logs import configure_logs
from fleet.witness.files import held
from fleet.witness.place import Place, origin_hash
from fleet.witness.rules import TrustedLog
from fleet.witness.witness import Witness
from protocols.errors import InvalidNote
from protocols.tlog.forms import to_base64
from protocols.tlog.note import VerifierKey

app = App(name="witness", help="A witness of deployment logs: a small program for a second machine.")

Directory = Annotated[Path, Parameter(help="The witness's own directory.")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]
DEFAULT_PORT = 8445


class ShownLog(msgspec.Struct, frozen=True, kw_only=True):
    """A log as it is shown; `size`, `root` (base64) and `at` are of the latest checkpoint that was cosigned."""

    origin: str
    vkeys: list[str]
    origin_hash: str
    size: int | None
    root: str | None
    at: datetime | None


class ShownWitness(msgspec.Struct, frozen=True, kw_only=True):
    """A witness as it is shown."""

    name: str
    vkey: str
    certificate: str
    evidence: int
    logs: list[ShownLog]


@app.command
def init(
    directory: Directory,
    *,
    name: Annotated[str, Parameter(help="The witness's name, as witness.example/north: it is part of its key.")],
    host: Annotated[
        list[str] | None,
        Parameter(help="A DNS name or IP address by which it is asked; several are allowed. Left out: this machine's."),
    ] = None,
    json: Json = False,
) -> None:
    """Make a new witness: its key, and a TLS certificate that controllers are to trust."""
    hosts = host or list(dict.fromkeys([socket.getfqdn(), socket.gethostname(), "localhost", "127.0.0.1"]))
    try:
        place = Place.create(directory, name, hosts, datetime.now(UTC))
    except InvalidNote as error:
        raise InvalidNote(error.reason, f"--name: {error.detail}") from error
    vkey, certificate = place.vkey(), directory / "tls.crt"
    if json:
        print_json({"name": vkey.name, "vkey": vkey.line, "certificate": str(certificate), "hosts": hosts})
        return
    print_line(vkey.line)
    print_remark(f"that is the verifier key of the new witness in {directory}: it goes into the log policy, by hand")
    print_remark(f"{certificate} goes to the controllers: ca_file of [[log.witnesses]]; good for {', '.join(hosts)}")
    print_remark(f"next: fleet witness trust {directory} VKEY, then fleet witness run {directory}")


@app.command
def trust(
    directory: Directory,
    vkeys: Annotated[list[str], Parameter(name="VKEY", help="The verifier key of a log, as name+hex+base64.")],
    /,
) -> None:
    """Cosign the checkpoints of a log from now on. A running witness has to be stopped first."""
    place = Place(directory)
    for key in [VerifierKey.parse(vkey) for vkey in vkeys]:
        log = place.trust(key)
        print_line(f"{log.origin}: {len(log.keys)} {'key' if len(log.keys) == 1 else 'keys'}")


@app.command
def show(directory: Directory, *, json: Json = False) -> None:
    """Show the witness's name and key, and the latest checkpoint of each log that it trusts."""
    place = Place(directory)
    vkey = place.vkey()
    witness = ShownWitness(
        name=vkey.name,
        vkey=vkey.line,
        certificate=str(directory / "tls.crt"),
        evidence=sum(1 for _ in place.evidence.glob("*.txt")),
        logs=[_shown(log) for log in place.logs().values()],
    )
    if json:
        print_json(witness)
        return
    kept = f"{witness.evidence} in {place.evidence}" if witness.evidence else "none"
    print_facts([("name", vkey.name), ("vkey", vkey.line), ("certificate", witness.certificate), ("evidence", kept)])
    rows = [(log.origin, log.size, log.root, log.at) for log in witness.logs]
    print_table(("log", "size", "root", "cosigned"), rows, empty="no log is trusted yet: fleet witness trust DIR VKEY")


def _shown(log: TrustedLog) -> ShownLog:
    latest = log.latest
    return ShownLog(
        origin=log.origin,
        vkeys=[key.line for key in log.keys],
        origin_hash=origin_hash(log.origin),
        size=None if latest is None else latest.checkpoint.size,
        root=None if latest is None else to_base64(latest.checkpoint.root),
        at=None if latest is None else datetime.fromtimestamp(latest.at_s, UTC),
    )


@app.command
def run(
    directory: Directory,
    *,
    listen: Annotated[str, Parameter(help="The address to listen on, 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, Parameter(validator=WholeNumber(0, 65535), help="0: any free one.")] = DEFAULT_PORT,
    plain_http: Annotated[
        bool, Parameter(negative="", help="Without TLS, on a loopback address only: behind a proxy that has it.")
    ] = False,
    log_level: Literal["debug", "info", "warning", "error"] = "info",
) -> None:
    """Run the witness until SIGTERM or SIGINT."""
    from fleet.witness.server import serve  # noqa: PLC0415 - the other commands need no web server
    from fleet.witness.web import WitnessWeb  # noqa: PLC0415 - as above

    configure_logs(log_level)
    place = Place(directory)
    with held(directory):
        witness = Witness(place)
        tls_files = None if plain_http else place.tls_files()

        def tell(port: int) -> None:
            host = f"[{listen}]" if ":" in listen else listen
            url = f"{'http' if plain_http else 'https'}://{host}:{port}"
            logs = len(witness.origins)
            print_line(f"{witness.name} listens on {url} for {logs} {'log' if logs == 1 else 'logs'}")
            sys.stdout.flush()
            print_remark("to keep it running, use systemd: docker/witness/muster-witness.service")

        serve(WitnessWeb(witness), listen, port, tls_files, tell)
