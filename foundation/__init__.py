"""What every part stands on: settings, logs, the warehouse, child processes, stops and dbt."""
