import { createHash, randomBytes } from "node:crypto";
import { promises as fs } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { readSettings } from "../../src/config/settings.ts";
import { cleanEpisode } from "../../src/episodes/clean.ts";
import { createEpisodeService } from "../../src/episodes/service.ts";
import { folderFiles } from "../../src/files/folder.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { bytesPointer, pointerIn, textPointer } from "../../src/parts/pointer.ts";
import { resolveParts } from "../../src/parts/resolve.ts";
import { createPartService } from "../../src/parts/service.ts";
import { compileRules } from "../../src/privacy/compile.ts";
import { redact, STANDARD } from "../../src/redaction/redact.ts";
import { openWorld, type World } from "../scenarios/world.ts";

const agent_id = "keeper";
const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
const anyHash = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));

describe("a pointer", () => {
  test("is read as it was written, and only at the end of a text", () => {
    fc.assert(
      fc.property(anyHash, fc.nat(), fc.string(), (hash, bytes, before) => {
        const facts = { sha256: hash, bytes };
        expect(pointerIn(before + bytesPointer({ ...facts, type: "image/png" }))).toEqual({
          ...facts,
          type: "image/png",
          before,
        });
        expect(pointerIn(textPointer(before, facts))).toEqual({ ...facts, type: undefined, before });
        expect(pointerIn(`${textPointer(before, facts)} and more`)).toBeUndefined();
      }),
    );
  });

  test("is nothing that redaction takes for a secret, a card or a telephone, whatever its hash", () => {
    fc.assert(
      fc.property(anyHash, fc.nat(), (hash, bytes) => {
        const facts = { sha256: hash, bytes };
        const value = {
          parts: [hash],
          messages: [
            { role: "user", content: textPointer("It begins", facts) },
            { image_url: { url: `data:image/png;base64,${bytesPointer({ ...facts, type: "image/png" })}` } },
          ],
        };
        expect(redact(value)).toEqual({ value, counts: {} });
      }),
      { numRuns: 2000 },
    );
  });

  test("that a person wrote into a message points at nothing: its part has to be named beside", async () => {
    const messages = [{ role: "user", content: textPointer("", { sha256: sha256("theirs"), bytes: 6 }) }];
    const read = async () => Buffer.from("theirs");
    expect((await resolveParts(messages, [sha256("ours")], read))?.value).toEqual(messages);
    expect((await resolveParts(messages, [sha256("theirs")], read))?.value).toEqual([
      { role: "user", content: "theirs" },
    ]);
  });
});

describe("a pointer in an episode that is redacted", () => {
  const settings = readSettings({});
  const hash = sha256("theirs");
  const stands = (before: string) => textPointer(before, { sha256: hash, bytes: 81_000 });
  const cleaned = (content: unknown, policy = STANDARD) =>
    cleanEpisode(
      {
        agent_id,
        user_input: "Read it.",
        assistant_output: "Done.",
        tool_calls: [],
        messages: [{ role: "user", content: content as string }],
        parts: [hash],
      },
      settings,
      policy,
    ).messages?.[0]?.content;

  test("stays, whatever the text was cut behind, and what stands before it is redacted", () => {
    for (const said of [
      '"password": "[REDA',
      "password: hunter2hunter2",
      "Authorization: Bearer [REDACTED:token]",
      "AccountKey=[REDACTED:azure_key];EndpointSuffix=core",
      "https://user:[REDACTED:secret]@host/",
      "export TOKEN='[REDACTED:secret]'",
      "client_secret => ",
      "call me at +1 415 555 ",
      "IBAN DE89 3704 0044 ",
      "card 4111 1111 1111 1111",
    ])
      for (let length = 1; length <= said.length; length++) {
        const text = `It begins. ${said.slice(0, length)}`;
        const content = cleaned([{ type: "text", text: stands(text) }]) as unknown as { text: string }[];
        const found = pointerIn(content[0]?.text ?? "");
        expect({ text, ...found }).toEqual({
          text,
          sha256: hash,
          bytes: 81_000,
          type: undefined,
          before: redact(text).value,
        });
      }
  });

  test("stays with an owner's rule that takes its hash for a number of theirs", () => {
    const rule = { name: "Digest", pattern: "\\b[0-9a-f]{64}\\b", pseudonym: false, enabled: true };
    const policy = { version: "test", custom: compileRules([rule], undefined) };
    expect(cleaned(stands(`Of ${hash} say `), policy)).toBe(stands("Of [REDACTED:digest] say "));
  });

  test("goes where a member's name makes it a secret, and one that no part is named for is a text like others", () => {
    expect(JSON.stringify(cleaned([{ type: "text", password: stands("hunt") }]))).not.toContain(hash);
    const other = textPointer("password: ", { sha256: sha256("ours"), bytes: 8 });
    expect(cleaned(other)).toBe(redact(other).value);
  });
});

