"""What can be wrong with staff accounts.

StaffError
  x UsernameRefused
  x UsernameTaken
"""


class StaffError(Exception):
    """Something about an account is wrong; the message says what, for a person."""


class UsernameRefused(StaffError):
    """Not a user name."""

    def __init__(self, username: str) -> None:
        super().__init__(
            f"{username!r} 不能作用户名：以小写字母开头，2-32 位小写字母、数字、点、横线或下划线"
        )


class UsernameTaken(StaffError):
    """Somebody has it."""

    def __init__(self, username: str) -> None:
        super().__init__(f"用户名 {username!r} 已经存在")
