"""`python -m fleet.broker --listen 127.0.0.1:PORT --directory DIR`: the embedded broker as a process of its own.

DIR holds ca.crt, crl.pem, server.crt and server.key, which are read again when they change. One line of JSON on
standard output, `{"listening": PORT}`, says that it is ready; its log goes to standard error. SIGTERM or SIGINT stop
it. Exit codes: 0 stopped, 1 could not start, 2 wrong arguments.
"""

import argparse
import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

import structlog

from fleet.broker.embedded import EmbeddedBroker
from fleet.broker.errors import EmbeddedBrokerError


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address and a port, as 127.0.0.1:8883")
    return host.strip("[]"), int(port)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fleet.broker", description="MQTT broker of the demo")
    parser.add_argument("--listen", type=_address, required=True, metavar="ADDRESS:PORT", help="port 0: a free one")
    parser.add_argument("--directory", type=Path, required=True, help="with ca.crt, crl.pem, server.crt and server.key")
    return parser.parse_args()


def _configure_logs() -> None:
    # amqtt says in warnings what this broker says itself, with the client's identity.
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


async def _run(host: str, port: int, directory: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    broker = EmbeddedBroker(host, port, directory)
    await broker.start()
    print(json.dumps({"listening": broker.port}), flush=True)  # noqa: T201  # the line its starter waits for
    await stop.wait()
    await broker.shutdown()


def main() -> int:
    """Run until told to stop; returns the exit code."""
    arguments = _arguments()
    _configure_logs()
    host, port = arguments.listen
    try:
        asyncio.run(_run(host, port, arguments.directory))
    except EmbeddedBrokerError as error:
        print(f"fleet.broker: {error}", file=sys.stderr)  # noqa: T201  # one clear line for the person
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
