import type { DatasetLine } from "../../src/datasets/contract.ts";

/** Pairs of lines that a person would call the same, or not, of many kinds; made from a seed. */
export interface Kind {
  readonly name: string;
  readonly same: boolean;
  readonly format: "sft" | "rft";
  readonly pair: (random: Random, n: number) => readonly [DatasetLine, DatasetLine];
}

export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let value = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  }
  below(most: number): number {
    return Math.floor(this.next() * most);
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
  /** Two that differ. */
  pair<T>(list: readonly T[]): [T, T] {
    const one = this.below(list.length);
    return [list[one] as T, list[(one + 1 + this.below(list.length - 1)) % list.length] as T];
  }
  shuffled<T>(list: readonly T[]): T[] {
    const left = [...list];
    for (let i = left.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [left[i], left[j]] = [left[j] as T, left[i] as T];
    }
    return left;
  }
}

const chat = (asked: string, answered: string): DatasetLine => ({
  messages: [
    { role: "user", content: asked },
    { role: "assistant", content: answered },
  ],
});

const SUBJECTS =
  "parcel invoice subscription washing machine|garden shed|office printer|train ticket|hotel room|guitar lesson|insurance policy|tax form|bicycle|dental appointment|streaming account|coffee grinder|router|passport|lawn mower|kitchen cabinet|language course|gift card".split(
    "|",
  );
const WISHES =
  "arrived broken|was charged twice|should be moved to another address|needs a replacement|keeps switching itself off|cannot be found anywhere|was cancelled without notice|smells of smoke|has the wrong colour|came without a manual|must be returned|lost its warranty".split(
    "|",
  );
const ADDED =
  "The neighbours already complained about it.|My brother looked into the matter.|Nobody answered the telephone at the counter.|The website showed an empty screen.|A colleague recommended this shop.|There was a long queue at the desk.|Our previous letter stayed unanswered.|The driver left a card in the letter box.".split(
    "|",
  );
const LABELS = ["billing", "shipping", "technical", "returns"];

/** A message of some sentences, of which the first ones make it what it is. */
function message(random: Random, n: number): string {
  const subject = random.of(SUBJECTS);
  return [
    `My ${subject} for the ${random.of(SUBJECTS)} ${random.of(WISHES)}.`,
    ...random.shuffled(ADDED).slice(0, 2 + random.below(3)),
    `It concerns the ${CODEWORDS[n % CODEWORDS.length]} department and the ${CODEWORDS[(n * 7 + 3) % CODEWORDS.length]} desk.`,
  ].join(" ");
}
const SYLLABLES = "ka lo mi re ta nu so vi pe do fa gu".split(" ");
/** Invented words of letters: none is twice there. */
const CODEWORDS = Array.from({ length: 1200 }, (_, n) =>
  [n % 12, Math.floor(n / 12) % 12, Math.floor(n / 144) % 12, (n * 5) % 12].map((k) => SYLLABLES[k]).join(""),
);

const answer = (random: Random): string =>
  random.of([
    ...LABELS,
    "We will look into it and write to you before the end of the week, with all that the team found.",
  ]);

