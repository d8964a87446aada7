"""Emoji as the tagger reads them: one Chinese character for one emoji.

The base encoder's vocabulary has hardly any: a laugh and a fist are the same ``[UNK]`` to it. A
character that means what people mean by the emoji is one that it knows, and one for one keeps the
places of the text. An emoji that no character stands for stays as it is.
"""

from __future__ import annotations

_MEANINGS = {
    "赞": "👍👏👌💯🙌🤝💐🌹🌺🌷🌸🫡",
    "强": "💪✊👊",
    "贺": "🎉🎊🥳🎆🎇🏆🥇🎁🎈🎂",
    "爱": "❤♥💕💖💗💓💘💙💚💛💜🧡🖤🤍💞💝😍🥰😘🤗",
    "喜": "😊😁😄😃😀😆☺😋😌😇✨🌟⭐🌞🌈",
    "笑": "😂🤣😹",
    "泪": "😭😢😥🥹",
    "求": "🙏🥺",
    "怒": "😡😠🤬😤💢👿🔥",
    "骂": "🖕",
    "差": "👎💩",
    "哼": "🙄😒😑😐",
    "呵": "🙂🙃😏",
    "丑": "🤡",
    "狗": "🐶🐕",
    "汗": "😅😓💦",
    "愁": "😔😞😟😕☹🙁😣😖😫😩",
    "伤": "💔🤕",
    "惊": "😱😨😰😮😲😳🤯😧😦",
    "呕": "🤢🤮",
    "疑": "🤔🧐🤨❓❔",
    "捂": "🤦🙈😶🤐🤫",
    "否": "❌🙅✖✕❎",
    "对": "✔✅☑🙆",
    "禁": "🚫⛔🈲🚭🔞",
    "钱": "💰💸💵💴🪙",
    "病": "😷🤒🤧",
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
    "烟": "🚬💨",
    "炮": "🧨💥",
    "酒": "🍺🍻🍷",
    "涨": "📈",
    "跌": "📉",
    "票": "🎫",
    "书": "📖📚",
    "信": "📩📧✉",
    "快": "🚀⚡",
    "慢": "🐌🐢",
    "!": "‼❗❕⚠",
    # What only shapes the emoji before it.
    " ": "\ufe0f\u200d🏻🏼🏽🏾🏿♀♂",
}
_TABLE = {ord(emoji): meaning for meaning, every in _MEANINGS.items() for emoji in every}


def in_words(text: str) -> str:
    """Return the text with a character for each emoji, of exactly the same length."""
    return text.translate(_TABLE)
