"""Cursor: the Admin API of a team, with JSON bodies and epoch milliseconds.

Rules and field names: docs.cursor.com, Admin API.
"""
