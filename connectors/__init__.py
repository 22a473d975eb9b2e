"""The channels and the dialogue model: wire form on one side, our values on the other."""
