"""Sites: codes for where deployments are, with texts that can be erased."""