const TEMPLATES: ((payload: string) => string)[] = [
  (p) =>
    `You sort messages of customers of a large shop into one of four groups, and answer with the name of the group alone. Read the whole message before you decide, since the matter often comes last. Messages about money that was taken, given back or asked for belong to billing; messages about parcels and drivers to shipping; messages about machines that do not work to technical; and messages about goods that go back to returns. Where two would do, take the one that the customer waits for. Never explain your choice, never write a greeting, and never use capital letters. A message may hold mistakes of spelling and words of another language; take no notice of them. \n\nMessage: ${p}`,
  (p) =>
    `${p}\n\nRead the text above with care. Write down the group that it belongs to, and nothing else. The groups are billing, shipping, technical and returns; choose the group that helps the reader most, even where several would fit, and do not explain why you chose it.`,
  (p) =>
    `### Instruction\nSummarise the complaint below in one word that a clerk can file it under, and keep to the words that the office uses.\n\n### Complaint\n${p}\n\n### Answer in one word, in small letters, without a full stop, as the office has always done it`,
  (p) =>
    `Lies die folgende Nachricht sorgfältig und ordne sie einer der vier Gruppen zu, die das Büro seit langem benutzt; schreibe nur den Namen der Gruppe und sonst gar nichts.\n\nNachricht: ${p}\n\nGruppe:`,
  (p) =>
    `<task>Classify the ticket by the rules that the team agreed on, and answer with one label.</task>\n<ticket>${p}</ticket>`,
  (p) =>
    `Extract the reason of the request as JSON from this record, following the schema of the archive and nothing else:\n{"source": "mail", "body": "${p}", "lang": "en"}`,
  (p) =>
    `Here is a table of requests that came in by mail; name the group of the last row.\n| channel | text |\n|---|---|\n| mail | ${p} |`,
  (p) =>
    `请仔细阅读下面的客户留言，并且只回答它所属的类别名称，不要解释原因，也不要添加任何其他内容。\n留言：${p}`,
  (p) =>
    `Please act as the clerk of the archive and tell me in a single word where the following letter should be kept, having in mind that all letters are read again at the end of the season: "${p}" Thank you for taking care of it as you always do.`,
];
const CHINESE = [
  "我的包裹到现在还没有送到",
  "上个月的发票金额不对",
  "打印机一直无法连接网络",
  "我想退掉昨天买的鞋子",
  "账户被锁定了怎么办",
  "电影院的座位太小了",
  "请把课程改到下午",
  "冰箱里的灯坏了",
];
const SHORT = [
  "I was billed two times",
  "the app will not open",
  "the courier never came",
  "these shoes are too small",
  "wrong colour of paint",
  "the screen stays black",
  "money is still missing",
  "nobody rang the bell",
  "want to send the lamp back",
  "the cable does not fit",
];

const PEOPLE = ["Anna", "Bernd", "Chiara", "Dmitri", "Elif", "Femi", "Grace", "Hiroshi"];
const CITIES = ["Paris", "London", "Madrid", "Vienna", "Oslo", "Lima", "Nairobi", "Kyoto"];
const about = (random: Random, n: number, slot: string): string =>
  random.of([
    `Could you look up ${slot} for me and tell me what happened to the ${CODEWORDS[n]} delivery? ${random.of(ADDED)}`,
    `${slot} is what this is about. ${message(random, n)}`,
    `${message(random, n)} Write back about ${slot} as soon as somebody has looked at it.`,
    `Bitte prüfe, was mit ${slot} geschehen ist, und schreibe mir danach eine kurze Nachricht über den Stand der ${CODEWORDS[n]} Sache.`,
    `${message(random, n)} ${message(random, n + 1)} ${message(random, n + 2)} Reference: ${slot}.`,
  ]);
function differing(
  random: Random,
  n: number,
  slots: readonly [string, string],
): readonly [DatasetLine, DatasetLine] {
  const seed = random.below(1 << 30);
  const said = answer(random);
  return [chat(about(new Random(seed), n, slots[0]), said), chat(about(new Random(seed), n, slots[1]), said)];
}

const POLITE: ((text: string) => string)[] = [
  (t) => `Please ${t.charAt(0).toLowerCase()}${t.slice(1)}`,
  (t) => `${t} Thanks!`,
  (t) => `Hello! ${t} Thank you very much.`,
  (t) => `Hi, ${t} Many thanks in advance.`.replace("Many thanks in advance", "Thanks in advance"),
  (t) => `Excuse me, ${t} Please.`,
  (t) => `${t} I would appreciate it!`,
  (t) => `Dear, ${t} Kind regards`,
];
const REWORDING: [string, string][] = [
  ["broken", "smashed"],
  ["complained", "grumbled"],
  ["matter", "affair"],
  ["telephone", "phone"],
  ["empty", "blank"],
  ["recommended", "suggested"],
  ["long", "lengthy"],
  ["letter", "note"],
  ["driver", "courier"],
  ["showed", "displayed"],
  ["answered", "picked"],
  ["colleague", "coworker"],
  ["previous", "earlier"],
  ["counter", "reception"],
];
const FILLERS = ["really", "quite", "simply", "currently", "actually", "just"];
const INSERTED = ["apparently", "recently", "unfortunately", "somehow", "probably", "clearly"];
function reworded(random: Random, text: string): string {
  let changed = 0;
  const sentences = text.split(/(?<=\.) /u).map((sentence) => {
    let done = false;
    for (const [from, to] of random.shuffled(REWORDING)) {
      if (done || !new RegExp(`\\b${from}\\b`, "u").test(sentence) || sentence.split(" ").length < 8)
        continue;
      sentence = sentence.replace(new RegExp(`\\b${from}\\b`, "u"), to);
      done = true;
      changed++;
    }
    return sentence;
  });
  const words = sentences.join(" ").split(" ");
  if (changed === 0 || random.next() < 0.3) {
    const at = 4 + random.below(Math.max(1, Math.min(5, words.length - 6)));
    words.splice(at, 0, random.of(random.next() < 0.5 ? FILLERS : INSERTED));
  }
  return words.join(" ");
}
const longMessage = (random: Random, n: number) =>
  `Our ${random.of(SUBJECTS)} from the small ${CODEWORDS[n]} shop near the old harbour ${random.of(WISHES)} after only a few careful uses in the workshop. The friendly neighbours already complained about the noise it makes behind the wooden fence. My brother looked into the matter with patience and found nothing unusual inside the casing. The driver left a long letter about the ${CODEWORDS[n + 300]} delivery at the counter of the bakery.`;
