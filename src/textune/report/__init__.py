"""From a run's results to what people look at: figures, a page, a model card."""
