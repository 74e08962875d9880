"""From the broker to PostgreSQL: receive, judge, store in batches, and acknowledge what is committed."""
