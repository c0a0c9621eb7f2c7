"""Anthropic: the Admin API, usage and cost analytics, the older reports, Claude Code.

Rules and field names: platform.claude.com/docs, the types of the `anthropic` SDK.
"""
