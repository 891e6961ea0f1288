"""What lies around the weights in a file, taken off."""
