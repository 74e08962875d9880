"""What decides about deployments, as docs/deployment-rules.md says in words. Pure: facts in, answer out, no clock."""
