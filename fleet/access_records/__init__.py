"""Units' own chained records, as the controller keeps and judges them."""