const punctuated = (random: Random, text: string) =>
  random.of([
    text.replaceAll(".", "!"),
    text.replaceAll(/[.,]/gu, ""),
    text.replaceAll(".", " ..."),
    text.replaceAll(/ (\w+)\./gu, ", $1."),
    `"${text}"`,
    text.replaceAll(". ", " - "),
  ]);
const MULTILINGUAL: ((n: number) => string)[] = [
  (n) =>
    `Mein Paket mit der ${CODEWORDS[n]} Lampe kam gestern beschädigt an. Die Nachbarn haben sich beschwert. Der Fahrer ließ eine Karte im Briefkasten zurück.`,
  (n) =>
    `Ma commande de la lampe ${CODEWORDS[n]} est arrivée cassée. Les voisins se sont plaints. Le chauffeur a laissé une carte.`,
  (n) =>
    `Моя посылка с лампой ${CODEWORDS[n]} пришла сломанной. Соседи уже жаловались. Водитель оставил карточку в ящике.`,
  (n) => `Το δέμα μου με τη λάμπα ${CODEWORDS[n]} έφτασε σπασμένο. Οι γείτονες παραπονέθηκαν.`,
  (n) => `${CHINESE[n % 8]}，${CODEWORDS[n]}。邻居已经抱怨过了。司机留下了一张卡片。`,
  (n) =>
    `荷物の${CODEWORDS[n]}ランプが壊れて届きました。隣の人が文句を言いました。運転手はカードを置いていきました。`,
];
const anyMessage = (random: Random, n: number) =>
  random.of([
    () => message(random, n),
    () => longMessage(random, n),
    () => random.of(MULTILINGUAL)(n),
    () => random.of(TEMPLATES.slice(0, 3))(message(random, n)),
  ])();

const picture = (url: string, said: string): DatasetLine => ({
  messages: [
    {
      role: "user",
      content: [
        { type: "text", text: "What is on this picture of the old harbour?" },
        { type: "image_url", image_url: { url } },
      ],
    },
    { role: "assistant", content: said },
  ],
});
const called = (
  name: string,
  args: unknown,
  said: string,
  description = "Looks things up.",
): DatasetLine => ({
  messages: [
    {
      role: "user",
      content: "Look the parcel of the small lamp shop near the old harbour up, and tell me where it is.",
    },
    {
      role: "assistant",
      tool_calls: [{ id: "call_a", type: "function", function: { name, arguments: JSON.stringify(args) } }],
    },
    { role: "tool", tool_call_id: "call_a", content: "found" },
    { role: "assistant", content: said },
  ],
  tools: ["track", "find", "search"].map((tool) => ({
    type: "function",
    function: {
      name: tool,
      description,
      parameters: { type: "object", properties: { id: { type: "string" } } },
    },
  })),
});
const hex = (random: Random, length: number) =>
  Array.from({ length }, () => "0123456789abcdef"[random.below(16)]).join("");
const number = (random: Random) => String(100 + random.below(900_000));
/** Two that differ. */
function two(make: () => string): [string, string] {
  const one = make();
  for (;;) {
    const other = make();
    if (other.toLowerCase() !== one.toLowerCase()) return [one, other];
  }
}

const same = (name: string, change: (random: Random, text: string) => string, make = anyMessage): Kind => ({
  name,
  same: true,
  format: "sft",
  pair: (random, n) => {
    const text = make(random, n);
    const said = answer(random);
    return [chat(text, said), chat(change(random, text), said)];
  },
});
const other = (name: string, pair: Kind["pair"], format: Kind["format"] = "sft"): Kind => ({
  name,
  same: false,
  format,
  pair,
});
const slot = (name: string, make: (random: Random) => readonly [string, string]) =>
  other(name, (random, n) => differing(random, n, make(random)));

