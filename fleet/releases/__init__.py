"""Releases: the TUF repository that units trust; people sign what it holds, the controller that it is fresh."""
