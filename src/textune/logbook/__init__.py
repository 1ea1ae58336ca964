"""What a server predicted, kept on disk: journals that survive a kill, Parquet files, and their reader."""
