"""Names of people, where a text introduces them as such. Pure.

A name that only stands in a text is left: whom a complaint is about has to be read, and without an
introduction too many words look like names. All patterns are for folded text. Their repetition is
bounded, but for a list's, which is never gone back over, so that the time stays linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章云苏潘葛奚范彭"
    "郎鲁韦昌马苗凤花方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余卜顾孟平"
    "黄和穆萧肖尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危"
    "江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫经房裘解应宗丁宣邓郁单杭洪包诸左石崔吉"
    "龚程邢裴陆荣翁荀羊甄封储靳段巫乌焦牧车侯班宁仇祖武符刘景詹束龙叶司黎白蒲邰赖卓池乔翟谭劳姬申"
    "扶冉桑桂牛边燕冀尚温庄晏柴瞿阎闫连习容向古易廖耿匡文寇欧利师巩聂关游权岳付代涂曾覃佘揭仝晁眭"
    "兰银奉首资粟艾邝谌苟帅卿简阳敖隆丘朴仲官麦甘辛幸冷宫查相佟郗亓曲缪晋占商鞠丰迟阚栗芦荆蔺屠沙"
    "富厉谷井芮檀尧逯亢冼盖苑矫竺糜"
)
DOUBLE_SURNAMES = (
    "欧阳 司马 上官 诸葛 夏侯 皇甫 尉迟 公孙 慕容 令狐 司徒 端木 东方 独孤 南宫 西门 宇文 长孙 "
    "轩辕 呼延 申屠 太史 澹台 公冶 鲜于 闻人 钟离 拓跋 完颜 赫连 濮阳 淳于 单于 万俟 仲孙"
)
_TITLES = (
    "先生|女士|小姐|老[师板]|师傅|经理|主任|书记|同[志学]|医生|大[夫爷妈哥姐]|护士|教授|博士|总|"
    "警官|法官|律师|会计|阿姨|叔|奶奶|爷|姐|哥|姓|氏|[市县省镇乡村区院校局厅部科处所站队组会]长"
)
_WORDS = (
    "[郑杭徐柳荆兰温常]州 [白黎苗]族 白银 司[机法令] 师[父傅生范资] "
    "房[东主屋子产价贷租本奴款管源改间] 车[主辆子位贷牌用厢间库道流票祸多太] "
    "单[位凭独价方元身休双号亲车眼挑] "
    "高[考校层兴度中一二三铁速息招房温龄烧热血压额空危等价端档职工] "
    "安[全置排徽居检心静稳好装慰保康庆阳分葬息] 经[常济过营查适历手商办费理] "
    "路[人上公车霸过口线段边灯况面途费难烂遇] 何[时况人处] 万[分望一元科达般幸] 武[汉昌装] "
    "江[苏西] 云南 吉林 甘肃 宁[夏波愿静] 桂林 岳阳 黄[石冈] 沈阳 乐山 石家庄 "
    "[\u3400-\u9fff]家[庄湾沟寨] 方[便面式法案向才] 申[请诉报] 时[候间常代期刻任] "
    "应[该当加急征届聘付对用有邀诉允] 成[绩为都员品年功立本交家熟] 权[利益属力限威] "
    "关[于系注心键闭停节联掉门] 文[化盲件凭明科书字物] 明[确白显知智日天年] "
    "平[时台安静均日常稳民生摊] 连[续夜日累同] 常[年住驻常务用去来见规] 计[划生算程件较] "
    "管[理委道网家控] 代[表理码办驾课收购缴替为] 强[烈调制征拆行迫硬忍] "
    "解[决释放除聘约散答] 宣[传布誓称] 包[括工容庇含裹] 金[融额钱属] 利[益用息率润] "
    "白[天酒领色] 黄[牛色标码种疸] 任[何职教由性意期务劳] 许[多可] 资[金料质格产源助] "
    "简[单历介述] 官[方员司] 温[馨暖饱和情泉] 康[复健] 阳[光台性] 首[先付次套要] "
    "相[关信邻片貌当应中] 查[询明看酒到处阅出账证验] 马[上路] 华[人为] 庄家 首相 "
    "和(?:联系|[其他家妻父母孩老爱女丈睦谐气]) 于[今是去此现家当昨] "
    "向(?:[您来上导往领法社前]|有关) 游[客玩览子] 曾[经多任用祖于] 费用 施工 谢[谢意] "
    "祝[好您愿福] 左[上下右手腿脚眼邻转撇] 商[家户品转铺店场贸贩] 富[裕强] 丰[富收满] "
    "危[房改险机旧害重急及] 廉[价政租洁] 毛[坯发] 沙[霸哑发] 纪[委检律念] 苏丹 盖[章好] "
    "支[持付出援撑部] 严[重格厉惩肃禁查] 幸[福好运亏] 毕[业竟] 乐[意于观] "
    "花[费钱光园农甲呗] 钱[款财包物] 祖[宅籍屋上坟父母] 古[稀城镇玩] 郁[闷症] 冷[静漠] "
    "辛[苦勤] 项[目下链] 习[惯俗得] 容[易貌忍] 席位 伏案 戴[着口孝] 殷切 余[款额生下] 艾滋 "
    "甘[愿心] 田地 易[涝燃爆] 蓝[领色] 牧民 段子 钟[点爱意情] 谈[谈话判] 程序 曲解 石[材匠] "
    "胡[说言同] 林农 乐队 解放 尤其 荣[誉幸] 焦[虑急] 舒[服适] 厉害 麻[烦将] 莫[名非] 杜绝 "
    "符合 扶[贫持] 周[边围末] 迟[到迟早] 尚[未无有] 占[用道地比有] 付[款费出清] 封[闭控] "
    "凌晨 范围 储蓄 景区 季[度节] 皮肤 "
    "(?:孙[子女]|周[一二三四五六日]|花小猪|江[津油南北]|[温蒲]江|简阳|万[州岁]|云阳|龙湖|常德)"
    "(?![\u3400-\u9fff])"
).replace(" ", "|")
"""Words that begin like a name. They are looked for where one is found, once for all patterns."""
_PLACES = "村镇乡县市区省厂局院校店苑站组厅城"
_NEVER = "的了吗呢吧啊嘛他她它您你我们某这那哪个谁什么怎没不也都还就很被给请问把让说人"
_LETTER = "\u3400-\u9fff"
SURNAME = f"(?:{DOUBLE_SURNAMES.replace(' ', '|')}|[{SURNAMES}])"
"""Pattern of one."""
_GIVEN = f"(?![{_NEVER}])[{_LETTER}]"
_NAME = (
    f"(?!{SURNAME}老?(?:{_TITLES}))"
    rf"{SURNAME}(?:{_GIVEN}){{1,2}}?(?<![{_PLACES}])"
)
_FOLLOWING = (
    "联系|电话|手机|身份证|住址|地址|日期|时间|账号|代表|敬上|出生|来自|家住|等[\\d人电户位]|是|"
    "系|二[〇零○o0]|先生|女士|小姐|夫妇|夫妻|全家"
)
_END = rf"(?:(?![{_LETTER}·•・]|〔姓名)|(?={_FOLLOWING}))"
_ENDED = f"{_NAME}{_END}"
_SEVERAL = rf"(?P<names>{_ENDED}(?:[、;\s]{{1,2}}{_ENDED})*)"

_ROLES = (
    "联系 投诉 申请 申诉 反映 反应 举报 上访 信访 来信 写信 留言 求助 求援 援助 报告 具报 具报告 "
    "呈报 请求 诉求 控告 报案 受害 受侵害 上诉 上书 发件 收件 寄件 来电 执笔 询问 咨询 问政 发帖 "
    "编写 呈请 申辩 申冤 申述 诉状 建议 提案 陈述 委托 委托代理 收款 债权 具状 起诉 当事 残疾 "
    "经营 消费 来访 报修 收货"
)
_ROLE = "|".join(" ?".join(role) for role in _ROLES.split())
_WHO = "村民|居民|业主|住户|职工|教师"
_LABEL = (
    rf"(?:(?<!被)(?<!被 )(?:{_ROLE}) ?[人者]|原告|户主|[姓户]名|[签署]名|签字|(?<!日)本人|"
    rf"患者|死者|家属|考生|党员|{_WHO})(?:代表|姓名|签名)?"
)
_LABELLED = r" ?\)?\s{0,4}[:∶]\s{0,4}"
_NUMBER = r"(?:号码?)?[:,为是(\s]{0,3}[*\d〔]"
_IDENTITY = rf"[,;:(、\s]{{0,2}}身份证{_NUMBER}"
_PARTICULARS = (
    rf"{_IDENTITY}|[,;:(、\s]{{0,2}}(?:(?:联系)?(?:电话|手机){_NUMBER}|〔(?:身份证|手机)号)"
    rf"|[,;:(、\s]{{1,2}}[男女](?![{_LETTER}])"
)
_ME = r"(?:我|(?<!日)本人)"
_FAMILY = "儿子|女儿|孩子|小孩|父亲|母亲|爱人|妻子|丈夫|老公|老婆|弟弟|哥哥|姐姐|妹妹|孙子|孙女"
_DATE = r"(?:20)?\d\d ?[年./-] ?\d{1,2} ?[月./-] ?\d{1,2} ?日?"

_INTRODUCED = (
    # 联系人：张三、李四 and 举 报 人：张 三
    (rf"[人者告主名字属生员民户工师表]{_LABELLED}", f"{_LABEL}{_LABELLED}{_SEVERAL}"),
    (
        rf"[:∶]\s{{0,4}}[{_LETTER}]{{1,2}} ",
        rf"{_LABEL}{_LABELLED}(?P<name>{SURNAME} {{1,2}}{_GIVEN}{_END})",
    ),
    # 村民张三，电话…
    (
        f"(?:身份证|电话|手机){_NUMBER}|[,;:(、\\s][男女](?![{_LETTER}])|〔[手身]",
        rf"{_LABEL}[ ,;]{{0,2}}(?P<name>{_NAME}(?={_PARTICULARS}))",
    ),
    # 我叫张三，我，名叫张三，我的名字是张三，本人姓名张三
    ("叫", rf"{_ME}[的,]{{0,2}}(?:名字?|姓名)?叫[做作]? ?(?P<name>{_ENDED})"),
    ("名", rf"{_ME}(?:的?(?:名字|姓名)[是:,]{{1,2}}|姓名|名) ?(?P<name>{_ENDED})"),
    # 我儿子叫张三，女儿名叫张三
    ("叫", rf"(?:{_FAMILY}),?(?:的?(?:名字|姓名)|名)?叫[做作]? ?(?P<name>{_ENDED})"),
    # 本人张三，
    (
        "本人",
        rf"(?:(?<![{_LETTER}])|(?<=我))本人 ?(?P<name>{_NAME}(?=[,;:(。\s]|系|是))",
    ),
    # 我是幸福村三组村民张三，
    (
        "我是",
        rf"我是[^,。!?:;\n]{{0,25}}(?:{_WHO}|员工|老师|人员|组)(?P<name>{_NAME}(?=[,。、(:;\s]))",
    ),
    # 您好！我是张三，
    ("我是", rf"(?:好|领导|[长记])[,:!。\s]{{0,3}}我是(?P<name>{_NAME}(?=[,。、(:;\s]))"),
    # 张三，身份证号…
    ("身份证", rf"(?<![{_LETTER}])(?<!姓名〕)(?P<name>{_NAME}(?={_IDENTITY}))"),
    # 此致敬礼 张三
    ("礼|此致", rf"(?:[敬致]礼|此致)[!。,.:]?\s{{0,6}}{_SEVERAL}"),
    # 谢谢！张三 2020年1月2日
    (r"\d日?\s{0,9}\Z", rf"[。!?;~)\n] ?(?P<name>{_NAME}(?=\s{{0,3}}{_DATE}\s{{0,9}}\Z))"),
)
"""How a name is introduced, each after what is quickly looked for and stands in every such text."""
_ONE = re.compile(r"[^、;\s]+")


def introduced(seen: str) -> Iterator[tuple[int, int]]:
    """Yield where the names stand that a folded text introduces, in order, none in another."""
    end = 0
    for start, stop in sorted(_found(seen), key=lambda span: (span[0], -span[1])):
        if start >= end:
            yield start, stop
            end = stop


@lru_cache(maxsize=1)
def _compiled() -> tuple[list[tuple[re.Pattern[str], re.Pattern[str]]], re.Pattern[str]]:
    # takes half a tenth of a second, which no command should wait for that redacts nothing
    patterns = [(re.compile(cue), re.compile(pattern)) for cue, pattern in _INTRODUCED]
    return patterns, re.compile(_WORDS)


def _found(seen: str) -> Iterator[tuple[int, int]]:
    patterns, words = _compiled()
    for cue, pattern in patterns:
        if cue.search(seen):
            for match in pattern.finditer(seen):
                yield from (span for span in _spans(match) if not words.match(seen, span[0]))


def _spans(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    if match.lastgroup == "name":  # of which one may be spaced out
        yield match.span("name")
    else:
        yield from (name.span() for name in _ONE.finditer(match.string, *match.span("names")))
