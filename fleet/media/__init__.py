"""The controller's relay: takes one unit's WebRTC stream an opening, and hands it to viewers without re-encoding.

Everything is in memory, and bounded; nothing here opens a file. What is decoded (small pictures and sound levels for
terminals) is decoded in a process of its own, which can do nothing else (`fleet.media.decoder`). aiortc and av are
imported in this package and nowhere else in the controller.
"""
