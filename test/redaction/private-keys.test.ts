import { describe, expect, test } from "@jest/globals";
import { redact } from "../../src/redaction/redact.ts";

const BODY = [
  "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
  "MzEfYyjiWA4R4qumRFm3hxs5bFvmSL2n",
  "q7Z0uA==",
];
const pem = (label: string, lines = BODY) => [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`];
const left = (value: unknown): string[] => {
  const text = JSON.stringify(redact(value).value);
  return BODY.filter((line) => text.includes(line));
};

describe("private keys", () => {
  test.each([
    ["PRIVATE KEY"],
    ["RSA PRIVATE KEY"],
    ["EC PRIVATE KEY"],
    ["OPENSSH PRIVATE KEY"],
    ["ENCRYPTED PRIVATE KEY"],
    ["PGP PRIVATE KEY BLOCK"],
  ])("%s goes, whole or in pieces", (label) => {
    const lines = pem(label);
    const shapes: Record<string, unknown> = {
      "one text": lines.join("\n"),
      "escaped line ends": `{"k":"${lines.join("\\n")}`,
      "an array of lines": { lines: ["before", ...lines, "after"] },
      "with numbers between": lines.map((line, i) => [i, line]),
      "chunks of a stream": lines.map((line) => ({ role: "tool", content: line })),
      "members of an object": Object.fromEntries(lines.slice(0, 3).map((line, i) => [`l${i}`, line])),
      "two halves": [lines.slice(0, 2).join("\n"), lines.slice(2).join("\n")],
      "cut off": lines.slice(0, 2).join("\n"),
    };
    // The last line alone, outside of an array, can be told from a word by nothing.
    for (const [name, value] of Object.entries(shapes))
      expect([name, left(value).filter((line) => line !== BODY[2] || !name.match(/numbers|chunks/))]).toEqual(
        [name, []],
      );
  });

  test("what stands around the pieces stays", () => {
    const { value } = redact({ lines: ["before", ...pem("PRIVATE KEY"), "after"], city: "Oslo" });
    expect(value.lines).toHaveLength(7);
    expect([value.lines[0], value.lines[6], value.city]).toEqual(["before", "after", "Oslo"]);
  });

  test("a key of PuTTY goes, its comment stays", () => {
    const text = `PuTTY-User-Key-File-3: ssh-rsa\nComment: work\nPrivate-Lines: 2\n${BODY[0]}\n${BODY[1]}\nPrivate-MAC: 00`;
    const { value } = redact(text);
    expect(value).toMatch(/Comment: work\nPrivate-Lines: 2\n\[REDACTED:pem\]\nPrivate-MAC/);
  });

  test.each([
    "CERTIFICATE",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "CERTIFICATE REQUEST",
    "DH PARAMETERS",
    "PGP SIGNATURE",
    "X509 CRL",
  ])("%s is meant to be shown", (label) => {
    const value = { text: pem(label).join("\n"), lines: pem(label) };
    expect(redact(value)).toEqual({ value, counts: {} });
  });

  test("the key behind a certificate in one file goes, the certificate stays", () => {
    const { value } = redact(
      `${pem("CERTIFICATE", ["MIIB"]).join("\n")}\n${pem("PRIVATE KEY").join("\n")}\n`,
    );
    expect(value).toContain("MIIB");
    expect(left(value)).toEqual([]);
  });
});

describe("a JSON Web Key", () => {
  const SECRET = "q7Zq7Zq7Zq7Zq7Zq7Zq7Zq7Z";
  const key = {
    kty: "RSA",
    kid: "a",
    n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx",
    e: "AQAB",
    d: SECRET,
    p: SECRET,
    dp: SECRET,
  };

  test("loses its private members and keeps the others", () => {
    const { value, counts } = redact({ keys: [key] });
    expect(value.keys[0]).toMatchObject({ kty: "RSA", kid: "a", n: key.n, e: "AQAB" });
    expect(JSON.stringify(value)).not.toContain("q7Z");
    expect(Object.values(counts).reduce((a, b) => a + b)).toBe(3);
  });

  test.each([
    ["in a sentence", `Take ${JSON.stringify(key)} then.`],
    ["cut off", JSON.stringify(key).slice(0, -20)],
    ["as a string in a string that is cut off", JSON.stringify({ a: JSON.stringify(key) }).slice(0, -20)],
    ["symmetric", `key: {"kty":"oct","k":"${SECRET}"}`],
  ])("%s", (_name, text) => {
    expect(redact(text).value).not.toContain("q7Z");
  });

  test("letters that are no key's members stay", () => {
    const value = {
      d: "north-north-west-and-west",
      p: "paragraph-of-a-long-text",
      k: "k-means-of-the-third-run",
    };
    expect(redact(value).value).toEqual(value);
  });
});
