"""Parrot, which repeats what it hears for a dollar a day."""
