"""What every part uses: settings, logs, the warehouse, child processes, stops and dbt."""
