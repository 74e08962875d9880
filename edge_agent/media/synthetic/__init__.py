"""The synthetic camera of demo and tests: a process of its own that serves a moving picture and a tone on a socket.

It stands for the device: it draws and encodes only while somebody is connected, only what was asked for, and says on
its standard output when it was opened and closed. `counter` reads the frame number out of its picture.
"""
