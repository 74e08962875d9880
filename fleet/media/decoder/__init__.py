"""The process that decodes one stream: its end of the channel, its work, and how it shuts itself in.

libavcodec is fed with what units send, so all of this counts as taken over from the first byte of a unit on. It is
started with no secret in its memory, its environment or its descriptors, and gives up what it could do to anything but
its channel before it reads. Nothing here imports what reads keys, settings or the database.
"""
