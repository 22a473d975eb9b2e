"""The use cases: someone writes, the bot answers, a ticket is opened, a person is called."""
