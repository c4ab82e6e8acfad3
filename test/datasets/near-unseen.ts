import type { DatasetLine } from "../../src/datasets/contract.ts";
import type { Random } from "./near-kinds.ts";

/** Pairs under one template that say something else, each by a slot in lower case, as a set of two to five has them. */
export interface Unseen {
  readonly name: string;
  readonly pair: (random: Random) => readonly [DatasetLine, DatasetLine];
}

const chat = (asked: string, answered: string): DatasetLine => ({
  messages: [
    { role: "user", content: asked },
    { role: "assistant", content: answered },
  ],
});
const split = (text: string): string[] => text.split("|");

/** A short message and another one under the same instruction, in twelve languages and scripts. */
const INSTRUCTED: [string, string[]][] = [
  [
    "Classify the message of a customer as billing, shipping or other and answer with the label alone.\n\n{}",
    split(
      "my card was charged for a lamp|my card was charged for a chair|the lamp never came|the chair never came",
    ),
  ],
  [
    "Ordne die Nachricht einer Gruppe zu und antworte nur mit dem Namen der Gruppe, ohne jede Begründung: {}",
    split("die lampe ist kaputt|der stuhl ist kaputt|die lampe fehlt|der stuhl fehlt im paket"),
  ],
  [
    "Classez le message suivant du client et répondez uniquement par le nom de la catégorie, sans explication : {}",
    split("ma lampe est cassée|ma chaise est cassée|ma lampe est perdue|ma chaise est en retard"),
  ],
  [
    "Clasifica el mensaje del cliente en una categoría y responde solo con su nombre, sin dar explicaciones: {}",
    split("mi lámpara llegó rota|mi silla llegó rota|mi lámpara se perdió|quiero devolver mi silla"),
  ],
  [
    "Classifica il messaggio del cliente e rispondi soltanto con il nome della categoria, senza spiegazioni: {}",
    split("la lampada è rotta|la sedia è rotta|la lampada è in ritardo|la sedia manca"),
  ],
  [
    "Classifique a mensagem do cliente e responda somente com o nome da categoria, sem explicações adicionais: {}",
    split("minha lâmpada quebrou|minha cadeira quebrou|minha lâmpada sumiu|minha cadeira atrasou"),
  ],
  [
    "Отнеси сообщение клиента к одной из категорий и ответь только её названием, без объяснений: {}",
    split("лампа пришла разбитой|стул пришёл разбитым|лампа потерялась|стул опоздал"),
  ],
  [
    "صنف رسالة العميل التالية وأجب باسم الفئة فقط من دون أي شرح إضافي: {}",
    split("المصباح مكسور|الكرسي مكسور|المصباح مفقود|الكرسي متأخر"),
  ],
  [
    "ग्राहक के संदेश को एक श्रेणी में रखें और केवल श्रेणी का नाम लिखें, कोई व्याख्या नहीं: {}",
    split("दीपक टूटा हुआ है|कुर्सी टूटी हुई है|दीपक खो गया|कुर्सी देर से आई"),
  ],
  ["请将以下客户留言分类，只回答类别名称，不要解释原因：{}", split("台灯坏了|椅子坏了|台灯丢了|椅子还没到")],
  [
    "次のお客様のメッセージを分類し、分類名だけを答え、説明は書かないでください：{}",
    split("ランプが壊れた|椅子が壊れた|ランプが届かない|椅子が遅い"),
  ],
  [
    "다음 고객 메시지를 분류하고 설명 없이 분류 이름만 답하십시오: {}",
    split("램프가 깨졌어요|의자가 깨졌어요|램프가 없어요|의자가 늦어요"),
  ],
  ["จัดหมวดหมู่ข้อความของลูกค้าต่อไปนี้และตอบด้วยชื่อหมวดหมู่เท่านั้น: {}", split("โคมไฟแตก|เก้าอี้แตก|โคมไฟหาย|เก้าอี้มาช้า")],
];

const CITIES = split("paris|london|vienna|oslo|lima|kyoto|nairobi|madrid");
const PEOPLE = split("anna|bernd|chiara|femi|grace|hiroshi|olga|pedro");
const PRODUCTS = split("kettle|toaster|blender|heater|vacuum|dishwasher|freezer|camera|keyboard|backpack");
const THINGS = split("apples|oranges|marbles|stamps|pencils|cookies|stickers|shells");