test("whether the parts of a conversation's episodes are kept is looked up once each, sixteen at a time at most", async () => {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "parts-"));
  const files = folderFiles(folder);
  const settings = readSettings({});
  const parts = createPartService({ files, settings });
  const hashes: string[] = [];
  for (let n = 0; n < 40; n++) hashes.push((await parts.add(agent_id, { text: `Part ${n}` })).sha256);
  const looks = { all: 0, now: 0, most: 0 };
  const { stat } = files;
  files.stat = async (key) => {
    looks.all++;
    looks.most = Math.max(looks.most, ++looks.now);
    const found = await stat.call(files, key);
    looks.now--;
    return found;
  };
  const clock = new VirtualClock();
  const ledger = openSqliteLedger({ file: ":memory:", clock });
  const episodes = createEpisodeService({ ledger, settings, clock, logger: silentLogger, parts });
  const results = await episodes.record(
    Array.from({ length: 50 }, () => ({
      agent_id,
      user_input: "Read it.",
      assistant_output: "Done.",
      parts: hashes,
    })),
  );
  expect(results.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => "recorded"));
  expect({ all: looks.all, isBounded: looks.most <= 16 }).toEqual({ all: 40, isBounded: true });
  await ledger.close();
  await fs.rm(folder, { recursive: true, force: true });
});

