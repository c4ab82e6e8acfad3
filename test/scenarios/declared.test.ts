import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { takesKey } from "../../src/doors/idempotency-key.ts";
import type { Operation } from "../../src/doors/operation.ts";
import { type Case, casesOf, ROWS } from "./idempotent-posts.ts";
import { golden } from "./storm-desk.ts";
import { declared, openWorld, type World } from "./world.ts";

/** What is declared and does not come in this sweep, and why; `row status` or `row status header`, as expressions. */
const NOT_SEEN: readonly (readonly [RegExp, string])[] = [
  [/ 401$/, "the host's, where keys are asked for: test/local-host"],
  [/ 421$/, "the host's, for a foreign name: test/local-host"],
  [/ 403$/, "roles are held by test/identity for every row"],
  [/ 413$/, "too long a query or body is refused for all rows in one place: test/surfaces/rest.test.ts"],
  [/ 503/, "a ledger that is away, to every row alike: below for those that read a record"],
  [/ 412$/, "of a change without If-Match: eight races lost one after the other, test/ledger"],
  [
    / (200|207) idempotent-replayed$/,
    "of answers that change nothing or are of many, test/scenarios/idempotency.test.ts",
  ],
  [
    /^(rescanEpisodes|takeUpRecords|reconcileDeployments) 409$/,
    "no other input: in progress alone, test/requests",
  ],
  [
    /^(assignReward|recordFeedback|recordEpisodes) (200|404)$/,
    "an episode that is not there, unless the reward waits: test/rewards",
  ],
  [/^(releaseReview|undoReview) 404$/, "the episode of a label is gone: test/review"],
  [/^listPairs 409$/, "an evaluation that is under way: test/evaluation"],
  [/^getOperationStatus (200|304) retry-after$/, "work that is under way: status-monitor.test.ts"],
  [/^rollback 202/, "a model that has to be made callable again: test/deployments"],
  [/ 500$/, "a fault of ours: test/surfaces/rest.test.ts"],
];

type Input = Readonly<Record<string, unknown>>;
const POSTS = ROWS.filter(({ rest }) => rest.method === "POST");
const GETS = ROWS.filter(({ rest }) => rest.method === "GET");
/** What the rows that take no key are asked. */
const READING: Readonly<Record<string, (ids: Readonly<Record<string, string>>) => Input>> = {
  estimateTraining: ({ dataset_id }) => ({ dataset_id }),
};
const inPath = ({ rest }: Operation) => [...rest.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);