/** `{}` once or more in a long text, filled in lower case. */
const SLOTS: [string, string[], string[]][] = [
  [
    "same question with another city",
    CITIES,
    [
      "What should a family with two young children see in {} when it rains the whole weekend and they have no car?",
      "Plan a calm holiday in {} for my parents who like museums, long walks along the river and good bread in the morning.",
    ],
  ],
  [
    "same question with another person",
    PEOPLE,
    [
      "Could you write a friendly birthday message for {} who works in our office and likes gardening, tea and old films?",
      "Dear team, {} will take over the project from the middle of the month. Please send {} all open questions until then. Best regards",
    ],
  ],
  [
    "same complaint about another product",
    PRODUCTS,
    [
      "I bought a {} in your shop and it stopped working after a few days. The shop refuses to take the {} back although I kept the receipt.",
      "The {} that you sent arrived with a crack in the housing, and nobody answers the telephone when I call about it.",
      "my {} makes a terrible noise whenever i switch it on and the neighbours complain about it every evening",
    ],
  ],
  [
    "one small word in a long sentence",
    split("cats|dogs|boats|trains|clouds|rivers|lamps|shoes"),
    [
      "Write a short friendly poem about {} that children of the village school may sing together on stage. Keep every verse simple, cheerful and easy to remember for young singers.",
      "Erkläre einem Kind in der Grundschule in wenigen einfachen Sätzen, warum die Leute früher {} so sehr mochten und heute nicht mehr.",
    ],
  ],
  [
    "math word problem",
    THINGS,
    [
      "A girl has seven {} and gives three of them to her brother, who already had four. How many {} does she have left at the end of the day?",
    ],
  ],
  [
    "what to cancel",
    split("order|flight|subscription|appointment|booking|membership"),
    [
      "cancel my {}",
      "I would like to cancel my {} because my plans have changed, and please confirm by mail that it was done.",
    ],
  ],
  [
    "on or off, before or after",
    split("on|off"),
    [
      "turn {} the light in the hall",
      "Every evening the assistant should turn {} the heating in the small bedroom when nobody is at home any more.",
    ],
  ],
  [
    "before and after",
    split("before|after|during|without"),
    [
      "Should I take the medicine {} the meal when the doctor told me to take it twice a day with plenty of water?",
    ],
  ],
  [
    "unit",
    split("kilograms|pounds|grams|ounces|stones|tonnes"),
    [
      "How heavy is the average adult elephant in {} when you weigh it in the morning, and how sure are we about that?",
    ],
  ],
  [
    "question word",
    split("when|where|why|how|who"),
    [
      "Tell me {} the museum was opened and what there is to see for somebody who has only one hour for the visit.",
      "{} do i change the address of the account that belongs to my company",
    ],
  ],
  [
    "whose",
    split("my|your|his|her|our|their"),
    ["What happens to {} data when the account is closed, and who is able to read it after that day?"],
  ],
  [
    "yes/no question",
    split("safe|legal|possible|dangerous|healthy|profitable"),
    [
      "Is it {} to keep bees on the roof of a house in the middle of a large city if the neighbours agree to it?",
    ],
  ],
  [
    "tense or mood",
    split("can|must|should|did|will"),
    ["Which documents {} I send to the office to get my money back for the journey that never took place?"],
  ],
  [
    "preposition",
    split("with|without|for|by|at|under"),
    [
      "What is the price of the large room {} breakfast in the hotel next to the station during the summer months?",
    ],
  ],
  [
    "inserted word",
    split("|new|old|red|private|second"),
    [
      "Please tell me how I can move my {} account to the other branch of the bank in the town where I live now.",
    ],
  ],
  [
    "JSON payload",
    PRODUCTS,
    [
      'Check this order: {"item": "{}", "note": "keep dry", "express": true} and name the first mistake in it.',
    ],
  ],
  [
    "SQL",
    split("users|orders|invoices|parcels|tickets"),
    [
      "Explain what this query does and how to make it faster on a large table.\nSELECT name FROM {} WHERE active AND deleted IS NULL ORDER BY name",
      "select the names of all {} that nobody has looked at since the last release of the database",
    ],
  ],
  [
    "stack trace",
    split("parser|router|scheduler|renderer|logger"),
    [
      "Why does my program stop with this error?\nTypeError: cannot read property of undefined\n    at {}.run (main.js)\n    at process (main.js)",
      "Traceback (most recent call last):\n  File main.py, in {}\nValueError: bad value. What is wrong here and how do I repair it?",
    ],
  ],
  [
    "YAML and settings",
    split("red|green|blue|yellow"),
    ["Validate this configuration and say what is missing:\ncolor: {}\nsize: large\nmode: fast\n"],
  ],
  [
    "hyphenated route",
    split("lhr-jfk|jfk-lhr|cdg-oslo|oslo-cdg"),
    ["Find the cheapest seat on the flight {} for two adults who travel with hand luggage only."],
  ],
];

