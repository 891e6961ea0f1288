"""Small models, data and analyzers with known answers."""
