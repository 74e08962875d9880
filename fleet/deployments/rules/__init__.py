"""What decides about deployments, as docs/deployment-rules.md says it in words. Pure: facts in, answer out, no clock."""
