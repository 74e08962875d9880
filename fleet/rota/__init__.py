"""On-call rotas: who is on call, whether that is lawful, fair and always covered, and how to fill a period."""
