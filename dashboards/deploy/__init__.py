"""Brings Metabase in line with the definitions: compares, and only writes what differs."""
