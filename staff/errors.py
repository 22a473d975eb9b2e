"""What can be wrong with staff accounts.

StaffError
  x UsernameRefused
  x UsernameTaken
  x NameRefused
  x RolesRefused
  x DepartmentUnknown
  x AccountUnknown
  x LastAdmin
  x OwnAccount
  x AddressRefused
  x PasswordRefused
"""


class StaffError(Exception):
    """Something about an account is wrong; the message says what, for a person."""


class UsernameRefused(StaffError):
    """Not a user name."""

    def __init__(self, username: str) -> None:
        super().__init__(
            f"“{username}”不能作用户名：以小写字母开头，2-32 位小写字母、数字、点、横线或下划线。"
        )


class UsernameTaken(StaffError):
    """Somebody has it."""

    def __init__(self, username: str) -> None:
        super().__init__(f"用户名“{username}”已经存在，请换一个。")


class NameRefused(StaffError):
    """No name, or too long a one."""

    def __init__(self) -> None:
        super().__init__("请填写姓名，不超过 32 个字。")


class RolesRefused(StaffError):
    """No role at all, or one that does not exist."""

    def __init__(self) -> None:
        super().__init__("请至少选择一个角色。")


class DepartmentUnknown(StaffError):
    """No such department."""

    def __init__(self, key: str) -> None:
        super().__init__(f"没有部门“{key}”。")


class AccountUnknown(StaffError):
    """No such account."""

    def __init__(self, username: str) -> None:
        super().__init__(f"没有账号“{username}”。")


class LastAdmin(StaffError):
    """Nobody would be left to manage accounts."""

    def __init__(self) -> None:
        super().__init__("这是最后一个可用的管理员账号，请先给另一个账号管理员角色。")


class OwnAccount(StaffError):
    """What one does to others, not to oneself."""

    def __init__(self) -> None:
        super().__init__("不能停用或重置自己的账号，请由另一位管理员操作。")


class AddressRefused(StaffError):
    """Not a network address."""

    def __init__(self) -> None:
        super().__init__("请填写一个网络地址，例如审计日志里登录失败那一条的地址。")


class PasswordRefused(StaffError):
    """Too easy to guess; the message says why."""
