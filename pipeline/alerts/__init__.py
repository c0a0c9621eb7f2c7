"""What a run tells people: failures, anomalies, budgets, and on Mondays the week."""
