import { promises as fs } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { OpenCall } from "../../src/capture/calls/open-call.ts";
import {
  type CaptureDeps,
  type CaptureHook,
  createCaptureHook,
  type StorePart,
} from "../../src/capture/capture.ts";
import { finishEpisode } from "../../src/capture/episode.ts";
import { reportOf } from "../../src/capture/refusals.ts";
import { readSettings } from "../../src/config/settings.ts";
import { createEpisodeService } from "../../src/episodes/service.ts";
import { folderFiles } from "../../src/files/folder.ts";
import { sleep, VirtualClock } from "../../src/kernel/clock.ts";
import { LightningError, unavailable } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { resolveParts } from "../../src/parts/resolve.ts";
import { createPartService } from "../../src/parts/service.ts";
import { createPartStore } from "../../src/parts/store.ts";
import type { EpisodeInput } from "../../src/wire/types.ts";
import { realWork } from "../support/real-work.ts";

type Part = Parameters<StorePart>[0];
const settings = readSettings({ ENABLE_LIGHTNING_CAPTURE: "true", LIGHTNING_AGENT_ID: "painter" });
const files = () => folderFiles(path.join(folder, "files"));
const refused = (thrown: unknown) =>
  thrown instanceof LightningError
    ? { error: thrown }
    : { error: new LightningError("fatal", "fault", String(thrown)) };
let folder: string;
let clock: VirtualClock;
let ledger: Ledger;
let hooks: CaptureHook[];
/** Parts and episodes that reached the receiver. */
let parts: Part[];
let recorded: EpisodeInput[];
/** What stands in the way of parts, and of episodes. */
let onPart: (part: Part) => void;
let onSend: (episodes: EpisodeInput[]) => void;

beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "large-parts-"));
  clock = new VirtualClock();
  ledger = openSqliteLedger({ file: ":memory:", clock });
  [hooks, parts, recorded] = [[], [], []];
  onPart = () => {};
  onSend = () => {};
});
afterEach(async () => {
  onPart = () => {};
  onSend = () => {};
  for (const hook of hooks) await hook.close();
  await ledger.close();
  await fs.rm(folder, { recursive: true, force: true });
});

/** A hook whose receiver is the app's own services, over a folder and a ledger. */
function make(deps: Partial<CaptureDeps> = {}): CaptureHook {
  const service = createPartService({ files: files(), settings });
  const episodes = createEpisodeService({ ledger, settings, clock, logger: silentLogger, parts: service });
  const hook = createCaptureHook({
    settings,
    clock,
    logger: silentLogger,
    send: async (batch) => {
      onSend(batch);
      recorded.push(...batch);
      const results = await episodes.record(batch);
      return reportOf(
        batch,
        results.map((result) => (result.status === "error" ? result : {})),
      );
    },
    storePart: async (part) => {
      onPart(part);
      parts.push(part);
      const { agentId, mediaType, ...sent } = part;
      return await service.add(agentId, { ...sent, media_type: mediaType });
    },
    ...deps,
    limits: { attempts: 1, ...deps.limits },
  });
  hooks.push(hook);
  return hook;
}

/** Base64 of so many bytes that differ. */
const base64 = (count: number, seed = 1): string => {
  const bytes = Buffer.alloc(count, 0xff);
  for (let i = 0; i < count; i += 64)
    bytes.writeUInt32BE((Math.imul(i + 1, 2_654_435_761) ^ seed) >>> 0, Math.min(i, count - 4));
  return bytes.toString("base64");
};
const picture = (count: number, seed?: number) => ({
  type: "image_url",
  image_url: { url: `data:image/png;base64,${base64(count, seed)}` },
});
function capture(hook: CaptureHook, content: object[] | string, answer = "Yes."): string {
  const handle = hook.startCapture({
    userInput: "What is it?",
    messages: [{ role: "user", content } as never],
  });
  handle.recordMessage({ role: "assistant", content: answer } as never);
  handle.endCapture({ assistantOutput: answer });
  return handle.id;
}
const stored = async (id: string) =>
  await ledger.read<EpisodeInput & { id: string; parts?: string[] }>("episodes", ["painter", id], id);
