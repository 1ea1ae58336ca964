"""A run's results for people: charts, a page, a model card."""
