"""Simulated hosts: trees of `/proc` and `/sys` that drift and fail now and then, for the readers of a real machine."""

from edge_agent.host_simulation.host_state import HostState
from edge_agent.host_simulation.model import SimulatedHost
from edge_agent.host_simulation.running import run_simulation, tree_names

__all__ = ["HostState", "SimulatedHost", "run_simulation", "tree_names"]
