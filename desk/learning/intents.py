"""What a sentence can be an example of: the dialogue model's intents, as people call them."""

from __future__ import annotations

from collections.abc import Mapping

from knowledge.catalogue import catalogue

TOPIC = "topic_"
_ACTS: Mapping[str, str] = {
    "ask_aspect": "接着问材料、时限、收费等",
    "complaint": "要投诉",
    "request": "要提诉求",
    "progress": "查工单进度",
    "urge": "催办工单",
    "supplement": "补充工单",
    "withdraw": "撤回工单",
    "rate": "评价",
    "human": "要转人工",
    "greet": "打招呼",
    "thanks": "道谢",
    "bye": "告别",
    "affirm": "同意",
    "deny": "不同意",
    "cancel": "取消",
    "correct": "改正填写的内容",
    "capabilities": "问能做什么",
    "unsolved": "说没有解决",
    "explain": "问为什么要填",
    "skip": "跳过",
    "inform": "填写内容",
    "individual_matter": "个人事项（不归本平台）",
    "abuse": "发泄、骂人",
    "out_of_scope": "闲聊、与办事无关",
    "not_covered": "企业事项，知识库没有",
    "link": "绑定渠道",
    "unlink": "解除绑定",
    "privacy": "问个人信息",
    "erase": "删除我的信息",
}


def intent_names() -> Mapping[str, str]:
    """Intent -> its name: topics first."""
    topics = {f"{TOPIC}{key}": f"问：{name}" for key, name in catalogue().categories.items()}
    return {**topics, **_ACTS}
