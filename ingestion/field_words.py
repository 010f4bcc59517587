"""What headers mean: the words of Chinese and English dumps, as ideas that can be compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

# idea: the words that stand for it. Chinese words are found inside of longer ones, longest first.
WORDS: Mapping[str, str] = {
    "id": "id no nr num number code key 号 编号 编码 代码 号码 单号 序号",
    "account": "account acct user usr customer cust client buyer rider uid "
    "用户 账号 账户 帐号 客户 顾客 会员号",
    "member": "member vip membership 会员",
    "card": "card cardno 卡 卡号 会员卡 会员卡号",
    "phone": "phone mobile tel telephone cell cellphone msisdn 手机 手机号 电话 联系方式 联系电话",
    "email": "email mail 邮箱 邮件 电子邮箱 电子邮件",
    "national_id": "idcard nationalid ssn 身份证 身份证号 证件 证件号",
    "passport": "passport 护照",
    "device": "device deviceid did idfa imei oaid androidid 设备 设备号",
    "openid": "openid", "unionid": "unionid wxunionid", "cookie": "cookie visitor 访客",
    "person_name": "fullname realname nickname 姓名 真实姓名 昵称 收货人 联系人",
    "family_name": "familyname lastname surname 姓 姓氏",
    "given_name": "givenname firstname forename",
    "name": "name 名称 名字 名",
    "birth": "birth birthday birthdate dob born 生日 出生 出生日期",
    "gender": "gender sex 性别",
    "address": "address addr 地址 住址 详细地址 收货地址 家庭住址",
    "street": "street 街道 街道门牌 街道地址 门牌",
    "postcode": "zip zipcode postcode postal 邮编 邮政编码",
    "city": "city town suburb 城市 城区",
    "province": "province 省份 州省",
    "country": "country nation 国家",
    "district": "district county 区县",
    "region": "region 大区",
    "household": "household family 家庭",
    "household_size": "家庭人数", "kids": "kids children 孩子 子女",
    "income": "income salary 收入 收入档", "age": "age 年龄 年龄段",
    "marital": "marital marriage 婚姻 婚姻状况", "home": "home housing 住房",
    "occupation": "occupation job profession 职业", "education": "education 学历",
    "order": "order ticket receipt invoice transaction txn trade 订单 小票 小票号 交易 流水",
    "line": "line row seq 行 行号",
    "sku": "sku product item goods article 商品 货品 产品",
    "quantity": "quantity qty units pieces 数量 件数",
    "amount": "amount amt total sales revenue value money fare sum dollar 金额 实付 实收 合计 总额",
    "price": "price 单价 价格", "cost": "cost 成本", "fee": "fee freight shipping 运费 费用",
    "discount": "discount 优惠 折扣 减免", "coupon": "coupon voucher 券 优惠券 用券",
    "tax": "tax 税",
    "time": "time at datetime timestamp ts date day on 时间 日期 时刻",
    "paid": "paid pay payment 支付 付款",
    "registered": "registered register created create signup signed joined join "
    "注册 入会 创建 开户",
    "updated": "updated update modified changed change 更新 修改 变更",
    "occurred": "occurred happened 发生",
    "status": "status state 状态",
    "store": "store shop branch outlet 门店 店铺",
    "category": "category cat dept department class 品类 类目 分类 部门",
    "brand": "brand 品牌",
    "event": "event action behaviour behavior eid 事件 行为",
    "session": "session sid 会话", "page": "page url 页面", "os": "os platform 系统",
    "campaign": "campaign 活动", "message": "message msg 消息",
    "tier": "tier level grade 等级 级别", "points": "points 积分",
    "type": "type kind 类型", "sign": "is has flag 是否",
}  # fmt: skip
PERSONAL = frozenset({
    "person_name", "family_name", "given_name", "birth", "address", "street",
})  # fmt: skip
SMALL = frozenset({"id", "time", "name", "type", "sign"})  # ideas that many columns share
_FILLING = frozenset({
    "of", "the", "up", "in", "to", "for", "a", "wx", "s", "l", "group", "band",
    "一级", "二级", "三级", "情况", "段", "自报",
})  # fmt: skip
_KINDS_OF_AMOUNTS = frozenset({"discount", "coupon", "fee", "tax", "refund"})
_MEANING = {word: idea for idea, words in WORDS.items() for word in words.split()}
_CHINESE = sorted((word for word in _MEANING if not word.isascii()), key=len, reverse=True)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HOW_MANY = re.compile("(?:number|num|no)[ _]of")
_PART = re.compile("[a-z]+|[0-9]+|[\u4e00-\u9fff]+")


@cache
def ideas_of(text: str) -> frozenset[str]:
    """The ideas a header or a column's name tells; a word that stands for none is one of its own.

    >>> sorted(ideas_of("payTime")), sorted(ideas_of("会员卡号"))
    (['paid', 'time'], ['card'])
    """
    plain = _CAMEL.sub(" ", unicodedata.normalize("NFKC", text)).casefold()
    plain = _HOW_MANY.sub("count", plain)
    parts = _PART.findall(plain)
    joined = "".join(parts)
    if joined in _MEANING:
        return frozenset({_MEANING[joined]})
    found = {idea for part in parts for idea in _ideas_of_part(part) if not idea.isdigit()}
    if found & _KINDS_OF_AMOUNTS:
        found.discard("amount")
    return frozenset(found - _FILLING)


def _ideas_of_part(part: str) -> set[str]:
    if part.isascii():
        return {_idea_of_word(part)}
    found = set()
    for word in _CHINESE:
        if word in part:
            found.add(_MEANING[word])
            part = part.replace(word, " ")
    return found | set(part.split())


def _idea_of_word(word: str) -> str:
    if word in _MEANING:
        return _MEANING[word]
    singular = word.removesuffix("s")
    return _MEANING.get(singular, word)


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """How alike two sets of ideas are, from 0 to 1; ideas that many columns share count little."""
    union = one | other
    if not one & other:
        return 0.0
    return sum(map(_weight, one & other)) / sum(map(_weight, union))


def _weight(idea: str) -> float:
    return 0.4 if idea in SMALL else 1.0


def ascii_name(text: str) -> str:
    """A name for a field made of its header's words, or of their ideas where they are Chinese;
    empty where nothing is left."""
    plain = _CAMEL.sub("_", unicodedata.normalize("NFKC", text)).casefold()
    if not plain.isascii():
        plain = "_".join(sorted(idea for idea in ideas_of(text) if idea.isascii()))
    name = re.sub("[^a-z0-9]+", "_", plain).strip("_")
    return name if name[:1].isalpha() else ""
