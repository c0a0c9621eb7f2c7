"""Parrot, which repeats what it is told for a dollar a day."""
