"""From a run's results to what people look at: charts, a page, a model card."""
