"""What this computer has, and what would make textune faster on it."""
