"""The WeChat Official Account channel: pushes in, passive replies and customer-service messages out."""
