"""The command that stands in for machines: simulate-host."""

from pathlib import Path

from edge_agent.app import stop_on_signals
from edge_agent.commands.terminal import run_to_the_end
from edge_agent.host_simulation import run_simulation
from edge_agent.logs import configure_logs


def simulate_host(directory: Path, *, hosts: int = 1, seed: int = 1, step_s: float = 2.0, trouble: float = 1.0) -> None:
    """Keep trees of a simulated /proc and /sys alive, for agents with MUSTER_AGENT_ROOT in them.

    Parameters
    ----------
    directory
        Where the trees host-001, host-002, … are written.
    hosts
        How many.
    seed
        Equal seeds give equal histories.
    step_s
        Seconds between changes.
    trouble
        How often something fails; 0 never, 1 now and then.
    """

    async def main() -> None:
        await run_simulation(directory, hosts, stop=stop_on_signals(), seed=seed, step_s=step_s, trouble=trouble)

    configure_logs()
    run_to_the_end(main())
