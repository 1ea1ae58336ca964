"""The published case study: its figures, its steps, and its reproduction."""
