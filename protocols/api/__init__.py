"""What the controller's API and its clients exchange: one module for each resource. Times are UTC datetimes."""
