"""A loaded model held against data."""
