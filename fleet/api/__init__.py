"""The controller's HTTPS API, its websocket feed, and the door units join through."""
