"""`python -m textune` is the command `textune`."""

from textune.cli.main import start

if __name__ == "__main__":
    start()
