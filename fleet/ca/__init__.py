"""The certificate authority: names units, servers and controllers. Keys stay in one 0700 directory."""
