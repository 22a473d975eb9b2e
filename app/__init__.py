"""Putting the parts together: settings, wiring, processes, and the command line."""
