"""All of the controller's SQL: the pool, named queries in files, one module for each part of the state."""
