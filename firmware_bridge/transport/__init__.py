"""Serial ports: found, opened for one program alone, read and written off the event loop. Only here is pyserial."""
