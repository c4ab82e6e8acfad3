import { describe, expect, test } from "@jest/globals";
import { seededRandom } from "../../src/local-host/seeded-random.ts";
import { redact } from "../../src/redaction/redact.ts";

const random = seededRandom(3);
const whole = (from: number, to: number): number => from + Math.floor(random() * (to - from));
const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => whole(0, 256)));
const digits = (length: number): string => Array.from({ length }, () => whole(0, 10)).join("");
const list = (length: number, make: (i: number) => unknown, between: string): string =>
  Array.from({ length }, (_, i) => String(make(i))).join(between);

/** What code, lock files and logs are full of, and how many of 500 may be changed. */
const HARMLESS: readonly [string, () => unknown, number?][] = [
  ["an integrity string of npm", () => ({ integrity: `sha512-${bytes(64).toString("base64")}` })],
  ["the same in a text", () => `"integrity": "sha512-${bytes(64).toString("base64")}",`],
  [
    "several in one attribute",
    () => `integrity="sha512-${bytes(64).toString("base64")} sha512-${bytes(64).toString("base64")}"`,
  ],
  ["a content hash of NuGet", () => ({ contentHash: bytes(64).toString("base64") })],
  ["an update file's sha512", () => `sha512: ${bytes(64).toString("base64")}\nsize: 1`],
  // One in some hundreds ends in `pw==:`, which is a label.
  ["a digest in a header", () => `Content-Digest: sha-512=:${bytes(64).toString("base64")}:`, 3],
  ["a git hash", () => bytes(20).toString("hex")],
  ["SHA-256", () => bytes(32).toString("hex")],
  ["SHA-512 in hexadecimal", () => bytes(64).toString("hex")],
  ["300 bytes in base64", () => bytes(300).toString("base64")],
  ["an id of 16 digits behind a word", () => `order 4${digits(15)} was shipped`],
  ["an id of 16 digits under a name", () => ({ order_id: `4${digits(15)}` })],
  ["a column of such ids", () => list(8, () => `4${digits(15)}`, "\n"), 10],
  ["two random numbers", () => `${random()} ${random()}`],
  ["an embedding", () => JSON.stringify(Array.from({ length: 40 }, () => random() - 0.5))],
  ["a table of numbers of four digits", () => list(12, () => whole(1000, 10_000), " ")],
  ["bytes as decimal numbers", () => list(16, () => whole(0, 256), " "), 5],
  [
    "a hexadecimal dump",
    () => list(4, (i) => `0000${i}0: ${list(8, () => bytes(2).toString("hex"), " ")}`, "\n"),
    5,
  ],
  ["a time in microseconds", () => `at ${1_764_000_000_000_000 + whole(0, 1e12)}`],
  ["a place", () => `${(random() * 180 - 90).toFixed(7)}, ${(random() * 360 - 180).toFixed(7)}`],
  ["an address and a port", () => `${list(4, () => whole(0, 256), ".")}:80${digits(2)}`],
  [
    "a listing of files",
    () => list(4, () => `-rw-r--r-- 1 root root ${whole(1, 1e7)} Nov 30 12:40 f.txt`, "\n"),
  ],
];

describe("what is no secret stays", () => {
  test.each(HARMLESS)("%s", (_name, make, most = 0) => {
    const changed = Array.from({ length: 500 }, make).filter(
      (value) => JSON.stringify(redact(value).value) !== JSON.stringify(value),
    );
    expect(changed.slice(most)).toEqual([]);
  });

  test.each([
    "task-force-2024-one and risk-management-team",
    "pub-sub, key-value and sdk-examples, api-reference-of-2024",
    "re_export_everything_from_here_1 pat.test(secretly) s.toString()",
    "a path /usr/lib/node_modules/npm_lifecycle_event and C:\\new\\tools",
    "MTU 1500, NDJSON, SKU12345, ODT files, AKIA and eyJ alone",
    "background: rgba(0.5) 100%25 \u001b[32mgreen\u001b[0m",
  ])("%s", (text) => {
    expect(redact(text)).toEqual({ value: text, counts: {} });
  });
});

describe("time", () => {
  const UNITS = [
    "AzFu",
    "+ASb",
    "JQQJ99",
    ":AA",
    "1:AA",
    "sv1.",
    "Q~",
    "-us",
    "==",
    "sk-",
    "SG.",
    "SG.a-",
    "glsa_",
    "pat",
    "MT",
    "eyJ",
    "eyJa.",
    "s.",
    "0.A",
    "?code=",
    "&code=a",
    "\\n",
    "%3D",
    "[32m",
    "AKIA",
    "dp.pt.",
    "xoxb-",
    "4111 ",
    "4111-",
    "4111111111111111 ",
    "0 ",
    "phone ",
    "phone: 1 ",
    "call me 1",
    "ssn ",
    "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN RSA KEY-----",
    "Private-Lines: 1\n",
    '"kty" ',
    '"kty":"d":"',
    "::",
    "1:",
    "a:b:",
    "0x",
    "A".repeat(50),
  ];
  const personal = {
    version: "test",
    personal: new Set(["ip_address", "crypto_wallet", "passport", "in_aadhaar", "es_nif"] as const),
  };

  test.each(UNITS)("300 kilobytes of %j take linear time", (unit) => {
    const text = unit.repeat(Math.ceil(300_000 / unit.length));
    for (const value of [text, `${text}x`, { a: [text.slice(0, 150_000), text.slice(0, 150_000)] }]) {
      const started = process.cpuUsage();
      redact(value);
      redact(value, personal);
      const { user, system } = process.cpuUsage(started);
      // Most take a few hundredths of a second; what grows with the square takes minutes.
      expect((user + system) / 1e6).toBeLessThan(1);
    }
  });
});
