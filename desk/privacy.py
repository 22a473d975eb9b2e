"""个人信息说明: what is kept of somebody, in plain words."""

from __future__ import annotations

from desk.desk import Desk
from desk.values import Button, Reply

ERASE = Button("删除我的信息", "/erase")


def privacy(desk: Desk) -> Reply:
    """What is kept, what for, how long, and how to have it deleted."""
    return Reply(
        "为了回答您的问题、办理您的诉求，我们保存您在这里发送的内容、我们的答复，以及您在这个渠道的账号标识；"
        "您提交工单时，还保存您填写的企业名称、联系人和电话，只给受理和办理的人看。\n"
        "说“删除我的信息”，就会删除对话和账号标识；已经提交的工单按办理需要保留，"
        f"办结满 {desk.keep_tickets.days} 天后清除联系人、电话和内容。\n"
        "请不要发送身份证号、银行卡号等与所办事项无关的信息。",
        outcome="smalltalk",
        buttons=(ERASE,),
    )
