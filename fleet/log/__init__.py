"""The deployment log: what its entries say."""
