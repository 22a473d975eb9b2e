"""The pages of staff and admins."""
