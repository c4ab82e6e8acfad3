import { createHash } from "node:crypto";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import OpenAI from "openai";
import { wrapOpenAI } from "../../src/capture/wrap-openai.ts";
import { readSettings } from "../../src/config/settings.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { createSdk, type Sdk } from "../../src/sdk/sdk.ts";
import { cliAgainst } from "../surfaces/cli-harness.ts";
import { loopback } from "../surfaces/loopback.ts";
import { openWorld, type World } from "./world.ts";

const agent_id = "looks-at-pictures";
const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
/** Bytes that no two of which are alike, and that are no text. */
const bytes = (count: number, seed: number): Buffer => {
  const blocks = Array.from({ length: Math.ceil(count / 32) }, (_, i) =>
    createHash("sha256").update(`${seed} ${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, count);
};
/** Long texts by their hash: a difference of megabytes is not to be shown. */
const short = (text: string) => `${text.length} ${sha256(text)}`;
const made = (n: number) => Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), bytes(300_000, n)]);
const pngs = new Map<number, Buffer>();
const png = (n: number): Buffer => {
  const known = pngs.get(n) ?? made(n);
  pngs.set(n, known);
  return known;
};
const dataUrl = (n: number) => `data:image/png;base64,${png(n).toString("base64")}`;
const SECRET = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD";
const report = (n: number) =>
  `Report ${n}. ${"The harbour was quiet all night. ".repeat(3000)} The key is ${SECRET}.`;
const answer = (n: number) => `Answer ${n}: ${"three ships, one crane, and fog. ".repeat(2500)}`;

describe("an agent that is shown large pictures and long texts", () => {
  let world: World;
  let door: Awaited<ReturnType<typeof loopback>>;
  let sdk: Sdk;
  let episodes: string[];
  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: agent_id });
    door = await loopback(world.app.operations, { clock: world.clock });
    sdk = createSdk({
      clock: world.clock,
      logger: silentLogger,
      settings: readSettings({
        ENABLE_LIGHTNING_CAPTURE: "true",
        LIGHTNING_AGENT_ID: agent_id,
        LIGHTNING_ENDPOINT: door.url,
        LIGHTNING_HOME: path.join(world.home, "agent"),
      }),
    });
    let asked = 0;
    const client = wrapOpenAI(
      sdk.captureHook,
      new OpenAI({
        apiKey: "none",
        fetch: async () => {
          const choices = [
            { index: 0, message: { role: "assistant", content: answer(asked++) }, finish_reason: "stop" },
          ];
          return Response.json({
            id: `chatcmpl-${asked}`,
            object: "chat.completion",
            model: "gpt-4o",
            choices,
          });
        },
      }),
    );
    for (let n = 0; n < 12; n++)
      await client.chat.completions.create({
        model: "gpt-4o",
        messages: [
          { role: "system", content: "You describe harbours." },
          {
            role: "user",
            content: [
              { type: "text", text: report(n) },
              { type: "image_url", image_url: { url: dataUrl(n), detail: "low" } },
              { type: "image_url", image_url: { url: dataUrl(99), detail: "low" } },
            ],
          },
        ],
      });
    await sdk.captureHook.flush();
    const { body } = await world.call("GET", `/episodes?agent_id=${agent_id}`);
    const order = (one: { assistant_output: string }) =>
      Number(/^Answer (\d+)/.exec(one.assistant_output)?.[1]);
    const listed = body.episodes as { id: string; assistant_output: string }[];
    episodes = listed.toSorted((a, b) => order(a) - order(b)).map(({ id }) => id);
    for (const episode_id of episodes)
      await world.call("POST", "/rewards", { agent_id, episode_id, source: "human_approval", value: 1 });
    await world.settle();
  });
  afterAll(async () => {
    await sdk.close();
    await door.stop();
    await world.close();
  });

  it("has them in files, each once, and pointers in its episodes, of which nothing was cut", async () => {
    expect(sdk.captureHook.stats()).toMatchObject({
      captured: 12,
      sent: 12,
      queued: 0,
      rejected: 0,
      dropped: 0,
    });
    const { body } = await world.call("GET", `/episodes/${episodes[3]}?agent_id=${agent_id}`);
    expect(body.truncated).toBeUndefined();
    expect(JSON.stringify(body).length).toBeLessThan(20_000);
    const [, question, said] = body.messages;
    const clean = report(3).replace(SECRET, "[REDACTED:api_key]");
    const ofText = question.content[0].text as string;
    expect(ofText.startsWith("Report 3. The harbour was quiet")).toBe(true);
    const [, mark] = /\[REDACTED:(\w+)\]/.exec((await partText(ofText)) ?? "") ?? [];
    expect(mark).toBeDefined();
    expect(ofText).toMatch(/\.\.\.lightning-text:\d+;[0-9a-f]{64}$/);
    expect(short(await partText(ofText))).toBe(short(clean.replace("api_key", mark as string)));
    expect(question.content[1].image_url.url).toBe(
      `data:image/png;base64,lightning-bytes:image/png;300008;${sha256(png(3))}`,
    );
    // Said twice, kept once.
    expect(said.content).toBe(body.assistant_output);
    expect(said.content.endsWith(`lightning-text:${answer(3).length};${sha256(answer(3))}`)).toBe(true);
    expect(new Set(body.parts)).toEqual(
      new Set([sha256(png(3)), sha256(png(99)), sha256(answer(3)), /;(\w{64})$/.exec(ofText)?.[1]]),
    );
    // The picture that every call showed was sent once.
    expect(door.requests.filter((one) => one.endsWith("/parts"))).toHaveLength(3 * 12 + 1);
  });
  const partText = async (pointer: string) => {
    const response = await world.fetch(
      `/api/lightning/parts/${/\w{64}$/.exec(pointer)?.[0]}?agent_id=${agent_id}`,
    );
    return response.text();
  };

  it("is found by a part", async () => {
    const found = async (part: string) =>
      (await world.call("GET", `/episodes?agent_id=${agent_id}&part=${part}`)).body.episodes_found;
    expect([await found(sha256(png(3))), await found(sha256(png(99))), await found(sha256("no"))]).toEqual([
      1, 12, 0,
    ]);
  });

  it("has parts that are bytes to a browser, and nobody else's agent's", async () => {
    const response = await world.fetch(`/api/lightning/parts/${sha256(png(3))}?agent_id=${agent_id}`);
    expect(Buffer.from(await response.arrayBuffer()).equals(png(3))).toBe(true);
    const headers = ["content-type", "x-content-type-options", "content-disposition"];
    expect(headers.map((name) => response.headers.get(name))).toEqual([
      "application/octet-stream",
      "nosniff",
      `attachment; filename="${sha256(png(3))}.bin"`,
    ]);
    const other = await world.call("GET", `/parts/${sha256(png(3))}?agent_id=another`);
    expect([other.status, other.body.error.code]).toEqual([404, "part_not_found"]);
  });

  it("is shown its parts on the command line and over MCP", async () => {
    const run = cliAgainst(world.app.operations, door.url);
    const shown = await run("show-part", "--sha256", sha256(answer(3)), "--agent-id", agent_id, "--json");
    const { text, ...facts } = JSON.parse(shown.out);
    expect(short(text)).toBe(short(answer(3)));
    expect(facts).toEqual({ sha256: sha256(answer(3)), bytes: answer(3).length, shown: true });
    const all = await run("show-episode", "--episode-id", episodes[3] as string, "--agent-id", agent_id);
    expect([all.code, all.out.includes(sha256(answer(3))), all.out.includes("...lightning-text:")]).toEqual([
      0,
      true,
      true,
    ]);
    const response = await fetch(`${door.url}/api/mcp`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "lightning_get_part", arguments: { agent_id, sha256: sha256(answer(3)) } },
      }),
    });
    expect((await response.text()).includes("three ships, one crane")).toBe(true);
  });

  it("learns from what was captured: the lines hold pictures and texts again, redacted", async () => {
    const build = { agent_id, name: "harbours", train_split: 1, near_duplicates: 1 };
    const { body: dataset } = await world.call("POST", "/datasets", build, { prefer: "wait=200" });
    expect(dataset).toMatchObject({ status: "ready", training_count: 12 });
    expect(dataset.dropped ?? {}).toEqual({});
    const file = await world.fetch(
      `/api/lightning/datasets/${dataset.dataset_id}/files/train?agent_id=${agent_id}`,
    );
    const lines = (await file.text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(12);
    for (const { messages } of lines) {
      const [, question, said] = messages;
      const n = Number(/^Answer (\d+)/.exec(said.content)?.[1]);
      expect(short(said.content)).toBe(short(answer(n)));
      expect(question.content[0].text.includes(SECRET)).toBe(false);
      expect(short(question.content[0].text.replace(/\[REDACTED:\w+\]/, SECRET))).toBe(short(report(n)));
      expect(
        question.content.slice(1).map((part: { image_url: { url: string } }) => short(part.image_url.url)),
      ).toEqual([short(dataUrl(n)), short(dataUrl(99))]);
    }
  });

  it("leaves out, and counts, an episode of which a part is gone", async () => {
    const key = (await world.app.files.list("episode-parts/")).find((one) => one.endsWith(sha256(png(5))));
    await world.app.files.delete(key as string);
    const build = { agent_id, name: "without one", train_split: 1, near_duplicates: 1 };
    const { body: dataset } = await world.call("POST", "/datasets", build, { prefer: "wait=200" });
    expect(dataset).toMatchObject({ status: "ready", training_count: 11, dropped: { part_missing: 1 } });
  });
});
