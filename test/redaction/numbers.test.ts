import { describe, expect, test } from "@jest/globals";
import { PERSONAL_KINDS } from "../../src/config/personal-kinds.ts";
import { cleanEpisode } from "../../src/episodes/clean.ts";
import { seededRandom } from "../../src/local-host/seeded-random.ts";
import { redact } from "../../src/redaction/redact.ts";

const random = seededRandom(5);
const digits = (length: number): string => Array.from({ length }, () => Math.floor(random() * 10)).join("");

describe("ids that machines make (defect C17 of tool-call ids)", () => {
  const settings = { redactSecrets: true, maxOutputLength: 10_000 };
  const ids = Array.from({ length: 200 }, (_, i) =>
    i % 2 === 0 ? `function-call-${1 + (i % 9)}${digits(18)}` : digits(19),
  );
  const call = (id: string) => ({ id, type: "function", function: { name: "weather", arguments: "{}" } });
  const episode = {
    agent_id: "a",
    user_input: "q",
    assistant_output: "a",
    tool_calls: ids.map((id) => ({ id, tool_name: "weather", arguments: {}, result: { call_id: id } })),
    messages: [
      { role: "assistant", content: null, tool_calls: ids.map(call) },
      ...ids.map((id) => ({ role: "tool", tool_call_id: id, content: "7 degrees" })),
    ],
  };

  test("200 calls with ids of 19 digits stay 200, each with its result", () => {
    const clean = cleanEpisode(structuredClone(episode) as never, settings) as unknown as typeof episode;
    expect(clean.messages).toEqual(episode.messages);
    expect(clean.tool_calls).toEqual(episode.tool_calls);
  });

  test("an id of a thing keeps its digits; a person's may be a telephone or a card", () => {
    const card = "4111111111111111";
    const { value } = redact({
      order_id: card,
      traceId: card,
      id: card,
      user_id: card,
      contact_id: "+49 30 901820",
    });
    expect(value).toEqual({
      order_id: card,
      traceId: card,
      id: card,
      user_id: "[REDACTED:card]",
      contact_id: "[REDACTED:phone]",
    });
  });

  test("a key is a secret in an id too", () => {
    expect(redact({ id: "ghp_abcdefghij0123456789ABCDEFGHIJ012345" }).value.id).toBe(
      "[REDACTED:github_token]",
    );
  });
});

describe("numbers under a name (defect C18 of cards that are JSON numbers)", () => {
  test.each([
    ["card", 4111111111111111, "card"],
    ["card_number", "4111-1111-1111-1111", "secret"],
    ["pan", 5555555555554444, "card"],
    ["account", 4111111111111111, "card"],
    ["cc", "378282246310005", "card"],
    ["phone", 14155550132, "phone"],
    ["phone", "14155550132", "phone"],
    ["mobileNumber", 9171234567, "phone"],
    ["whatsapp", "5511984565666", "phone"],
    ["social_security_number", 219099999, "us_ssn"],
  ])("%s: %j", (name, number, kind) => {
    const args = { [name]: number, n: 5 };
    const expected = { [name]: `[REDACTED:${kind}]`, n: 5 };
    expect(redact(args).value).toEqual(expected);
    expect(JSON.parse(redact(JSON.stringify(args)).value)).toEqual(expected);
  });

  test("a list of them, and a card of 19 digits that no double holds", () => {
    expect(redact({ phones: [14155550132, 14155550133] }).value.phones).toEqual([
      "[REDACTED:phone]",
      "[REDACTED:phone]",
    ]);
    expect(redact('{"card":6212345678901234106}').value).toBe('{"card":"[REDACTED:card]"}');
  });

  test.each([
    {
      hotel: 12345678,
      cells: 1234567,
      phone_count: 1000000,
      account: 12345678,
      japan: 4111111111111111,
      card: 7,
    },
    { mobile: true, phone: null, total: 4111111111111111, card: "gold" },
  ])("%j stays", (value) => {
    expect(redact(value)).toEqual({ value, counts: {} });
  });
});

