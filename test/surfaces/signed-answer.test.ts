import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type App, createApp } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { Deployment } from "../../src/deployments/contract.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { canonicalJson, sha256 } from "../../src/kernel/hashing.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { cliAgainst } from "./cli-harness.ts";
import { loopback } from "./loopback.ts";

const clock = new VirtualClock();
let ledger: Ledger;
let app: App;
let door: Awaited<ReturnType<typeof loopback>>;
beforeAll(async () => {
  ledger = openSqliteLedger({ file: ":memory:", clock });
  app = createApp({ settings: readSettings({}), clock, logger: silentLogger, ledger });
  door = await loopback(app.operations);
  const episodes = [1, 2].map((n) => ({
    id: `ep-${n}`,
    user_input: "wer ist da? 🦊",
    assistant_output: "ich",
  }));
  await ask("POST", "/episodes", { episodes });
});
afterAll(async () => {
  await door.stop();
  await app.close();
});

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  readonly body: any;
}
async function ask(method: string, path: string, body?: unknown, at = door.url): Promise<Answer> {
  const response = await fetch(`${at}/api/lightning${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}
const verify = (answer: unknown, at?: string) => ask("POST", "/lineage/verify", { answer }, at);
const refused = (code: string) => ({ status: 422, body: { error: { code } } });
const signedTrace = async () => (await ask("GET", "/lineage/episodes/ep-1?manifest=true")).body;

describe("an answer that was asked for with its manifest", () => {
  test("carries its hash, what was asked and when; without the wish it is as ever", async () => {
    const { manifest, ...answer } = await signedTrace();
    expect(answer).toEqual((await ask("GET", "/lineage/episodes/ep-1")).body);
    expect(manifest).toEqual({
      version: 1,
      operation: "traceEpisode",
      asked: { agent_id: "mcp-agents", episode_id: "ep-1" },
      made_at: new Date(clock.now()).toISOString(),
      sha256: sha256(canonicalJson(answer)),
      signature: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test("is recognised later, by every instance on the ledger, also with its members in another order", async () => {
    const kept = await signedTrace();
    expect(await verify(kept)).toEqual({ status: 200, body: { valid: true, manifest: kept.manifest } });
    const reordered = Object.fromEntries(Object.entries(kept as object).toReversed());
    const other = createApp({ settings: readSettings({}), clock, logger: silentLogger, ledger });
    const otherDoor = await loopback(other.operations);
    expect(await verify(reordered, otherDoor.url)).toMatchObject({ status: 200, body: { valid: true } });
    await otherDoor.stop();
  });

  test("is refused when anything in it was changed, added or lost", async () => {
    const kept = await signedTrace();
    for (const altered of [
      { ...kept, live_models: ["better"] },
      { ...kept, note: 1 },
      { ...kept, episode: { ...kept.episode, created_at: "2020-01-01T00:00:00.000Z" } },
      Object.fromEntries(Object.entries(kept as object).filter(([name]) => name !== "rewards")),
      { ...(await ask("GET", "/lineage/episodes/ep-2")).body, manifest: kept.manifest },
    ])
      expect(await verify(altered)).toMatchObject(refused("answer_altered"));
  });

  test("is refused when its manifest was changed, whatever the hash in it says", async () => {
    const kept = await signedTrace();
    const forged = { ...kept, live_models: ["better"] };
    const { manifest, ...content } = forged;
    const fitting = { ...manifest, sha256: sha256(canonicalJson(content)) };
    for (const altered of [
      fitting,
      { ...manifest, signature: "" },
      { ...manifest, operation: "getLineage" },
      { ...manifest, made_at: "2020-01-01T00:00:00.000Z" },
      { ...manifest, asked: { ...manifest.asked, agent_id: "other" } },
    ])
      expect(await verify({ ...forged, manifest: altered })).toMatchObject(refused("manifest_altered"));
    await fc.assert(
      fc.asyncProperty(fc.nat(63), fc.constantFrom("0", "7", "a", "f", "A", "Z"), async (at, digit) => {
        const signature = kept.manifest.signature as string;
        fc.pre(signature[at] !== digit);
        const other = signature.slice(0, at) + digit + signature.slice(at + 1);
        const answer = { ...kept, manifest: { ...kept.manifest, signature: other } };
        expect(await verify(answer)).toMatchObject(refused("manifest_altered"));
      }),
      { numRuns: 20 },
    );
  });

  test("is not taken from an installation with another key, nor without a manifest", async () => {
    const kept = await signedTrace();
    const elsewhere = createApp({
      settings: readSettings({}),
      clock,
      logger: silentLogger,
      ledger: openSqliteLedger({ file: ":memory:", clock }),
    });
    const otherDoor = await loopback(elsewhere.operations);
    expect(await verify(kept, otherDoor.url)).toMatchObject(refused("manifest_altered"));
    await otherDoor.stop();
    await elsewhere.close();
    const { manifest: _gone, ...bare } = kept;
    expect(await verify(bare)).toMatchObject(refused("invalid_input"));
  });

  test("holds for a page of a list, its signed continuation included", async () => {
    for (const n of [1, 2])
      await ledger.create<Deployment>("deployments", {
        id: `dep-${n}`,
        type: "deployment",
        agent_id: "mcp-agents",
        training_run_id: `run-${n}`,
        tuned_model_name: "ft:1",
        deployment_name: "ft:1",
        state: "ready",
        created_at: `2026-06-0${n}T00:00:00.000Z`,
      });
    const { body } = await ask("GET", "/lineage?manifest=true&limit=1");
    expect(body).toMatchObject({ deployments_found: 1, continuation: expect.any(String) });
    expect(await verify(body)).toMatchObject({ status: 200 });
    const next = `/lineage?manifest=true&limit=1&continuation=${encodeURIComponent(body.continuation)}`;
    const { body: second } = await ask("GET", next);
    expect(second.manifest.asked.continuation).toBe(body.continuation);
    expect(await verify(second)).toMatchObject({ status: 200 });
  });

  test("is written and checked on the command line", async () => {
    const lightning = cliAgainst(app.operations, door.url);
    const { out } = await lightning("trace", "--episode-id", "ep-1", "--manifest", "--json");
    const files = { "kept.json": out, "forged.json": out.replace("ep-1", "ep-2"), "broken.json": "{" };
    const checking = cliAgainst(app.operations, door.url, { files });
    const fine = await checking("verify-answer", "--file", "kept.json");
    expect([fine.code, fine.out]).toEqual([0, expect.stringContaining("as it was signed")]);
    const forged = await checking("verify-answer", "--file", "forged.json");
    expect([forged.code, forged.err]).toEqual([1, expect.stringContaining("hash differs")]);
    expect((await checking("verify-answer", "--file", "broken.json")).code).toBe(2);
    const told = await lightning("trace", "--episode-id", "ep-1", "--manifest");
    expect(told.out).toContain("--json shows the answer to be kept");
  });
});

test("every row of lineage can be asked for its manifest", () => {
  const rows = app.operations.filter(({ input }) => "manifest" in input.shape).map(({ name }) => name);
  expect(rows).toEqual(["listExamples", "explainExample", "getLineage", "getLineageOf", "traceEpisode"]);
});
