"""What `edge-agent` can be told to do. Each module is loaded only when its command is given."""
