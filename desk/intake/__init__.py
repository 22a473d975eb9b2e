"""Taking a complaint or request in, one question at a time. Everything here is pure."""