describe("parts over REST", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: agent_id, LIGHTNING_MOST_PART_MB: "1" });
  });
  afterAll(() => world.close());
  const add = async (part: Record<string, unknown>) => {
    const { status, body } = await world.call("POST", "/parts", { agent_id, ...part });
    return body.error === undefined
      ? { status, ...body }
      : { status, code: body.error.code, field: body.error.field };
  };
  const bytesOf = async (hash: string) =>
    Buffer.from(await (await world.fetch(`/api/lightning/parts/${hash}?agent_id=${agent_id}`)).arrayBuffer());

  test("are named by their content, and kept once", async () => {
    const bytes = randomBytes(5000);
    const sent = { data: bytes.toString("base64"), media_type: "image/png", sha256: sha256(bytes) };
    const kept = { status: 201, sha256: sha256(bytes), bytes: 5000, redaction: {} };
    for (const again of [false, true])
      expect({ again, ...(await add(sent)) }).toEqual({
        again,
        ...kept,
        pointer: `lightning-bytes:image/png;5000;${sha256(bytes)}`,
      });
    expect(
      (await world.app.files.list("episode-parts/")).filter((key) => key.endsWith(sha256(bytes))),
    ).toHaveLength(1);
    expect((await bytesOf(sha256(bytes))).equals(bytes)).toBe(true);
  });

  test("that cannot be looked through are refused", async () => {
    const policy = {
      version: "t",
      token: () => {
        throw new RangeError("Maximum call stack size exceeded");
      },
    };
    const settings = { redactSecrets: true, mostPartMb: 1 };
    const parts = createPartService({ files: world.app.files, settings, policyOf: () => policy });
    await expect(parts.add("a", { text: "password=hunter22x" })).rejects.toMatchObject({
      code: "redaction_failed",
      field: "text",
    });
  });

  test("are redacted where they are text, whatever they are said to be", async () => {
    const secret = "Write to ann.smith@example.com today.";
    for (const part of [
      { text: secret },
      { data: Buffer.from(secret).toString("base64"), media_type: "image/png" },
      { data: Buffer.from(secret).toString("base64") },
    ]) {
      const { sha256: hash, redaction } = await add(part);
      expect(redaction).toEqual({ email: 1 });
      const text = (await bytesOf(hash)).toString();
      expect(text).toBe("Write to [REDACTED:email] today.");
      expect(sha256(text)).toBe(hash);
    }
  });

  describe("are redacted in their own encoding", () => {
    const said = "Grüße an ann.smith@example.com und zurück. ".repeat(3);
    const clean = said.replaceAll("ann.smith@example.com", "[REDACTED:email]");
    const big = (text: string) => Buffer.from(text, "utf16le").swap16();
    const mark = Buffer.from([0xff]);
    const ways: Record<string, (text: string) => Buffer> = {
      "UTF-8 with a NUL": (text) => Buffer.from(`a\0${text}`),
      "UTF-8 with a NUL at the end": (text) => Buffer.from(`${text}\0`),
      "UTF-8 with a byte that is none": (text) => Buffer.concat([Buffer.from(text), mark, Buffer.from(text)]),
      "ISO 8859-1": (text) => Buffer.from(text, "latin1"),
      "UTF-16, little end first": (text) => Buffer.from(text, "utf16le"),
      "UTF-16 with its mark": (text) => Buffer.from(`\uFEFF${text}`, "utf16le"),
      "UTF-16, big end first": big,
      "UTF-16, big end first, with its mark": (text) => big(`\uFEFF${text}`),
      "UTF-16 with half a character at the end": (text) =>
        Buffer.concat([Buffer.from(text, "utf16le"), Buffer.from("x")]),
      "UTF-16 of Cyrillic letters": (text) => Buffer.from(`Привет, друзья мои: ${text}`, "utf16le"),
    };
    test.each(Object.entries(ways))("%s", async (_name, encode) => {
      const { sha256: hash, redaction } = await add({ data: encode(said).toString("base64") });
      expect((await bytesOf(hash)).equals(encode(clean))).toBe(true);
      expect(redaction.email).toBeGreaterThan(0);
    });

    test("whatever characters a text has", async () => {
      const odd = Array.from({ length: 40 }, (_, code) => String.fromCharCode(code)).join("");
      for (const text of [`a\0${said}`, `${odd}${said}`, `\uFFFD${said}`]) {
        const { sha256: hash } = await add({ text });
        expect((await bytesOf(hash)).toString()).not.toContain("ann.smith");
      }
    });

    test("and other bytes stay as they are", async () => {
      for (let n = 0; n < 20; n++) {
        const bytes = Buffer.concat([randomBytes(2000), Buffer.from(said)]);
        expect(await add({ data: bytes.toString("base64") })).toMatchObject({
          sha256: sha256(bytes),
          redaction: {},
        });
      }
    });
  });

  test.each([
    ["another hash", { text: "a text", sha256: sha256("another") }, 422, "part_hash_mismatch", "sha256"],
    ["no content", {}, 422, "part_empty", "data"],
    ["two contents", { text: "a", data: "YWFh" }, 422, "part_empty", "data"],
    ["what is no base64", { data: "no base64!" }, 422, "invalid_input", "data"],
    [
      "a media type with a parameter",
      { data: "YWFh", media_type: "text/html; charset=utf-8" },
      422,
      "invalid_input",
      "media_type",
    ],
    [
      "a media type that breaks out of a header",
      { data: "YWFh", media_type: "a/b\r\nx: y" },
      422,
      "invalid_input",
      "media_type",
    ],
    ["more than is kept of one", { text: "x".repeat(1024 * 1024 + 1) }, 413, "part_too_large", "text"],
  ])("with %s are refused", async (_name, part, status, code, field) => {
    expect(await add(part)).toEqual({ status, code, field });
  });

  test("that nobody keeps, or another agent does, refuse the episode that points at them; its neighbours are recorded", async () => {
    const { sha256: hash, pointer } = await add({ text: "A long text." });
    const episode = (agent: string, part: string) => ({
      agent_id: agent,
      user_input: "Read it.",
      assistant_output: "Done.",
      messages: [
        { role: "user", content: `A lo${pointer}` },
        { role: "assistant", content: "Done." },
      ],
      parts: [part],
    });
    const { body } = await world.call("POST", "/episodes", {
      episodes: [episode(agent_id, hash), episode("another", hash), episode(agent_id, sha256("nowhere"))],
    });
    expect(
      body.results.map((one: { error?: { code: string; field: string } }) => one.error?.code ?? "recorded"),
    ).toEqual(["recorded", "part_unknown", "part_unknown"]);
    expect(body.results[2].error.field).toBe("parts.0");
  });

  test("are what the refusal of an episode that is too large points to", async () => {
    const long = { agent_id, user_input: "Read it.", assistant_output: "long ".repeat(500_000) };
    const { status, body } = await world.call("POST", "/episodes", long);
    expect([status, body.error.code]).toEqual([413, "episode_too_large"]);
    expect(body.error.remedy).toContain("addPart");
  });
});
