"""Dashboards as code: definitions in YAML, checked against the marts, previewed, deployed."""
