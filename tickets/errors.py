"""What can be wrong with a ticket.

TicketError
  x TicketClosed
"""


class TicketError(Exception):
    """Something about a ticket is wrong."""


class TicketClosed(TicketError):
    """The ticket is withdrawn: nothing can be added."""

    def __init__(self, number: str) -> None:
        super().__init__(f"ticket {number} is closed")
        self.number = number
