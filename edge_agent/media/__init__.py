"""The media child of a unit: opens camera and microphone when told to, and sends them over WebRTC.

It runs as a process of its own under the supervisor (`edge_agent.capture`). The agent itself imports only `messages`.
"""
