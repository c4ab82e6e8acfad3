import { describe, expect, test } from "@jest/globals";
import { redact } from "../../src/redaction/redact.ts";

const clean = (text: string) => redact(text).value;
const PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ==\n-----END PRIVATE KEY-----";
const BASE64_KEY = `${"aB3+/".repeat(17)}Z==`;

describe("defect 9.10: what the original let through", () => {
  test.each([
    ["Basic auth", "Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"],
    ["Basic auth in a sentence", "use Basic dXNlcjpwYXNzd29yZA== here", "dXNlcjpwYXNzd29yZA"],
    ["sk-…", "key sk-proj-Abc123Def456Ghi789Jkl", "Abc123Def456"],
    ["AKIA…", "id AKIAIOSFODNN7EXAMPLE now", "AKIAIOSFODNN7EXAMPLE"],
    [
      "the AWS secret beside it",
      "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      "wJalrXUtnFEMI",
    ],
    ["SAS sig=", "https://a.blob.core.windows.net/c?sv=2024&sig=aB%2Bc%2Fd3%3D&se=1", "aB%2Bc"],
    ["Pwd=", "Server=db;Uid=sa;Pwd=S3cret word;Encrypt=true", "S3cret word"],
    ["ghp_…", "ghp_abcdefghij0123456789ABCDEFGHIJ012345", "abcdefghij"],
    ["PEM keys", `before ${PEM} after`, "MIIEvQIBADANBg"],
    ["e-mail", "write to jane.doe+news@example.co.uk please", "jane.doe"],
    ["phone", "call +49 151 23456789 today", "23456789"],
    ["card", "card 4111 1111 1111 1111 exp 12/26", "1111 1111"],
  ])("%s is redacted", (_name, text, secret) => {
    expect(clean(text)).not.toContain(secret);
    expect(clean(text)).toContain("[REDACTED:");
  });

  test("a base64 api key leaves no tail after +", () => {
    expect(clean("api_key=abc+DEF/ghi+123== next")).toBe("api_key=[REDACTED:secret] next");
    expect(clean('{"apiKey": "abc+DEF/ghi+123=="}')).toBe('{"apiKey":"[REDACTED:secret]"}');
  });

  test("a password leaves no tail after a space", () => {
    expect(clean("Password=correct horse battery;Timeout=30")).toBe(
      "Password=[REDACTED:password];Timeout=30",
    );
    expect(clean("password: correct horse battery")).toBe("password: [REDACTED:password]");
    expect(clean('password="correct horse" --verbose')).toBe('password="[REDACTED:password]" --verbose');
  });

  test.each([
    "token usage is 5",
    "The token usage was 1500 tokens; max_tokens=100000, total_tokens: 42",
    "The password field is required.",
    "password: must be at least 8 characters",
    "Basic authentication and bearer of good news",
    "the secret: work hard every day",
    "id 550e8400-e29b-41d4-a716-446655440000 and ep-01h2x3y4z5abc",
    "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "2026-01-01T10:00:00.000Z is 1767225600000, order 1234567890123456, version 1.2.3",
    "git@github.com:org/repo.git and icon@2x.png",
    "commit da39a3ee5e6b4b0d3255bfef95601890afd80709 of risk-management-2024",
    "192.168.100.200:8080 and 10.0.0.1",
  ])("no wrong hit: %s", (text) => {
    expect(redact(text)).toEqual({ value: text, counts: {} });
  });

  test("user input, output, nested objects, arrays and error texts are redacted", () => {
    const secret = "hunter2-XYZ";
    const { value, counts } = redact({
      user_input: `my password is ${secret}`,
      assistant_output: `password=${secret}`,
      system_prompt: `Use api_key=${secret}`,
      error: `login failed: pwd=${secret}`,
      messages: [{ role: "tool", content: [{ type: "text", text: `token: ${secret}` }] }],
      tool_calls: [
        {
          tool_name: "x",
          arguments: { deep: [{ auth: { password: secret } }], cmd: ["--password", secret] },
        },
      ],
      metadata: { "x-api-key": secret, headers: [["Authorization", `Bearer ${secret}`]] },
    });
    expect(JSON.stringify(value)).not.toContain(secret);
    expect(Object.values(counts).reduce((a, b) => a + b)).toBe(9);
  });
});

describe("what the original's tests pin", () => {
  test("redacts a bearer token and an api key", () => {
    expect(clean("Bearer abc123xyz token")).toBe("Bearer [REDACTED:token] token");
    expect(clean("api_key=secret123")).toBe("api_key=[REDACTED:secret]");
  });
});

