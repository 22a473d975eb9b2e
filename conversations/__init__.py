"""People, their threads, and every message in them: who holds a thread, what is still to be sent."""
