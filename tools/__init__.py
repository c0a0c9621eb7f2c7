"""Installing, locking, breaking models on purpose, and what else serves those who work on this."""
