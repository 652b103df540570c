"""An event leads to a command: decided here, run by the worker."""
