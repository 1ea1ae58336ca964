"""What the command line shows: tables, drawings and progress."""
