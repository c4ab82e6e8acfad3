import { createHash, randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Episode } from "../../src/episodes/contract.ts";
import { bytesPointer, textPointer } from "../../src/parts/pointer.ts";
import { createPartStore } from "../../src/parts/store.ts";
import { AGENT, episode, makeWorld, type World } from "./world.ts";

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.close());

const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
async function keep(content: string | Buffer): Promise<{ sha256: string; bytes: number }> {
  const bytes = Buffer.from(content as string);
  await createPartStore(world.files).put(AGENT, sha256(bytes), bytes);
  return { sha256: sha256(bytes), bytes: bytes.byteLength };
}
/** An episode whose question is a text and a picture that lie in files. */
async function asked(
  n: number,
  text: string,
  picture: Buffer,
  over: Partial<Episode> = {},
): Promise<Episode> {
  const [ofText, ofPicture] = [await keep(text), await keep(picture)];
  return episode(n, {
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: textPointer(text.slice(0, 20), ofText) },
          {
            type: "image_url",
            image_url: { url: `data:image/png;base64,${bytesPointer({ ...ofPicture, type: "image/png" })}` },
          },
        ],
      },
      { role: "assistant", content: `Answer ${n}` },
    ],
    parts: [ofText.sha256, ofPicture.sha256],
    ...over,
  });
}
const build = (input: Record<string, unknown> = {}) =>
  world.build({ near_duplicates: 1, train_split: 1, ...input });
const count = (dataset: Awaited<ReturnType<World["build"]>>) => [
  dataset.training_count ?? 0,
  dataset.dropped ?? {},
];

describe("an episode whose parts lie in files", () => {
  test("is left out where a part is not what its name says, or belongs to another agent", async () => {
    const files = world.files;
    await world.store(
      await asked(1, "What is this?", randomBytes(900)),
      await asked(2, "And what is that?", randomBytes(900)),
    );
    const keys = await files.list("episode-parts/");
    const harmed = keys.find((key) => key.endsWith(sha256("And what is that?"))) as string;
    await files.write(
      harmed,
      (async function* () {
        yield "And what is this?";
      })(),
    );
    await world.store(
      episode(3, {
        messages: [
          { role: "user", content: textPointer("", { sha256: sha256("theirs"), bytes: 6 }) },
          { role: "assistant", content: "x" },
        ],
        parts: [sha256("theirs")],
      }),
    );
    expect(count(await build())).toEqual([1, { part_missing: 2 }]);
  });

  test("is left out where `parts` names one that nothing points at any more", async () => {
    const one = await asked(1, "What is this?", randomBytes(900));
    const { sha256: lost } = await keep("A text whose pointer is gone.");
    await world.store({ ...one, parts: [...(one.parts ?? []), lost] }, episode(2));
    expect(count(await build())).toEqual([1, { part_missing: 1 }]);
  });

  test.each([
    ["what its pointers say", (bytes: number) => bytes],
    ["whatever its pointers say", () => 4],
  ])("is left out where its pictures are too many for one line, by %s", async (_name, told) => {
    const picture = await keep(randomBytes(9_000_000));
    const url = `data:image/png;base64,${bytesPointer({ ...picture, bytes: told(picture.bytes), type: "image/png" })}`;
    const shown = (n: number, times: number) =>
      episode(n, {
        messages: [
          {
            role: "user",
            content: Array.from({ length: times }, () => ({ type: "image_url", image_url: { url } })),
          },
          { role: "assistant", content: `Answer ${n}` },
        ],
        parts: [picture.sha256],
      });
    // 12 MB each in base64; 64 of them are no text that JavaScript can hold.
    await world.store(shown(1, 1), shown(2, 6), shown(3, 64));
    expect(count(await build())).toEqual([1, { parts_too_large: 2 }]);
  });

  test("is left out where today's rules find something in a text that lies there", async () => {
    await world.store(
      await asked(1, "Write to ann.smith@example.com about it.", randomBytes(900)),
      await asked(2, "Write to nobody about it.", randomBytes(900)),
    );
    expect(count(await build())).toEqual([1, { unresolved_redaction: 1 }]);
  });

  test("counts with all its tokens", async () => {
    await world.store(
      await asked(1, "word ".repeat(3000), randomBytes(900)),
      await asked(2, "word", randomBytes(900)),
    );
    expect(count(await build({ max_tokens: 2000 }))).toEqual([1, { over_long: 1 }]);
  });

  test("is left out for a base model that is not trained on pictures, where one is named, and for a picture of more than 10 MB", async () => {
    await world.store(
      await asked(1, "What is this?", randomBytes(900)),
      await asked(2, "And what is that?", randomBytes(10_000_001)),
      episode(3),
    );
    const tooLarge = { "invalid:image_not_taken": 1 };
    expect(count(await build())).toEqual([2, tooLarge]);
    expect(count(await build({ for_model: "gpt-4o-2024-08-06" }))).toEqual([2, tooLarge]);
    expect(count(await build({ for_model: "gpt-4o-mini-2024-07-18" }))).toEqual([
      1,
      { images_not_taken: 1, ...tooLarge },
    ]);
  });

  test("is the whole question of both answers of a pair", async () => {
    const one = await asked(1, "What is this?", randomBytes(900), { reward_avg: 0.9 });
    const other = { ...(await asked(2, "What is this?", randomBytes(1), { reward_avg: -0.9 })) };
    await world.store(
      {
        ...one,
        assistant_output: "A ship.",
        messages: [...(one.messages ?? []).slice(0, 1), { role: "assistant", content: "A ship." }],
      },
      {
        ...other,
        parts: one.parts,
        messages: [...(one.messages ?? []).slice(0, 1), { role: "assistant", content: "No idea." }],
      },
    );
    const dataset = await build({ format: "dpo", min_reward: 0.5 });
    const [line = "{}"] = await world.linesOf(dataset, "train");
    const { input } = JSON.parse(line) as { input: { messages: { content: { text?: string }[] }[] } };
    expect(input.messages[0]?.content[0]?.text).toBe("What is this?");
  });

  test("is written while others are read: memory does not grow with their number", async () => {
    const pictures = Array.from({ length: 12 }, () => randomBytes(3_000_000));
    for (const [n, picture] of pictures.entries())
      await world.store(await asked(n, `What is picture ${n}?`, picture));
    let [held, most] = [0, 0];
    const { read, write } = world.files;
    // What was read of parts and is not in a file yet.
    world.files.read = (key, into) => {
      const content = read.call(world.files, key, into);
      if (!key.startsWith("episode-parts/")) return content;
      return (async function* () {
        for await (const piece of content) {
          held += piece.byteLength;
          most = Math.max(most, held);
          yield piece;
        }
      })();
    };
    world.files.write = (key, content) =>
      write.call(
        world.files,
        key,
        (async function* () {
          for await (const piece of content) {
            yield piece;
            if (/build_\d+\.jsonl$/.test(key)) held = Math.max(0, held - Math.floor((piece.length * 3) / 4));
          }
        })(),
      );
    const dataset = await build();
    expect(dataset.training_count).toBe(12);
    expect(most).toBeGreaterThan(3_000_000);
    expect(most).toBeLessThan(16_000_000);
  });
});
