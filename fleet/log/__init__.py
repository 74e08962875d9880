"""The deployment log's tree: sequencing, signing, witnesses, receipts."""
