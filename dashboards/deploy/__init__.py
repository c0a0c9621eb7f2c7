"""Definitions to Metabase: what is there is compared, and only what differs is written."""
