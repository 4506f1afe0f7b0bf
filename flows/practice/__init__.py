"""A seeded synthetic practice, as a legacy EMR would export it: invented people, numbers that pass their checks."""
