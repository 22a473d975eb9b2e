"""Learning from use: questions that were not answered, grouped by meaning, and examples for the dialogue model."""
