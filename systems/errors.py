"""What can be wrong with a token or a subscription.

SystemsError
  x NameRefused
  x NameTaken
  x Unknown
  x ScopesRefused
  x ExpiryRefused
  x AddressRefused
  x EventsRefused
  x MovedOn
"""


class SystemsError(Exception):
    """Something is wrong; the message says what, for a person."""


class NameRefused(SystemsError):
    """No name, or too long a one."""

    def __init__(self, most: int) -> None:
        super().__init__(f"请填写名称，不超过 {most} 个字，例如对方系统的名称。")


class NameTaken(SystemsError):
    """There is one of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"名称“{name}”已经用过，请换一个。如果刚才重复提交了，先前的一个已经建好。")


class Unknown(SystemsError):
    """No such token, subscription or delivery."""

    def __init__(self) -> None:
        super().__init__("没有找到，可能已经被移除。请刷新页面。")


class ScopesRefused(SystemsError):
    """Nothing may be read with it."""

    def __init__(self) -> None:
        super().__init__("请至少选择一项可以读取的内容；选了“保密工单”的，也要选“工单”或“统计数字”。")


class ExpiryRefused(SystemsError):
    """Not a day in the next years."""

    def __init__(self, most_days: int) -> None:
        super().__init__(f"有效期请填今天以后、{most_days} 天以内的日期。")


class AddressRefused(SystemsError):
    """Nothing is pushed there; the message says why."""


class EventsRefused(SystemsError):
    """Nothing would be pushed."""

    def __init__(self) -> None:
        super().__init__("请至少选择一种要推送的事件。")


class MovedOn(SystemsError):
    """Somebody else has changed it since the page was shown."""

    def __init__(self) -> None:
        super().__init__("打开页面以后，另有人改动过，您的操作没有执行。请看过现在的情况再决定。")
