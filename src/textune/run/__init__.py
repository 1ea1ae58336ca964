"""The run folder: its layout, where the run comes from, and the predictions that it stores."""