export const KINDS: readonly Kind[] = [
  same(
    "case",
    (random, text) =>
      random.of([
        text.toUpperCase(),
        text.toLowerCase(),
        text.replace(/\p{L}+/gu, (w) => w.charAt(0).toUpperCase() + w.slice(1)),
      ]),
    (random, n) => random.of([message, longMessage])(random, n),
  ),
  same("punctuation", punctuated, (random, n) => random.of([message, longMessage])(random, n)),
  same("white space", (random, text) =>
    random.of([text.replaceAll(" ", "  "), `\n${text}  \n`, text.replaceAll(". ", ".\n")]),
  ),
  same("politeness", (random, text) => random.of(POLITE)(text)),
  same(
    "sentences in another order",
    (random, text) => {
      const sentences = text.split(/(?<=[.。]) ?/u);
      const turned = random.shuffled(sentences);
      return turned.join(" ");
    },
    (random, n) =>
      random.of([message, longMessage, (r: Random, k: number) => r.of(MULTILINGUAL)(k)])(random, n),
  ),
  same(
    "words in another order",
    (random, text) =>
      text
        .split(/(?<=\.) /u)
        .map((sentence) => {
          const words = sentence.replace(/\.$/u, "").split(" ");
          const cut = 2 + random.below(Math.max(1, words.length - 3));
          return `${[...words.slice(cut), ...words.slice(0, cut)].join(" ")}.`;
        })
        .join(" "),
    (random, n) => random.of([message, longMessage])(random, n),
  ),
  same("other words", reworded, longMessage),
  other("template with another payload", (random, n) => {
    const template = random.of(TEMPLATES);
    const said = random.of(LABELS);
    return [chat(template(message(random, n)), said), chat(template(message(random, n + 400)), said)];
  }),
  other("template with another short payload", (random) => {
    const template = random.of(TEMPLATES);
    const said = random.of(LABELS);
    const [one, another] = random.pair([...SHORT, ...CHINESE]);
    return [chat(template(one), said), chat(template(another), said)];
  }),
  slot("number", (random) => {
    const [a, b] = two(() => number(random));
    return [`order ${a}`, `order ${b}`];
  }),
  slot("one digit of a long number", (random) => {
    const digits = Array.from({ length: 24 }, () => String(random.below(10)));
    const at = random.below(24);
    return [digits.join(""), digits.map((d, i) => (i === at ? String((Number(d) + 1) % 10) : d)).join("")];
  }),
  slot("date", (random) =>
    two(() =>
      random.of([
        `2026-0${1 + random.below(9)}-1${random.below(10)}`,
        `${1 + random.below(28)} March 2026`,
        `${1 + random.below(28)}.${1 + random.below(12)}.2025`,
        random.of(["Monday", "Tuesday", "Friday", "next week", "last month"]),
      ]),
    ),
  ),
  slot("id", (random) =>
    two(() =>
      random.of([
        `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}`,
        `AB-${number(random)}-X`,
        `usr_${hex(random, 10)}`,
        `#${number(random)}`,
      ]),
    ),
  ),
  slot("address of a page or a person", (random) =>
    two(() =>
      random.of([
        `https://shop.example/${hex(random, 5)}`,
        `${hex(random, 6)}@example.org`,
        `www.${random.of(CODEWORDS)}.example`,
        `/srv/${random.of(CODEWORDS)}/log`,
      ]),
    ),
  ),
  slot("amount and currency", (random) =>
    two(() =>
      random.of([
        `$${number(random)}`,
        `€${number(random)}`,
        `${number(random)} USD`,
        `12 ${random.of(["dollars", "euros", "francs", "yen"])}`,
        `${1 + random.below(99)}%`,
      ]),
    ),
  ),
  slot("unit", (random) => {
    const [a, b] = random.pair(["kg", "lb", "mg", "miles", "km", "hours", "minutes", "days"]);
    const v = 2 + random.below(90);
    return [`${v} ${a}`, `${v} ${b}`];
  }),
  slot("number in words", (random) => {
    const [a, b] = random.pair(["two", "three", "seven", "twelve", "zwei", "drei", "hundred"]);
    return [`${a} boxes`, `${b} boxes`];
  }),
  slot("name of a person", (random) => random.pair(PEOPLE)),
  slot("name of a city", (random) => random.pair(CITIES)),
  slot("negation", (random) =>
    random.of<[string, string]>([
      ["what you do know", "what you do not know"],
      ["what does work", "what doesn't work"],
      ["why it can be seen", "why it cannot be seen"],
      ["a thing that is ready", "a thing that is never ready"],
      ["was ich habe", "was ich nicht habe"],
    ]),
  ),
  slot("opposite", (random) =>
    random.of<[string, string]>([
      ["how to enable alarms", "how to disable alarms"],
      ["the paid bill", "the unpaid bill"],
      ["the bill before noon", "the bill after noon"],
      ["the highest value", "the lowest value"],
      ["the trip from here to there", "the trip from there to here"],
    ]),
  ),
  slot("emoji", (random) => random.pair(["👍", "👎", "🎉", "😡"])),
  other("picture", (random) => {
    const [a, b] = two(() =>
      random.of([
        `https://pictures.example/${hex(random, 6)}.png`,
        `data:image/png;base64,${hex(random, 60)}`,
      ]),
    );
    return [picture(a, "A boat."), picture(b, "A boat.")];
  }),
  other("refusal", (random, n) => {
    const text = message(random, n);
    const [a, b] = random.pair([
      "I cannot help with that.",
      "I will not do that.",
      "This is not something I may tell.",
      "No.",
    ]);
    const refused = (refusal: string): DatasetLine => ({
      messages: [
        { role: "user", content: text },
        { role: "assistant", content: random.below(2) ? null : "", refusal },
      ],
    });
    return [refused(a), refused(b)];
  }),
  other(
    "field of a grader",
    (random, n) => {
      const text = message(random, n);
      const field = random.of([
        "extracted_text",
        "clause_type",
        "reference_answer",
        "target",
        "expected",
        "solution_code",
      ]);
      const [a, b] = random.of([
        two(() => random.of(CODEWORDS)),
        two(() => message(random, random.below(600))),
      ]);
      const task = (value: unknown): DatasetLine => ({
        messages: [{ role: "user", content: text }],
        [field]: value,
      });
      return random.below(2) ? [task(a), task(b)] : [task({ deep: [a] }), task({ deep: [b] })];
    },
    "rft",
  ),
  other("argument of a tool", (random) => {
    const [a, b] = two(() => random.of([number(random), random.of(CODEWORDS), random.of(CITIES)]));
    return [called("track", { id: a }, "It is on its way."), called("track", { id: b }, "It is on its way.")];
  }),
  other("name of a tool", (random) => {
    const [a, b] = random.pair(["track", "find", "search"]);
    const id = number(random);
    return [called(a, { id }, "It is on its way."), called(b, { id }, "It is on its way.")];
  }),
  other("definition of a tool", (random) => {
    const id = number(random);
    const [a, b] = random.pair(["Looks things up.", "Finds a parcel.", "Searches the archive."]);
    return [called("track", { id }, "It is on its way.", a), called("track", { id }, "It is on its way.", b)];
  }),
  other("label", (random, n) => {
    const text = anyMessage(random, n);
    const [a, b] = random.pair([...LABELS, "A", "B", "yes", "no", "positive", "negative", "big", "large"]);
    return [chat(text, a), chat(text, b)];
  }),
  other("code", (random) => {
    const [a, b] = random.of([two(() => random.of(CODEWORDS)), ["<", ">"] as const, ["+", "-"] as const]);
    const code = (x: string) =>
      `Explain what this function of the archive does, line by line, and keep it short:\n\n\`\`\`ts\nfunction check(a: number, b: number) {\n  const value = a ${x.length > 1 ? `+ ${x}` : x} b;\n  return value;\n}\n\`\`\``;
    return [chat(code(a), "It compares."), chat(code(b), "It compares.")];
  }),
  other("JSON", (random) => {
    const [a, b] = two(() => random.of(CODEWORDS));
    const asked = (x: string, y: string) =>
      `Validate this order of the archive against the usual schema and name the first mistake:\n${random.below(1) ? "" : JSON.stringify({ order: { from: x, to: y, note: "keep dry" } })}`;
    return random.below(2)
      ? [chat(asked(a, "x"), "none"), chat(asked(b, "x"), "none")]
      : [chat(asked(a, b), "none"), chat(asked(b, a), "none")];
  }),
  other("row of a table", (random) => {
    const [a, b] = two(() => random.of(CODEWORDS));
    const asked = (x: string) =>
      `Which row of the table is wrong? Answer with its first cell alone, as the archive does.\n\n| part | place |\n| --- | --- |\n| lamp | shelf |\n| ${x} | drawer |`;
    return [chat(asked(a), "lamp"), chat(asked(b), "lamp")];
  }),
];
