"""Which aspect of a matter is asked for, and what of a question names the matter itself."""

from __future__ import annotations

import re

from knowledge.article import Aspect
from knowledge.search.aspect_words import ASKED, HINTED, NAMED, SHORT
from knowledge.search.text import normalise


def _cue(pattern: str) -> re.Pattern[str]:
    for letter, stands_for in SHORT.items():
        pattern = pattern.replace(letter, stands_for)
    return re.compile(pattern)


def _asking(aspect: Aspect) -> re.Pattern[str]:
    named = NAMED[aspect]
    return _cue(
        "|".join((*ASKED[aspect], f"W(?:{named})", f"(?:{named})[的是有都要]{{0,2}}(?:W|多少|哪几|H[样说])"))
    )


_ASKED = tuple((aspect, _asking(aspect)) for aspect in ASKED)
_LOOSE = tuple(
    (aspect, weight, _cue(pattern))
    for weight, cues in ((1, NAMED), (0, HINTED))
    for aspect, pattern in cues.items()
)

# Not the matter: what asks, greets, begs, hesitates, and what every office errand has in common.
_IDLE = (
    r"请问(?:一下)?|麻烦(?:问|帮|你|您)?|劳驾|问一?下|咨询(?:一下|下)?|想(?:问|知道|了解|咨询|要)|打听|告诉(?:我|俺)|帮(?:我|忙|俺)|了解(?:一下|下)?|"
    r"你好|您好|谢谢(?:你|您|了)?|多谢|拜托|不好意思|急急?急?|在吗|亲|师傅|老师|同志|领导|"
    r"怎么(?:办理?|弄|搞|样|申请|走|回事|整|做)?|咋(?:办理?|弄|搞|样|整|申请|回事|做)?|如何|为什么|为啥|什么(?:时候|样)?|啥(?:时候|样)?|哪(?:里|儿|些|个|家|种|位|一)?|"
    r"多少|几个?|是不是|有没有|能不能|可不可以|要不要|会不会|需不需要|能否|可否|是否|可以|能够?|应该|需要|需|必须|得|要|想|"
    r"办理|办(?:一下|下|个)?|弄|搞|整|做|申请|去|来|"
    r"我们?|俺们?|咱们?|你们?|您|他们?|她|它|自己|大家|人家|这(?:个|种|些|样|边|儿)?|那(?:个|种|些|样|边|儿|么)?|"
    r"现在|目前|最近|刚刚?|已经|今天|昨天|明天|上午|下午|一下|一个|有点|比较|非常|特别|真的|其实|然后|还有|还是|或者|但是|不过|因为|所以|如果|要是|的话|"
    r"相关|有关|关于|具体|一般|大概|大约|都|也|还|又|就|才|再|先|只|很|太|最|别|没|不|是|有|在|把|被|让|给|对|跟|和|与|及|"
    r"吗|呢|吧|啊|呀|哦|嗯|哈|嘛|么|了|的|地|着|过|个|些|下|点|事(?:情|儿)?|东西|时间|哎|唉|哇|喂|呗|咯|噢"
)
# Not the matter either: what asks for an aspect or names one. Narrower than what an aspect is recognised by, since a
# word that is part of a matter's name must stay.
_ASPECT_WORDS = (
    r"文号|文件?多少号|哪[一个份部条项号几年级的]*(?:文件|公告|规定|法律|条例|办法|政策|通知)(?:规定的?)?|(?:政策|法律)?依据|红头文件|法规|法条|哪[个一]?条(?:规定|法)|哪[个部份]?(?:文件|法律|法|政策)|什么(?:文件|法律|政策规定)|(?:文件|政策|法律)(?:名|全称|出处|叫)|出处|第几条|凭(?:什么|啥)规定|根据(?:什么|啥|哪)|有(?:没有)?(?:文件|规定)(?:吗|么|没)",  # basis
    r"几号|截止|最[快晚迟]|当[天场]|多[长张]时候|什么时候|多久|多[长张]时间|多少(?:个)?(?:工作)?(?:天|日|时间|小时|月)|(?:要|得|用|需要?)几(?:个)?(?:工作)?(?:天|日|小时|月|周|年)|几(?:个)?(?:工作)?(?:天|日|小时|月|周)|时限|期限|时长|时效|什么时候(?:能|可以|才|下来|办好|出)|啥时候(?:能|可以|才|下来|办好|出)|啥时能|多快|办结时间|办理时间|当天(?:能|可以|办)|当场(?:能|可以|办)|等多|工期",  # time
    r"几份|复印件|证照|备[点些一]?[啥备]|材料|才料|材科|资料|带(?:什么|啥|哪些|点啥|那些)|(?:准备|提交|提供|拿|交|递|需要|要)(?:些|点)?(?:什么|啥|哪些|那些)(?:东西|证件|证明|证照|手续|文件|表|证|材)?|哪些证(?:件|明)|证件|要件|手续(?:材料|有哪些|要哪些|都要)|什么手续|啥手续|哪些手续|啥东西|什么东西|清单",  # materials
    r"官费|一分钱|贵不|收不收|几个钱|花不花钱|[交付]费[不吗]|多少费用|掏多少钱|多少钱|多钱|几块钱|几多钱|多少费|收费|费用|花钱|要钱|收钱|交钱|价格|价钱|价位|费率|手续费|工本费|免费|成本|贵不贵|贵吗|花多少|收多少|交多少|掏钱|掏多少|花费|咋收|怎么收|要不要钱|费吗|单价|一方|一度",  # fee
    r"[第头下]一步|分?几步|[怎咋]么?操作|流程|留程|流成|步骤|步[聚奏]|程序|环节|怎么走|咋走|走什么|走啥|先.{0,6}(?:再|后).{0,8}|第一步|顺序|操作方法|全过程",  # process
    r"哪个[科口]室?|往哪[送交寄]?|打哪个?|网址|电话(?:号码)?(?:是?多少|给|发|打|和|$)|哪里|哪儿|在哪|去哪|到哪|上哪|搁哪|哪个(?:部门|窗口|单位|局|地方|大厅)|哪(?:办|弄|交|报)|什么(?:地方|部门|窗口)|啥(?:地方|部门)|地址|地点|窗口|位置|找谁|找哪|哪个网|哪个平台|跟谁|向谁|归谁|谁管|归哪|哪家|线上哪",  # place
    r"[行中]不[行中]|够不够|算不算|条件|条见|资格|谁能|谁可以|哪些人(?:能|可以)|(?:什么|啥|哪些|怎样的?|什么样的?)(?:样)?(?:的)?(?:企业|公司|人|单位)(?:能|可以|才)|要求|门槛|符合(?:什么|啥|哪些)|满足|能不能|可不可以|能否|可否|是否可以|够不够格|标准是",  # conditions
    r"干(?:啥|什么|嘛)的?|(?:啥|什么)意思|介绍一下",  # overview
)  # fmt: skip
_STRIPPED = tuple(re.compile(pattern) for pattern in (*_ASPECT_WORDS, _IDLE))


def asked_aspect(text: str) -> Aspect | None:
    """The aspect that the question names; None where it names none ("怎么办" asks for everything)."""
    plain = normalise(text)
    found = [
        (cue.end(), -cue.start(), aspect) for aspect, pattern in _ASKED for cue in pattern.finditer(plain)
    ]
    if found:
        return max(found, key=lambda cue: cue[:2])[2]
    loose = [
        (plain.count(" ", 0, cue.start()), weight, cue.end(), aspect)
        for aspect, weight, pattern in _LOOSE
        for cue in pattern.finditer(plain)
    ]
    return max(loose, key=lambda cue: cue[:3])[3] if loose else None


def residue(text: str) -> str:
    """What names the matter: the text without aspect words, question words, particles and politeness.

    "那材料呢" -> "", "燃气呢" -> "燃气". Pieces that were apart stay apart by one space.
    """
    return strip(normalise(text))


def strip(plain: str) -> str:
    """`residue` of a text that is normalised already."""
    for pattern in _STRIPPED:
        plain = pattern.sub(" ", plain)
    return " ".join(plain.split())
