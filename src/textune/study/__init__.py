"""The published case study: its results, its steps, and its reproduction."""
