"""Which aspect a question asks for, and what of it names the matter."""

import time

import pytest

from knowledge.article import Aspect
from knowledge.search.aspect import asked_aspect, residue

ASKED: dict[Aspect | None, tuple[str, ...]] = {
    "place": (
        "合伙企业换地方了，这事归哪个科管",
        "俺这一沓资料往哪送啊",
        "消防备案是去住建局弄，还是大厅有窗口",
        "外地欠债的人，我该去哪个法院告他",
        "商標續展能不能在網上辦？",
        "跳闸了打95598还是打物业",
        "老是没人管，跟谁说一声才中",
        "专利受理点在几楼",
        "增值税那个表格去哪下载",
    ),
    "fee": (
        "申请外观专利官费多少",
        "装个三相表贵不",
        "听说开户一分钱不花，是白办的吧",
        "门口到主管这一段管子的钱谁掏",
        "材料都备齐了，开户还收押金不",
        "工業用水一噸合多少",
        "员工被辞退得赔几个月工资",
        "诉讼费交不起能不能缓交",
    ),
    "time": (
        "下周就投标，办个CA锁赶得上不",
        "材料交齐了以后得等几天",
        "执照半天能弄完不",
        "通电得到多会儿",
        "不服判决的，几号之前得递上诉状",
        "週末去大廳有人沒",
        "处罚公示最短要挂多长时候",
        "计划停气提前几天告知",
    ),
    "materials": (
        "去大厅之前要备一备啥东西",
        "给职工开户都得带啥本本",
        "光拿身份证去行不行",
        "登记证明交原件还是复印件就中",
        "注銷稅務要填哪張表",
        "复印件要几份",
        "跑了两趟都说不齐，时间全耽误了，到底要哪些证照",
    ),
    "process": (
        "新厂房从立项到拿证，一步一步咋走",
        "先核名后刻章还是先刻章",
        "豫事办怎么注册登录",
        "想把小股东去掉，具体咋弄",
        "審批從頭到尾說一遍吧",
        "清税完了以后接着干啥",
        "破产手续怎么走",
        "电子执照如何授权给会计用",
    ),
    "conditions": (
        "俺这厂够不够格评高企",
        "没有房产证抵押行不行",
        "员工超了三百还算不算小微",
        "公司成立滿幾年才能貸",
        "科技人员得占多少才能报",
        "多少钱以下的工程不用招标",
        "费用都交了，个体户能不能申请稳岗返还",
        "啥样的企业给派服务官",
        "没有研发费用的话还能评科小吗",
    ),
    "basis": (
        "提前三天通知停水，规定在哪写着",
        "留抵退税是2025年几号公告",
        "收这个费按的是哪个文件",
        "不签合同赔双倍是劳动法第几条",
        "五年繳足是誰規定的",
        "水价调整有没有红头文件",
        "这政策出自哪儿",
        "公司法里是咋写的",
    ),
    "overview": (
        "首席服务官平时是干啥的",
        "重整跟清算有啥不一样",
        "啥叫并联审批",
        "银企对接到底是个什么活动",
        "發明和實用新型差在哪",
        "自助机上都能办点啥",
        "办理概述",
    ),
    None: (
        "俺想开个公司，咋弄",
        "营业执照丢了怎么办",
        "商标怎么申请啊",
        "用水报装",
        "车间突然没电了，急死人",
        "钱都给他了，工商上还是他的名字",
        "窗口那个人态度真差",
        "",
    ),
}


@pytest.mark.parametrize(
    ("aspect", "question"),
    [(aspect, question) for aspect, questions in ASKED.items() for question in questions],
)
def test_the_aspect_is_recognised(aspect: Aspect | None, question: str) -> None:
    assert asked_aspect(question) == aspect


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("那材料呢", ""), ("燃气呢", "燃气"), ("多少钱", ""), ("官费多少", ""), ("收不收费", ""), ("要带啥", ""),
        ("归哪个科管", ""), ("打哪个电话", ""), ("电话多少", ""), ("几号截止", ""), ("哪个文件规定的", ""),
        ("政策依据是啥", ""), ("所需材料", ""), ("收费标准", ""), ("办理概述", ""), ("具体咋弄", ""), ("先弄啥后弄啥", ""), ("够不够格", "格"), ("行不行", ""),
        ("是干啥的", ""), ("啥意思", ""), ("工商业电价依据哪个文件", "工商业电价"), ("商标注册得几天", "商标注册"),
        ("法院强制执行要不要钱", "法院强制执行"), ("增值税留抵退税是哪个公告", "增值税留抵退税"),
        ("企业注销往哪儿交", "企业注销"), ("怎么注册 公司", "注册 公司"),
    ],
)  # fmt: skip
def test_the_residue_names_the_matter(text: str, left: str) -> None:
    assert residue(text) == left


@pytest.mark.parametrize("name", ["工商业电价", "仲裁公告", "12345热线", "法律援助", "政策兑现", "环评审批"])
def test_loose_cues_do_not_eat_the_names_of_matters(name: str) -> None:
    assert residue(name) == name


def test_a_page_of_text_is_read_quickly() -> None:
    started = time.perf_counter()
    asked_aspect("有没有人能告诉我先去哪个局要几份材料得多少钱" * 200)
    assert time.perf_counter() - started < 0.5
