"""Salesforce: the OAuth token, queries with paging, and limits.

Rules: developer.salesforce.com, REST API.
"""
