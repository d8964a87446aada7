"""Emoji as the tagger reads them: one Chinese character for one emoji.

The base encoder's vocabulary has hardly any: anger and applause are the same ``[UNK]`` to it. A
character that means what people mean by the emoji is one that it knows, and one for one keeps the
places of the text. The table holds what is common in comments; other emoji stay as they are, and
one that is joined of several is read by its parts.
"""

from __future__ import annotations

import re

_MEANINGS = {
    "赞": "👍👏👌💯🙌🤝💐🌹🌺🌷🌸🫡",
    "强": "💪✊👊",
    "贺": "🎉🎊🥳🏆🥇🎁🎈🎂",
    "爱": "❤♥💕💖💗💓💘💙💚💛💜🧡🖤🤍💞💝😍🥰😘🤗",
    "喜": "😊😁😄😃😀😆☺😋😌😇",
    "笑": "😂🤣😹",
    "泪": "😭😢😥🥹🥲",
    "求": "🙏🥺",
    "怒": "😡😠🤬😤💢👿",
    "骂": "🖕",
    "差": "👎💩",
    "哼": "🙄😒😑😐",
    "呵": "🙂🙃😏",
    "丑": "🤡",
    "狗": "🐶🐕",
    "汗": "😅😓💦",
    "愁": "😔😞😟😕☹🙁😣😖😫😩",
    "伤": "💔🤕",
    "惊": "😱😨😰😮😲😳🤯😧😦😵",
    "呕": "🤢🤮",
    "疑": "🤔🧐🤨❓❔🤷",
    "捂": "🤦🙈😶🤐🤫",
    "看": "👀",
    "否": "❌🙅❎",
    "对": "✅☑🙆",
    "禁": "🚫⛔🈲🚭🔞",
    "钱": "💰💸💵💴🪙",
    "药": "💊",
    "针": "💉",
    "医": "🏥",
    "死": "💀☠",
    "悼": "🕯",
    "累": "😪😴🥱💤",
    "车": "🚗🚙🚌🚍🚕🚖🚐",
    "摩": "🛵🏍",
    "房": "🏠🏡🏢🏘",
    "校": "🏫🎒",
    "婴": "👶🍼",
    "孕": "🤰",
    "老": "👴👵🧓",
    "警": "👮🚓🚨",
    "烟": "🚬",
    "炮": "🧨💥",
    "花": "🎆🎇",
    "火": "🔥",
    "酒": "🍺🍻🍷",
    "涨": "📈",
    "跌": "📉",
    "票": "🎫",
    "书": "📖📚",
    "信": "📩📧✉",
    "快": "🚀",
    "慢": "🐌🐢",
    "!": "‼❗❕⚠",
    # Variants and skin colours of the emoji before.
    " ": "\ufe0f🏻🏼🏽🏾🏿",
}
_TABLE = {ord(emoji): meaning for meaning, every in _MEANINGS.items() for emoji in every}
_RUN = re.compile(f"([{''.join(map(chr, _TABLE))}])\\1{{3,}}")
"""An emoji four times or more: three say as much, and three hundred would crowd out the text."""


def in_words(text: str) -> str:
    """Return the text with a character for each emoji, of exactly the same length."""
    short = _RUN.sub(lambda run: run[1] * 3 + " " * (len(run[0]) - 3), text)
    return short.translate(_TABLE)
