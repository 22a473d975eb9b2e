"""Implementations of the channels' protocols that we did not write, for Node: see package.json."""
