"""What a change of the models does to the numbers: `make diff` and `make try`.

building.py builds both sides with dbt, comparing.py compares what they hold, report.py writes it
down.
"""
