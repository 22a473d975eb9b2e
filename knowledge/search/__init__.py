"""Finding the article that a question is about, and saying how sure that is."""