/** The stored episode with its parts in their places. */
async function whole(id: string) {
  const episode = await stored(id);
  if (episode === undefined) throw new Error(`${id} is not stored`);
  const store = createPartStore(files());
  const found = await resolveParts(episode, episode.parts ?? [], (part) => store.read("painter", part));
  if (found === undefined) throw new Error("a part is gone");
  return found.value;
}
const notFound = () => {
  throw new LightningError("not_found", "not_lightning", "no such route");
};
const away = () => {
  throw unavailable("endpoint_unreachable", "connection refused");
};
/** Counters, and whether they add up. */
const counts = (hook: CaptureHook) => {
  const stats = hook.stats();
  const { captured, adopted, sent, queued, onDisk, takenOver, setAside, rejected, dropped } = stats;
  expect(sent + queued + onDisk + takenOver + setAside + rejected + dropped).toBe(captured + adopted);
  return { sent, queued, onDisk, setAside, rejected, dropped };
};
const ALL_SENT = { queued: 0, onDisk: 0, setAside: 0, rejected: 0, dropped: 0 };

describe("a receiver that keeps parts", () => {
  test("gives back what was captured after redaction, whatever it is", async () => {
    const hook = make({ limits: { largePart: { text: 60, base64: 80 } } });
    const words = fc.constantFrom(
      "harbour ",
      "…鳥",
      "👩‍🚀",
      "password: hunter2hunter2 ",
      "\n",
      '{"a":"b"}',
      "lightning-text:12;",
      "data:image/png;base64,",
      "mail ann.smith@example.com ",
      "4111 1111 1111 1111 ",
    );
    const text = fc.array(words, { minLength: 1, maxLength: 60 }).map((all) => all.join(""));
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 400 });
    const part = fc.oneof(
      text.map((one) => ({ type: "text", text: one })),
      bytes.map((one) => ({
        type: "image_url",
        image_url: { url: `data:image/png;base64,${Buffer.from(one).toString("base64")}` },
      })),
      bytes.map((one) => ({
        type: "input_audio",
        input_audio: { data: Buffer.from(one).toString("base64"), format: "wav" },
      })),
      bytes.map((one) => ({
        type: "file",
        file: { file_data: `data:application/pdf;name=a.pdf;base64,${Buffer.from(one).toString("base64")}` },
      })),
    );
    let put = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), text, async (content, answer) => {
        const id = capture(hook, content, answer);
        await hook.flush();
        const expected = finishEpisode(
          {
            id,
            start: { userInput: "What is it?" },
            end: { assistantOutput: answer },
            createdAt: "2026-01-01T00:00:00.000Z",
            latencyMs: 0,
            agentId: "painter",
            model: undefined,
            messages: [{ role: "user", content } as never, { role: "assistant", content: answer } as never],
            calls: [],
          },
          settings,
        );
        const { messages, assistant_output, truncated } = await whole(id);
        expect({ messages, assistant_output, truncated }).toEqual({
          messages: expected.messages,
          assistant_output: expected.assistant_output,
          truncated: undefined,
        });
        put += (await stored(id))?.parts?.length ?? 0;
      }),
      { numRuns: 60 },
    );
    expect(put).toBeGreaterThan(30);
    expect(counts(hook)).toMatchObject({ ...ALL_SENT, rejected: 0 });
  });

  test("gets nothing that redaction takes out", async () => {
    const hook = make();
    const id = capture(hook, `${"long ".repeat(20_000)} password: hunter2hunter2`);
    await hook.flush();
    expect(JSON.stringify(parts).includes("hunter2hunter2")).toBe(false);
    expect(String((await whole(id)).messages?.[0]?.content).slice(-30)).toContain("[REDACTED:");
  });

  test("gets a text that is said twice, and a picture that is shown with each turn, once", async () => {
    const hook = make();
    const answer = "It is a lighthouse. ".repeat(5000);
    const ids = [1, 2, 3].map(() => capture(hook, [picture(100_000)], answer));
    await hook.flush();
    expect(parts.map(({ mediaType, text }) => mediaType ?? text?.length)).toEqual([
      answer.length,
      "image/png",
    ]);
    for (const id of ids) expect((await stored(id))?.parts).toHaveLength(2);
    expect(counts(hook)).toEqual({ ...ALL_SENT, sent: 3 });
  });

  test("gets smaller texts too where an episode would not fit without", async () => {
    const hook = make();
    const content = Array.from({ length: 100 }, (_, i) => ({
      type: "text",
      text: `${i} ${"word ".repeat(8000)}`,
    }));
    const id = capture(hook, content);
    await hook.flush();
    const episode = await stored(id);
    expect(episode?.truncated).toBeUndefined();
    expect(episode?.parts).toHaveLength(100);
    expect(JSON.stringify((await whole(id)).messages?.[0]?.content) === JSON.stringify(content)).toBe(true);
  });

  test("that has lost parts since gets them again", async () => {
    const hook = make();
    capture(hook, [picture(100_000)]);
    await hook.flush();
    await fs.rm(path.join(folder, "files"), { recursive: true });
    const id = capture(hook, [picture(100_000)]);
    await hook.flush();
    await hook.flush();
    expect(parts).toHaveLength(2);
    expect(
      JSON.stringify((await whole(id)).messages?.[0]?.content) === JSON.stringify([picture(100_000)]),
    ).toBe(true);
    expect(counts(hook)).toEqual({ ...ALL_SENT, sent: 2 });
  });
});

