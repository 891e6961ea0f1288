"""What a file does not say, settled by experiment on data."""
