"""The Simple Management Protocol over a serial line, through smpclient."""
