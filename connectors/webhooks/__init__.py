"""The way to other systems of the city."""
