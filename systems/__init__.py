"""Other systems of the city: the tokens that they read with, and what is pushed to them."""
