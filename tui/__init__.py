"""The console: screens and widgets over the controller's API. No rules of its own."""
