"""The web channel: an HTTP API and the public chat page on top of it."""
