import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { redact } from "../../src/redaction/redact.ts";

/** Secrets that can be told by their form, wherever they stand. */
const SECRETS = [
  "sk-proj-Abc123Def456Ghi789Jkl",
  "AKIAIOSFODNN7EXAMPLE",
  "ghp_abcdefghij0123456789ABCDEFGHIJ012345",
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
  "jane.doe@example.com",
  "4111111111111111",
  "DE89370400440532013000",
  "xoxb-123456789012-abcdefABCDEF",
  "xapp-1-A0123-abcdef",
  "glpat-abcdefGHIJ0123456789",
  `AIza${"Sy0".repeat(12)}`,
  `GOCSPX-${"aB3".repeat(8)}`,
  `ya29.${"aB3".repeat(8)}`,
  `sk_live_${"aB3".repeat(8)}`,
  `whsec_${"aB3".repeat(8)}`,
  `npm_${"aB3".repeat(12)}`,
  `hf_${"aB3".repeat(11)}`,
  `pypi-${"aB3".repeat(12)}`,
  `dop_v1_${"ab3".repeat(12)}`,
  `SG.${"aB3".repeat(8)}.${"aB3".repeat(8)}`,
  `shpat_${"ab3".repeat(8)}`,
  `hvs.${"aB3".repeat(8)}`,
  `dckr_pat_${"aB3".repeat(8)}`,
  `lin_api_${"aB3".repeat(8)}`,
  `rubygems_${"ab3".repeat(12)}`,
  `${"aB3/".repeat(21)}+9==`,
  "https://hooks.slack.com/services/T0123/B0123/aB3aB3aB3aB3",
  "Bearer aB3.aB3~aB3",
  "BASIC amFuZTpwYXNzdzByZA==",
  "+49 30 901820",
  "-----BEGIN RSA PRIVATE KEY-----\nMIIEow+IBAAK/CAQ==\n-----END RSA PRIVATE KEY-----",
];
/** The part that must not survive. */
const cores = (secret: string) =>
  secret.startsWith("-----") ? ["MIIEow"] : [secret.replace(/^(?:Bearer|BASIC) |^https:.*services\//, "")];
const SECRET_KEYS = [
  "password",
  "api_key",
  "clientSecret",
  "Authorization",
  "connection-string",
  "refresh_token",
];

const word = fc.constantFrom("the", "report", "for", "Oslo", "was", "sent", "to", "room", "12", "ok");
const prose = fc.array(word, { minLength: 0, maxLength: 6 }).map((words) => words.join(" "));
const plain: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    prose,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    tie("list"),
    tie("map"),
  ),
  list: fc.array(tie("value"), { maxLength: 4 }),
  map: fc.dictionary(fc.constantFrom("a", "city", "note", "items", "nested"), tie("value"), { maxKeys: 4 }),
})).value;

/** Puts a text somewhere into a value: beside other text, in arrays, objects or JSON strings, at some depth. */
type Wrap = (inner: unknown, other: unknown) => unknown;
const WRAPS: Wrap[] = [
  (inner, other) => ({ note: other, item: inner }),
  (inner, other) => [other, inner, other],
  (inner) => ({ arguments: JSON.stringify({ q: inner }) }),
  (inner) => JSON.stringify([inner]),
  (inner) => ({ messages: [{ role: "tool", content: [{ type: "text", text: inner }] }] }),
];

describe("properties of redaction", () => {
  test("a secret told by its form survives in no position and at no depth", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SECRETS),
        prose,
        prose,
        fc.array(fc.tuple(fc.constantFrom(...WRAPS), plain), { maxLength: 5 }),
        (secret, before, after, wraps) => {
          let value: unknown = `${before} ${secret} ${after}`;
          for (const [wrap, other] of wraps) value = wrap(value, other);
          const text = JSON.stringify(redact(value).value);
          for (const core of cores(secret)) expect(text).not.toContain(core);
        },
      ),
      { numRuns: 400 },
    );
  });

  test("anything under a name of a secret goes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SECRET_KEYS),
        fc.string({ minLength: 1 }).filter((text) => /[A-Za-z0-9]{3}/.test(text)),
        fc.array(fc.tuple(fc.constantFrom(...WRAPS), plain), { maxLength: 4 }),
        (key, random, wraps) => {
          const secret = `q7Z${random}`;
          let value: unknown = { [key]: secret };
          for (const [wrap, other] of wraps) value = wrap(value, other);
          const text = JSON.stringify(redact(value).value);
          expect(text).not.toContain("q7Z");
        },
      ),
      { numRuns: 300 },
    );
  });

  test("redacting twice is redacting once, whatever stands around the secrets", () => {
    const piece = fc.oneof(
      fc.constantFrom(...SECRETS),
      fc.constantFrom(
        "password=",
        "token: ",
        'api_key="',
        "Bearer ",
        ";",
        '"',
        "'",
        "sig=",
        " is ",
        "\n",
        "+49 ",
        ". ",
        "\\",
        "password: string = ",
        "STRIPE_KEY=",
        "name: DB_PASSWORD\n  value: ",
        "user,password\nbob,",
        "curl -u bob:",
        "<password>",
        " as the password",
        "password%3D",
        "pass\u200bword=",
        'x["token"] ?? "',
        "password: |\n  ",
        "q7Zk2mXw9PtR4sVb8",
        "[REDACTED:secret]",
      ),
      fc.string({ maxLength: 12 }),
      word,
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const once = redact(pieces.join("")).value;
        const twice = redact(once);
        expect(twice.value).toBe(once);
        expect(twice.counts).toEqual({});
      }),
      { numRuns: 2000 },
    );
  });

  test("the shape stays: keys, lengths of arrays and everything that is no string", () => {
    const shapeOf = (value: unknown): unknown =>
      typeof value === "string"
        ? "text"
        : Array.isArray(value)
          ? value.map(shapeOf)
          : typeof value === "object" && value !== null
            ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shapeOf(member)]))
            : value;
    fc.assert(
      fc.property(plain, (value) => {
        expect(shapeOf(redact(value).value)).toEqual(shapeOf(value));
      }),
    );
  });

  test("arguments that are JSON stay JSON", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.constantFrom(...SECRETS), fc.jsonValue())),
        (args) => {
          const call = { function: { name: "x", arguments: JSON.stringify(args) } };
          expect(() => JSON.parse(redact(call).value.function.arguments)).not.toThrow();
        },
      ),
    );
  });
});
