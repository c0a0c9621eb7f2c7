"""What a change of the models does to the numbers: `make diff` and `make try`.

building.py builds both sides with dbt, comparing.py compares the results, report.py writes the
report.
"""
