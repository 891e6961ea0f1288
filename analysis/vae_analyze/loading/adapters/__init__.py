"""A person's own ten lines that make a model."""
