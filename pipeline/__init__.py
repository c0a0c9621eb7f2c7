"""What `make run` does: settings, logs, the order of the steps and the report."""
