"""What crosses a boundary: ids, topics, envelopes, messages, joining, errors. No I/O."""
