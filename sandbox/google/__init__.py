"""Google Cloud: a billing account that exports its costs to BigQuery, and what reads them there.

The spreadsheet is another vendor, `sandbox.google_sheets`.
"""