describe("a receiver that does not take a part", () => {
  const cutOf = async (id: string) => {
    const episode = await stored(id);
    return { parts: episode?.parts, truncated: Object.keys(episode?.truncated ?? {}) };
  };

  test("of an earlier version, which has no such route, gets episodes cut as before, and is asked again later", async () => {
    const hook = make();
    onPart = notFound;
    const first = capture(hook, [picture(3_000_000)]);
    await hook.flush();
    expect(await cutOf(first)).toEqual({ parts: undefined, truncated: ["messages.0.content"] });
    onPart = () => {};
    const second = capture(hook, [picture(3_000_000)]);
    await hook.flush();
    expect(await cutOf(second)).toEqual({ parts: undefined, truncated: ["messages.0.content"] });
    clock.advance(11 * 60_000);
    const third = capture(hook, [picture(3_000_000)]);
    await hook.flush();
    expect((await cutOf(third)).truncated).toEqual([]);
    expect(counts(hook)).toEqual({ ...ALL_SENT, sent: 3 });
  });

  test("of an earlier version that is reached after a newer one took the part gets it cut, too", async () => {
    const hook = make();
    let refusals = 0;
    onSend = (episodes) => {
      if (!episodes.some((one) => one.parts !== undefined)) return;
      refusals++;
      throw new LightningError("invalid", "invalid_input", "unknown", { field: "parts" });
    };
    const strict = make({
      send: async (batch) => {
        try {
          onSend(batch);
        } catch (thrown) {
          return reportOf(
            batch,
            batch.map(() => refused(thrown)),
          );
        }
        recorded.push(...batch);
        return {};
      },
    });
    capture(strict, [picture(3_000_000)]);
    await strict.flush();
    await strict.flush();
    expect(refusals).toBe(1);
    expect(recorded.map((one) => Object.keys(one.truncated ?? {}))).toEqual([["messages.0.content"]]);
    expect(counts(strict)).toEqual({ ...ALL_SENT, sent: 1 });
    expect(counts(hook)).toEqual({ ...ALL_SENT, sent: 0 });
  });

  test.each([
    ["is too large for it", new LightningError("too_large", "part_too_large", "too large")],
    ["is too large for a proxy", new LightningError("too_large", "http_413", "nginx")],
    ["came to harm on the way", new LightningError("invalid", "part_hash_mismatch", "another hash")],
  ])("since it %s gets the episode with that part cut alone", async (_name, thrown) => {
    const hook = make();
    onPart = ({ data }) => {
      if ((data?.length ?? 0) > 3_000_000) throw thrown;
    };
    const id = capture(hook, [picture(3_000_000), picture(100_000)]);
    await hook.flush();
    const { parts: kept, truncated } = await cutOf(id);
    expect(kept).toHaveLength(1);
    expect(truncated).toEqual(["messages.0.content"]);
    expect(counts(hook)).toEqual({ ...ALL_SENT, sent: 1 });
  });

  test("since it is away gets it with its episode when it is back, also from the files of a process before", async () => {
    const spillFile = path.join(folder, "spill.jsonl");
    const hook = make({ spillFile });
    onPart = away;
    onSend = away;
    const id = capture(hook, [picture(3_000_000)]);
    await hook.flush();
    expect(counts(hook)).toEqual({ ...ALL_SENT, sent: 0, onDisk: 1 });
    await hook.close();
    [onPart, onSend] = [() => {}, () => {}];
    const next = make({ spillFile });
    await next.flush();
    expect(counts(next)).toEqual({ ...ALL_SENT, sent: 1 });
    expect(
      JSON.stringify((await whole(id)).messages?.[0]?.content) === JSON.stringify([picture(3_000_000)]),
    ).toBe(true);
  });

  test.each([true, false])(
    "while it takes other episodes is waited for, however often that part fails (spilled: %j)",
    async (isSpilled) => {
      const hook = make(isSpilled ? { spillFile: path.join(folder, "spill.jsonl") } : {});
      onPart = away;
      const id = capture(hook, [picture(3_000_000)]);
      for (let n = 0; n < 20; n++) {
        capture(hook, "A small one.");
        await hook.flush();
        clock.advance(20_000);
      }
      expect(counts(hook)).toMatchObject({ sent: 20, setAside: 0, dropped: 0 });
      onPart = () => {};
      clock.advance(60_000);
      await hook.flush();
      expect(counts(hook)).toEqual({ ...ALL_SENT, sent: 21 });
      expect(
        JSON.stringify((await whole(id)).messages?.[0]?.content) === JSON.stringify([picture(3_000_000)]),
      ).toBe(true);
    },
  );

  test("for ten minutes gets its episode cut, and no other part", async () => {
    const hook = make();
    onPart = ({ data }) => {
      if ((data?.length ?? 0) > 3_000_000) away();
    };
    const id = capture(hook, [picture(100_000), picture(3_000_000)]);
    for (let minute = 0; minute < 12; minute++) {
      capture(hook, [picture(200_000, minute)]);
      await hook.flush();
      expect((await stored(id)) === undefined).toBe(minute < 10);
      clock.advance(60_000);
    }
    const { parts: kept, truncated } = await cutOf(id);
    expect(kept).toHaveLength(1);
    expect(truncated).toEqual(["messages.0.content"]);
    expect(counts(hook)).toEqual({ ...ALL_SENT, sent: 13 });
  });

  test("for longer than a batch may take is sent once, and keeps no other episode back", async () => {
    let uploads = 0;
    const service = createPartService({ files: files(), settings });
    const hook = make({
      storePart: async ({ agentId, mediaType, ...sent }) => {
        uploads++;
        await sleep(clock, 100_000);
        return await service.add(agentId, { ...sent, media_type: mediaType });
      },
    });
    const large = capture(hook, [picture(3_000_000)]);
    const small = capture(hook, "A small one.");
    const flushed = (async () => {
      while (hook.stats().sent < 2) await hook.flush();
    })();
    for (let second = 0; second < 500 && hook.stats().sent < 2; second++) {
      // What is written and sent meanwhile is real work, which takes no time by this clock.
      await realWork(20);
      clock.advance(1000);
    }
    await flushed;
    expect({ uploads, failures: hook.stats().failures }).toEqual({ uploads: 1, failures: 0 });
    expect(recorded.map(({ id }) => id)).toEqual([small, large]);
    expect(counts(hook)).toEqual({ ...ALL_SENT, sent: 2 });
  });

  test("leaves half of the room on disk, and of memory, to what more episodes say", async () => {
    onPart = away;
    onSend = away;
    for (const deps of [
      { spillFile: path.join(folder, "spill.jsonl"), limits: { maxSpillBytes: 8_000_000 } },
      { limits: { maxQueuedBytes: 8_000_000 } },
    ]) {
      const hook = make(deps);
      for (let n = 0; n < 12; n++) {
        capture(hook, [picture(2_000_000, n)], `Answer ${n}`);
        await hook.flush();
      }
      const { onDisk, queued, dropped } = counts(hook);
      expect({ kept: onDisk + queued, dropped }).toEqual({ kept: 12, dropped: 0 });
      await hook.close();
    }
  });
});