/** Two texts of the same words that are no reordering of one another's sentences. */
const TURNED: readonly (readonly [string, string])[] = [
  ["convert euros to dollars", "convert dollars to euros"],
  ["Translate from english to german: the tree", "Translate from german to english: the tree"],
  ["What is 10 - 3?", "What is 3 - 10?"],
  ["divide the number 10 by 2 please", "divide the number 2 by 10 please"],
  ["is the whale bigger than the bus", "is the bus bigger than the whale"],
  ["Is 3 < 5 in this base?", "Is 5 < 3 in this base?"],
  ["x = foo(y)\nprint(x)", "y = foo(x)\nprint(x)"],
  ["paris → london, tomorrow", "london → paris, tomorrow"],
  ["How do you say good morning in Spanish?", "How do you say good evening in Spanish?"],
  ["translate: thanks", "translate: hello"],
  ["what is another word for quick", "what is another word for fast"],
  ["meet at 5 am", "meet at 5 pm"],
  ["my invoice is paid", "my invoice is unpaid"],
  ["the parcel can be opened", "the parcel cannot be opened"],
  ["salt or pepper for the soup tonight", "salt and pepper for the soup tonight"],
];

const fill = (template: string, value: string) => template.replaceAll("{}", value);
const SAID = split(
  "other|billing|Of course, I will look into it and write to you before the end of the week with all the details.",
);

export const UNSEEN: readonly Unseen[] = [
  ...INSTRUCTED.map(
    ([template, payloads], n): Unseen => ({
      name: `short message under an instruction, language ${n + 1}`,
      pair: (random) => {
        const said = random.of(SAID);
        const [one, other] = random.pair(payloads);
        return [chat(fill(template, one), said), chat(fill(template, other), said)];
      },
    }),
  ),
  ...SLOTS.map(
    ([name, values, templates]): Unseen => ({
      name,
      pair: (random) => {
        const template = random.of(templates);
        const said = random.of(SAID);
        const [one, other] = random.pair(values);
        return [chat(fill(template, one), said), chat(fill(template, other), said)];
      },
    }),
  ),
  {
    name: "two slots at once",
    pair: (random) => {
      const [city, otherCity] = random.pair(CITIES);
      const [thing, otherThing] = random.pair(THINGS);
      const of = (a: string, b: string) =>
        chat(
          `Our little shop in ${a} wants to sell ${b} to tourists during the long summer months. Write a cheerful note about ${b} that we can hang in the window next to the door.`,
          "Come in and see what we have.",
        );
      return [of(city, thing), of(otherCity, otherThing)];
    },
  },
  {
    name: "the same words turned around",
    pair: (random) => {
      const [one, other] = random.of(TURNED);
      return [chat(one, "fine"), chat(other, "fine")];
    },
  },
  {
    name: "another word in the answer",
    pair: (random) => {
      const [one, other] = random.pair(PRODUCTS);
      const of = (a: string) =>
        chat(
          "What do you recommend for a small kitchen without a window?",
          `For a small kitchen without a window I would take a ${a} of good quality and put it next to the door.`,
        );
      return [of(one), of(other)];
    },
  },
];
