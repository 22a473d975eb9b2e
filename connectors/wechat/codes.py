"""WeChat's error codes as data: what each asks us to do, and what staff are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Todo(StrEnum):
    """What a code asks for."""

    REFRESH = "refresh"  # the access token is refreshed once and the call repeated once
    BACK_OFF = "back-off"  # the same call may pass later
    WAIT_FOR_PERSON = "wait-for-person"  # it may pass once the person has written again
    UNREACHABLE = "unreachable"  # the person cannot be reached here until they follow or write again
    SPLIT = "split"  # the text has to be sent in smaller parts
    PLAIN_TEXT = "plain-text"  # this kind of account takes the message as plain text only
    CAPABILITY_OFF = "capability-off"  # the account has no such interface: do not call it again
    UPLOAD_AGAIN = "upload-again"  # the media id is not known any more
    OPERATOR = "operator"  # a setting is wrong: tell the operator and stop
    MEND = "mend"  # our request was wrong: a fault of this program
    NOTHING = "nothing"  # it does not matter


_MAY_PASS_UNCHANGED = {Todo.REFRESH, Todo.BACK_OFF}


@dataclass(frozen=True, slots=True)
class Meaning:
    """`staff` is a Chinese sentence for the console."""

    todo: Todo
    staff: str

    @property
    def permanent(self) -> bool:
        """Whether the same call, repeated without anybody doing anything, would be refused again."""
        return self.todo not in _MAY_PASS_UNCHANGED


_TOKEN = Meaning(Todo.REFRESH, "微信接口凭证失效，更新后仍未通过，系统稍后会再试。")
_TYPING = Meaning(Todo.NOTHING, "“正在输入”状态未能显示，不影响消息。")
_REQUEST = "系统发给微信的请求有误，请联系技术人员。"

# Vendor's list of global codes, and for 45072, 45080 and 45081 the page of the typing interface.
CODES: Mapping[int, Meaning] = {
    -1: Meaning(Todo.BACK_OFF, "微信系统繁忙，稍后会自动重发。"),
    40001: _TOKEN,
    40014: _TOKEN,
    42001: _TOKEN,
    40003: Meaning(Todo.UNREACHABLE, "对方没有关注本公众号，或者用户标识不对，消息无法送达。"),
    40007: Meaning(Todo.UPLOAD_AGAIN, "附件在微信上已经过期或不存在。"),
    40008: Meaning(Todo.MEND, f"消息类型不对，{_REQUEST}"),
    40013: Meaning(Todo.OPERATOR, "公众号的 AppID 不对，请管理员检查设置。"),
    40033: Meaning(Todo.MEND, f"消息里有微信不接受的转义字符，{_REQUEST}"),
    40037: Meaning(Todo.OPERATOR, "模板编号不对或已被删除，请管理员检查设置。"),
    40125: Meaning(Todo.OPERATOR, "公众号的 AppSecret 不对，请管理员检查设置。"),
    40164: Meaning(Todo.OPERATOR, "服务器的 IP 地址不在公众号的白名单里，请管理员在公众平台添加。"),
    40200: Meaning(Todo.PLAIN_TEXT, "这类公众号不能发送菜单消息，改用文字发送。"),
    41001: Meaning(Todo.MEND, f"请求里缺少接口凭证，{_REQUEST}"),
    43004: Meaning(Todo.UNREACHABLE, "对方没有关注本公众号，消息无法送达。"),
    43019: Meaning(Todo.UNREACHABLE, "对方在本公众号的黑名单里，消息无法送达。"),
    45002: Meaning(Todo.SPLIT, "消息太长，请分成几段发送。"),
    45008: Meaning(Todo.MEND, f"图文消息一次只能发一篇，{_REQUEST}"),
    45009: Meaning(Todo.BACK_OFF, "今天的接口调用次数已经用完，请管理员留意；稍后会自动重发。"),
    45011: Meaning(Todo.BACK_OFF, "接口调用太频繁，稍后会自动重发。"),
    45015: Meaning(
        Todo.WAIT_FOR_PERSON, "对方超过 48 小时没有来消息，或已取消关注；等对方再来消息才能送达。"
    ),
    45047: Meaning(Todo.WAIT_FOR_PERSON, "对方上次来消息后可发的条数已经用完；等对方再来消息才能送达。"),
    45072: _TYPING,
    45080: _TYPING,
    45081: _TYPING,
    46003: Meaning(Todo.NOTHING, "公众号还没有自定义菜单。"),
    47001: Meaning(Todo.MEND, f"数据格式不对，{_REQUEST}"),
    47003: Meaning(Todo.MEND, "模板的字段与设置的不同，或者内容不合要求，请管理员检查设置。"),
    48001: Meaning(Todo.CAPABILITY_OFF, "本公众号没有这个接口的权限。"),
    48004: Meaning(Todo.OPERATOR, "本公众号的接口已被微信封禁，请管理员登录公众平台查看。"),
    50002: Meaning(Todo.OPERATOR, "公众号账号受限，可能已被冻结，请管理员登录公众平台查看。"),
    89503: Meaning(Todo.OPERATOR, "这次接口调用有风险，需要公众号管理员在微信里确认。"),
}

# The same number from the token interfaces says something else: there the secret is wrong.
_TOKEN_CALL_CODES: Mapping[int, Meaning] = {40001: CODES[40125]}


def meaning(code: int, *, of_token_call: bool = False) -> Meaning:
    """What a code other than 0 means. An unlisted one may be repeated: what is refused was not delivered."""
    if of_token_call and code in _TOKEN_CALL_CODES:
        return _TOKEN_CALL_CODES[code]
    return CODES.get(code) or Meaning(
        Todo.BACK_OFF, f"微信返回了未收录的错误码 {code}，稍后会再试，请技术人员留意。"
    )