describe("every reply is declared, and what is declared comes", () => {
  let isDown = false;
  let world: World;
  const ids: Record<string, string> = {};
  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: "storm-desk" }, { ledgerIsDown: () => isDown });
  });
  afterAll(() => world.close());

  /** A row's address with what its path names taken out of the input. */
  function addressOf(row: Operation, given: Input): { address: string; rest: Input } {
    const rest = { ...given };
    const address = row.rest.path.replaceAll(/\{(\w+)\}/g, (_, field: string) => {
      const value = String(rest[field]);
      delete rest[field];
      return encodeURIComponent(value);
    });
    return { address, rest };
  }
  async function call(name: string, given: Input, headers: Record<string, string> = {}) {
    const row = ROWS.find((one) => one.name === name) as Operation;
    const { prefer = "wait=200", ...input } = given;
    const { address, rest } = addressOf(row, input);
    const reply = await world.call("POST", address, rest, { prefer: String(prefer), ...headers });
    for (const [field, value] of Object.entries(reply.body ?? {}))
      if (typeof value === "string" && /^(\w+_)?id$|^sha256$/.test(field)) ids[field] ??= value;
    return reply;
  }
  /** Of a GET: its answer as the door gives it. */
  async function get(
    row: Operation,
    given: Input = {},
    headers: Record<string, string> = {},
    method = "GET",
  ) {
    const { address, rest } = addressOf(row, { ...ids, split: "train", format: "golden", ...given });
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(rest)) if (name in given) query.set(name, String(value));
    const response = await world.fetch(`/api/lightning${address}?${query.toString()}`, { method, headers });
    await response.arrayBuffer();
    return response;
  }
  const cases = casesOf(call, () => world);

  it.each(POSTS.map((row) => [row.name, row] as const))("%s", async (name, row) => {
    const made: Case | undefined = await cases[name]?.(1);
    const { input, other } = made ?? { input: READING[name]?.(ids) ?? row.example, other: undefined };
    const key = { "idempotency-key": `${name}-1` };
    const first = await call(name, input, key);
    expect([name, first.status < 300 || made === undefined, first.body]).toEqual([name, true, first.body]);
    await call(name, input, key);
    if (other !== undefined) expect((await call(name, other, key)).status).toBe(409);
    // Each in its own way cannot be read or is refused.
    const { address } = addressOf(row, { ...ids, ...input });
    const post = (body: string, headers: Record<string, string>) =>
      world.call("POST", address, body, headers);
    const json = { "content-type": "application/json" };
    expect((await post("{", json)).status).toBe(400);
    expect((await post("<a/>", { "content-type": "text/xml" })).status).toBe(415);
    expect((await post('{"no_such_field":1}', json)).status).toBe(422);
    if (row.answers?.changes !== undefined)
      expect((await call(name, input, { "if-match": '"of another state"' })).status).toBe(412);
    if (row.answers?.later !== undefined) {
      const again = (await cases[name]?.(2)) ?? { input };
      const waiting = await call(name, { ...again.input, prefer: "wait=0" });
      expect(waiting.status).toBeLessThan(300);
    }
    if (name !== "recordEpisodes")
      for (const field of Object.keys(row.input.shape).filter(
        (one) => /(^|_)id$/.test(one) && one !== "agent_id",
      ))
        await call(name, { ...input, [field]: "there-is-none" });
    if ("include_golden" in row.input.shape)
      await call(name, { ...input, include_golden: ["there-is-none"] });
  });

  it("there is something to show", async () => {
    await call("promote", { run_id: ids.run_id, override_reason: "a test" });
    Object.assign(ids, { kind: "runs", id: ids.run_id, hash: "1" });
    await call("assignReward", { response_id: "comes-later", value: 1 });
    await call("recordFeedback", { response_id: "comes-later", thumbs: "up" });
    const { episode_id } = ids;
    for (let n = 0; n < 2; n++) {
      await call("assignReward", { episode_id, value: 1, source: "eval_score" });
      await call("recordEpisodes", { id: "ep-twice", user_input: "Hello", assistant_output: "Hi." });
    }
    const signed = await world.call("GET", `/datasets/${ids.dataset_id}/examples?manifest=true`);
    expect((await call("verifyAnswer", { answer: signed.body })).status).toBe(200);
    await call("recordEpisodes", { episodes: [{ user_input: "Hello", assistant_output: "Hi." }] });
  });

  it.each(GETS.map((row) => [row.name, row] as const))("%s", async (name, row) => {
    const response = await get(row);
    const etag = response.headers.get("etag");
    if (response.ok) {
      expect(etag).toMatch(/^"[^"]+"$/);
      const head = await get(row, {}, {}, "HEAD");
      expect([head.status, await head.text()]).toEqual([response.status, ""]);
      expect((await get(row, {}, { "if-match": '"none"' })).status).toBe(412);
    }
    expect((await get(row, { no_such_field: 1 })).status).toBe(422);
    await get(row, {}, { "if-none-match": "*" });
    for (const field of inPath(row))
      await get(row, { [field]: field === "sha256" ? "0".repeat(64) : "there-is-none" });
    if (name === "getLineage") await get(row, { id: "run-none" });
    if ("continuation" in row.input.shape) expect((await get(row, { continuation: "x" })).status).toBe(400);
    if (row.answers?.file !== undefined) {
      expect((await get(row, {}, { range: "bytes=0-3" })).status).toBe(206);
      expect((await get(row, {}, { range: "bytes=999999999-" })).status).toBe(416);
    }
    expect(name).toBe(row.name);
  });

  it("a dataset whose build was cancelled has no files", async () => {
    const begun = await call("buildGoldenDataset", {
      name: "late",
      content: golden(9000, 20),
      prefer: "wait=0",
    });
    const { dataset_id } = begun.body;
    await call("cancelDataset", { dataset_id });
    await world.settle();
    const file = GETS.find((row) => row.name === "getDatasetFile") as Operation;
    expect((await get(file, { dataset_id })).status).toBe(409);
    expect((await call("estimateTraining", { dataset_id })).status).toBe(409);
  });

  it("a ledger that is away, and too many requests", async () => {
    for (const limited of [false, true]) {
      if (limited)
        await world.restart({
          LIGHTNING_READS_PER_MINUTE: "1",
          LIGHTNING_WRITES_PER_MINUTE: "1",
          LIGHTNING_WORK_PER_MINUTE: "1",
        });
      isDown = !limited;
      const came = new Set<number>();
      for (const row of GETS) for (let n = 0; n < 2; n++) came.add((await get(row)).status);
      for (const row of POSTS)
        for (let n = 0; n < 2; n++)
          came.add((await call(row.name, { ...row.example, ...onlyOf(row, ids), prefer: "wait=0" })).status);
      isDown = false;
      expect([...came]).toContain(limited ? 429 : 503);
    }
  });

  it("what is declared has come, but for what is listed with its reason", () => {
    const unseen = declared().unseen();
    expect(unseen.filter((one) => !NOT_SEEN.some(([what]) => what.test(one)))).toEqual([]);
    // A reason goes when what it excuses comes.
    const idle = NOT_SEEN.filter(([what]) => !unseen.some((one) => what.test(one)));
    expect(idle).toEqual([]);
  });
});

const onlyOf = (row: Operation, some: Input): Input =>
  Object.fromEntries(Object.entries(some).filter(([name]) => name in row.input.shape && takesKey(row)));
