"""Telegram: updates in, messages out, over a webhook or by polling."""