describe("the memory that waiting episodes are counted with", () => {
  const long = "word ".repeat(400_000);

  test("is that of a long text once, told twice or not", () => {
    const hook = make({ limits: { maxQueuedBytes: 10 * (long.length + 20_000) } });
    onPart = away;
    for (let n = 0; n < 10; n++) capture(hook, "Tell me all.", `${n}${long}`);
    expect(counts(hook)).toMatchObject({ queued: 10, dropped: 0 });
  });

  test("is that of what a stream says, and not of its events", async () => {
    const hook = make({ limits: { maxQueuedBytes: 10 * (long.length + 40_000) } });
    for (let n = 0; n < 10; n++) {
      const opened = hook.openModelCall(() => ({}));
      const call = new OpenCall({
        provider: "openai",
        form: "chat.completions",
        body: { messages: [{ role: "user", content: "Tell me all." }] },
        now: opened.now,
        done: (made, bytes) => opened.end(made, bytes),
      });
      call.answered(true);
      for (let at = 0; at < long.length; at += 20_000) {
        const delta = { content: at === 0 ? `${n}${long.slice(0, 20_000)}` : long.slice(at, at + 20_000) };
        call.piece(
          Buffer.from(
            `data: ${JSON.stringify({ id: `r${n}`, padding: "x".repeat(60_000), choices: [{ delta, index: 0 }] })}\n\n`,
          ),
          0,
        );
      }
      call.end(0);
    }
    expect(counts(hook)).toMatchObject({ dropped: 0 });
    await hook.flush();
    expect(counts(hook)).toEqual({ ...ALL_SENT, sent: 10 });
  });
});
