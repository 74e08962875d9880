"""The demo's witness. In earnest it stands on another machine, under somebody else's lock."""

from fleet.clock import utc_now
from fleet.demo.parts import Parts, program
from fleet.demo.place import WITNESS_NAME, Place
from fleet.witness.place import Place as WitnessPlace
from protocols.tlog.note import VerifierKey


def make_witness(place: Place) -> str:
    """Make a witness that trusts nobody yet; returns its verifier key."""
    return WitnessPlace.create(place.witness, WITNESS_NAME, ["127.0.0.1"], utc_now()).vkey().line


def trust_log(place: Place, log: VerifierKey) -> None:
    """Let the witness cosign the checkpoints of `log`."""
    WitnessPlace(place.witness).trust(log)


async def start_witness(place: Place, parts: Parts, port: int) -> None:
    """Run it on the loopback interface at `port`."""
    await parts.start("witness", program("fleet"), "witness", "run", str(place.witness), "--port", str(port))
