"""The dialogue: Rasa's training data and engine, and the custom actions that it calls."""
