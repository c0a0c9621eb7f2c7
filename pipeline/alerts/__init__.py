"""What a run has to say to people: what failed, anomalies, budgets, and on Mondays the week."""
