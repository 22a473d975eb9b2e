"""The city's knowledge base: articles with their sources, finding them, and keeping them right."""
