"""The dialogue model, spoken to over HTTP on the loopback interface."""
