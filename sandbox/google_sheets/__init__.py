"""Google Sheets: the v4 calls that gspread makes, and the token exchange before them.

Rules: developers.google.com/sheets/api/reference/rest.
"""
