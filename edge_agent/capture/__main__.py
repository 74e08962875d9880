"""The supervisor's process: see `supervisor`."""

from edge_agent.capture.supervisor import main

main()