describe("cards in a text", () => {
  test.each([
    "4111 1111 1111 1111",
    "4111-1111-1111-1111 exp 12/27",
    "4111.1111.1111.1111",
    "3782 822463 10005",
    "4111 1111 1111 1111 2027",
    "4111 1111 1111 1111 5555 5555 5555 4444",
    "please charge 4111111111111111 for it",
    "4111111111111111",
    "4111111111111111,5555555555554444",
    "Visa: 4222222222222",
    "take 4111111111111111 then",
  ])("%s", (text) => {
    expect(redact(text).value).not.toMatch(/4111|5555|3782|4222/);
  });

  test.each([
    ["order 4111111111111111"],
    ["trace_id=4111111111111111"],
    ["run-4111111111111111"],
    ["https://x.example/items/4111111111111111?a=1"],
    ["4111111111111112\n4111111111111113\n4111111111111111"],
    ["0.4111111111111111 0.5555555555554444"],
    ["4111 1111 1111 1111 1234 9876 1212"],
    ["41.11111111111111"],
  ])("%s holds none", (text) => {
    expect(redact(text).value).toBe(text);
  });
});

describe("telephones in a text", () => {
  test.each([
    "My CN number is 13812345678",
    "call me at 4155550132",
    "1-800-555-0132",
    "GSM: 0532 123 45 67",
    "532 123 45 67",
    "09171234567",
    'phone": "14155550132',
    "mobil nummer: 1701234567",
  ])("%s", (text) => {
    expect(redact(text).counts).toEqual({ phone: 1 });
  });

  test.each([
    "took 4155550132 ns",
    "hotel 12345678",
    "id 09171234567",
    "call 12 of 1234567",
    "5c9a 0293 4567 c234",
    "0123456789",
  ])("%s is none", (text) => {
    expect(redact(text)).toEqual({ value: text, counts: {} });
  });
});

describe("numbers of persons by configuration", () => {
  const VALID: Readonly<Record<(typeof PERSONAL_KINDS)[number], string>> = {
    us_ssn: "219-09-9999",
    us_itin: "911-70-1234",
    uk_nino: "AB 12 34 56 C",
    uk_nhs: "NHS number 9434765919",
    de_tax_id: "Steuer-ID 86095742719",
    fr_insee: "1 84 12 76 451 089 46",
    es_nif: "12345678Z",
    it_codice_fiscale: "RSSMRA85T10A562S",
    nl_bsn: "BSN 111222333",
    pl_pesel: "44051401359",
    se_personnummer: "811228-9874",
    fi_hetu: "131052-308T",
    tr_tckn: "10000000146",
    in_aadhaar: "2341 2341 2346",
    in_pan: "ABCPE1234F",
    br_cpf: "529.982.247-25",
    ca_sin: "046 454 286",
    au_tfn: "TFN 123 456 782",
    sg_nric: "S1234567D",
    za_id: "8001015009087",
    kr_rrn: "960121-1234567",
    passport: "passport no. C01X00T47",
    ip_address: "192.168.100.200",
    mac_address: "00:1A:2B:3C:4D:5E",
    crypto_wallet: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
  };

  test.each(PERSONAL_KINDS)("%s is found where it is asked for, and only there", (kind) => {
    const text = `about ${VALID[kind]} here`;
    const asked = redact(text, { version: "test", personal: new Set([kind]) });
    expect(asked.counts).toEqual({ [kind]: 1 });
    expect(redact(text).counts).not.toHaveProperty(kind);
  });

  test("a check digit that is wrong is none", () => {
    const personal = new Set([
      "es_nif",
      "it_codice_fiscale",
      "pl_pesel",
      "br_cpf",
      "tr_tckn",
      "za_id",
      "crypto_wallet",
    ] as const);
    for (const text of [
      "12345678A",
      "RSSMRA85T10A562T",
      "44051401358",
      "529.982.247-26",
      "10000000147",
      "8001015009088",
      "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
    ])
      expect([text, redact(`about ${text} here`, { version: "test", personal }).counts]).toEqual([text, {}]);
  });

  test("a social security number goes by its name, whatever is configured", () => {
    for (const text of ["SSN: 219-09-9999", "my social security number is 219099999", "ssn=219 09 9999"])
      expect(redact(text).value).not.toMatch(/219/);
  });

  test("the name of a member tells too, and JSON in a text is looked into", () => {
    const policy = { version: "test", personal: new Set(["nl_bsn"] as const) };
    expect(redact({ bsn: "111222333" }, policy).value).toEqual({ bsn: "[REDACTED:nl_bsn]" });
    expect(redact('{"bsn":"111222333"}', policy).value).toBe('{"bsn":"[REDACTED:nl_bsn]"}');
  });
});
