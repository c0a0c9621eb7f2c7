"""GitHub Copilot of an enterprise: what it bills, who has a seat, what users do.

Rules: docs.github.com/en/rest/billing/usage, …/rest/copilot/copilot-usage-metrics, and
docs.github.com/en/enterprise-cloud@latest/rest/billing/usage-reports.
"""
