"""Learning from use: what was not answered is collected, decided, and told to who asked."""