describe("the rule pack", () => {
  test.each([
    ["GitHub fine-grained", "github_pat_11ABCDEFG0abcdefghijkl_mnop"],
    ["GitHub OAuth", "gho_16C7e42F292c6912E7710c838347Ae178B4a"],
    ["GitLab", "glpat-abcdEFGH1234ijklMNOP"],
    ["Slack", "xoxb-123456789012-abcdefABCDEF"],
    ["Google", "AIzaSyA1234567890abcdefghijklmnopqrstuv"],
    ["Stripe", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"],
    ["npm", "npm_abcdefghijklmnopqrstuvwxyz0123456789"],
    ["JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"],
    ["Azure storage key", BASE64_KEY],
    ["IBAN", "DE89 3704 0044 0532 0130 00"],
    ["IBAN without spaces", "GB82WEST12345698765432"],
    ["Amex", "3782 822463 10005"],
    ["US phone", "(555) 123-4567"],
  ])("%s is told by its form", (_name, secret) => {
    expect(clean(`see ${secret} there`)).toMatch(/^see \[REDACTED:[a-z_]+\] there$/);
  });

  test.each([
    ["DefaultEndpointsProtocol=https;AccountName=a;AccountKey=ab+c/d==;EndpointSuffix=x", "ab+c/d=="],
    ["Endpoint=sb://a/;SharedAccessKeyName=n;SharedAccessKey=q1+w2/e3=", "q1+w2/e3="],
    ["SharedAccessSignature=sv=2024&sr=c&sig=abc%3D;X=1", "sig=abc"],
    ["SharedAccessSignature sr=a&sig=abcdefgh%3d&se=2&skn=n", "abcdefgh"],
    ["postgres://app:p@ss/w0rd@db.example.com/x", "app:p"],
    ["https://user:pa55@example.com/", "pa55"],
    ["<password>hunter2</password>", "hunter2"],
    ["curl -H 'X-Api-Key: foo-bar' --token abc", "foo-bar"],
    ["curl --token abcdef", "abcdef"],
    ["{'password': 'hun ter2', 'a': 1}", "ter2"],
    ['{\\"client_secret\\":\\"abc.def\\"} tail', "abc.def"],
    ["DB_PASSWORD=hunter2\nNEXT=1", "hunter2"],
    ["Set-Cookie: sid=abc123; HttpOnly", "abc123"],
  ])("a labelled value goes: %s", (text, secret) => {
    expect(clean(text)).not.toContain(secret);
  });

  test("a card number that fails Luhn and an IBAN that fails mod 97 stay", () => {
    for (const text of ["4111 1111 1111 1112", "DE88370400440532013000"]) expect(clean(text)).toBe(text);
  });

  test("a planted placeholder hides nothing", () => {
    expect(clean("password=[REDACTED:password]hunter2")).toBe("password=[REDACTED:password]");
    expect(clean("api_key: [REDACTED:x]abcdef1")).not.toContain("abcdef1");
  });

  test("numbers under names of secrets go, other numbers stay", () => {
    expect(redact({ pin: 1234, password: 99, tokens: 5, max_token: 7, n: 1 }).value).toEqual({
      pin: "[REDACTED:secret]",
      password: "[REDACTED:secret]",
      tokens: 5,
      max_token: 7,
      n: 1,
    });
  });

  test("a tool's definition keeps a parameter called password, but not its default", () => {
    const tool = {
      type: "function",
      function: {
        name: "login",
        parameters: {
          type: "object",
          properties: {
            password: { type: "string", description: "The user's password", default: "hunter2" },
          },
        },
      },
    };
    const expected = structuredClone(tool);
    expected.function.parameters.properties.password.default = "[REDACTED:secret]";
    expect(redact(tool).value).toEqual(expected);
  });

  test("JSON in a string stays JSON, with its numbers' digits, and is untouched when clean", () => {
    const args = '{ "password": "a \\"b\\"", "id": 12345678901234567890, "n": 1.0 }';
    expect(clean(args)).toBe('{"password":"[REDACTED:secret]","id":12345678901234567890,"n":1.0}');
    const harmless = '{ "city":  "Oslo", "n": 1.0 }';
    expect(clean(harmless)).toBe(harmless);
    expect(clean('{"pin": 12345678901234567890}')).toBe('{"pin":"[REDACTED:secret]"}');
    expect(clean('{"q":"bob\\u0040example.com"}')).toBe('{"q":"[REDACTED:email]"}');
  });

  test("an image in a data URL is left alone", () => {
    const url = `data:image/png;base64,${"iVBORw0KGgo+AKIA/".repeat(50)}`;
    expect(clean(url)).toBe(url);
  });

  test("logprobs' tokens and list cursors are no secrets", () => {
    const value = { content: [{ token: "Tr0ub4dor", logprob: -0.1 }], next_page_token: "abc123def456" };
    expect(redact(value).value).toEqual(value);
  });

  test("what is nested too deeply to be checked makes redaction fail", () => {
    let deep: unknown = "password=x";
    for (let i = 0; i < 500; i++) deep = [deep];
    expect(() => redact(deep)).toThrow(/deeper/);
  });
});

describe("time", () => {
  const MILLION = 1_000_000;
  const hostile: [string, string][] = [
    "a",
    "1",
    "1 ",
    "a@",
    "%40",
    "password=",
    "password: x, a",
    "password\t\t: x. ",
    "token:",
    'token: "a b ',
    'password="',
    'password:\\"',
    "-----BEGIN ",
    "eyJaaaaaa.",
    "sk-",
    "DE89 ",
    "+1",
    "bearer ",
    "connection string: x ",
    "authorization: bearer ",
    "://a",
    "0123 456 ",
    "{",
    '[{"a":',
    "é@é.é",
    "\\",
  ].map((unit) => [unit, unit.repeat(Math.ceil(MILLION / unit.length))]);

  test.each(hostile)("a megabyte of %j takes linear time", (_unit, text) => {
    const before = process.cpuUsage();
    redact(text);
    const { user, system } = process.cpuUsage(before);
    // A second is ample for anything linear here (most take 10-60 ms) and far below anything quadratic.
    expect((user + system) / 1000).toBeLessThan(3000);
  });
});
