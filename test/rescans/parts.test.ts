import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import type { Episode } from "../../src/episodes/contract.ts";
import { createEpisodeService } from "../../src/episodes/service.ts";
import type { Files } from "../../src/files/files.ts";
import { folderFiles } from "../../src/files/folder.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { textPointer } from "../../src/parts/pointer.ts";
import { createPartService } from "../../src/parts/service.ts";
import { createPrivacyService, RULES_KNOWN_MS } from "../../src/privacy/service.ts";
import { createRescanActivities } from "../../src/rescans/activities.ts";
import { createRescanService } from "../../src/rescans/service.ts";
import { openWorld, type World } from "../scenarios/world.ts";

const AGENT = "desk";
const RULE = { name: "Customer", pattern: "K-\\d{6}", pseudonym: false, enabled: true };
const BEGINNING = 2000;
/** The rule's value lies across the end of what an episode keeps of the text, and once more far behind it. */
const SPLIT = `${"a".repeat(BEGINNING - 4)}K-123456 and ${"b ".repeat(40_000)}K-123456 at the end`;
const PICTURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3, 0xff, ...Buffer.from("K-123456")]);
const sha256 = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("a re-scan of parts that lie in files", () => {
  let world: World;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into replies of every shape
  let rescan: any;
  let named: Record<"split" | "picture" | "orphan" | "table" | "clean", { sha256: string; pointer: string }>;
  const post = async (address: string, body: object, headers = {}) =>
    (await world.call("POST", address, { agent_id: AGENT, ...body }, headers)).body;
  const get = async (address: string) => (await world.call("GET", `${address}?agent_id=${AGENT}`)).body;
  const textOf = async (part: string) =>
    (await world.fetch(`/api/lightning/parts/${part}?agent_id=${AGENT}`)).text();
  const filesOf = async () =>
    (await world.app.files.list("episode-parts/")).map((key) => key.split("/").at(-1));

  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: AGENT });
    named = {
      split: await post("/parts", { text: SPLIT }),
      picture: await post("/parts", { data: PICTURE.toString("base64"), media_type: "image/png" }),
      table: await post("/parts", {
        data: Buffer.from("customer\nK-123456\n").toString("base64"),
        media_type: "text/csv",
      }),
      orphan: await post("/parts", { text: "nobody's K-654321" }),
      clean: await post("/parts", { text: "nothing to be found, whatever its hash holds" }),
    };
    const content = SPLIT.slice(0, BEGINNING) + named.split.pointer;
    for (const id of ["ep-0", "ep-1"])
      await post("/episodes", {
        id,
        user_input: content,
        assistant_output: "Done.",
        messages: [
          { role: "user", content },
          { role: "assistant", content: "Done." },
        ],
        metadata: {
          picture: `data:image/png;base64,${named.picture.pointer}`,
          table: `data:text/csv;base64,${named.table.pointer}`,
          clean: named.clean.pointer,
        },
        parts: [named.split.sha256, named.picture.sha256, named.table.sha256, named.clean.sha256],
      });
    await world.settle();
    // Digits of any hash are found by the second rule, where it is asked.
    await post("/redaction/rules", { rules: [RULE, { name: "Six", pattern: "[0-9]{6}[0-9a-f]*$" }] });
    rescan = await post("/redaction/rescans", {}, { prefer: "wait=3600" });
  });
  afterAll(() => world.close());

  it("looks through each file once, and tells it", () => {
    expect(rescan).toMatchObject({
      status: "finished",
      tallies: { episodes: { failed: 0 }, parts: { of: 5, read: 5, changed: 3, failed: 0 } },
      failures: [],
    });
    // Two in the long text, one in the table, one in what nobody names; in the episodes the beginning alone is looked at.
    expect(rescan.counts.customer).toBe(4);
  });

  it("points every episode at what the rules leave, of a text and of bytes that are text, and keeps the rest", async () => {
    for (const id of ["ep-0", "ep-1"]) {
      const episode = await get(`/episodes/${id}`);
      const [split, picture, table, clean] = episode.parts;
      expect([picture, clean]).toEqual([named.picture.sha256, named.clean.sha256]);
      const text = SPLIT.replaceAll("K-123456", "[REDACTED:customer]");
      expect(split).toBe(sha256(text));
      expect(sha256(await textOf(split))).toBe(split);
      const pointer = textPointer("a".repeat(BEGINNING - 4), { sha256: split, bytes: text.length });
      expect(episode.user_input).toBe(pointer);
      expect(episode.messages[0].content).toBe(pointer);
      expect(await textOf(table)).toBe("customer\n[REDACTED:customer]\n");
      expect(episode.metadata).toMatchObject({
        picture: `data:image/png;base64,${named.picture.pointer}`,
        table: `data:text/csv;base64,lightning-bytes:text/csv;29;${table}`,
        clean: named.clean.pointer,
      });
      expect(episode.redaction).toMatchObject({ rescan: rescan.rescan_id, counts: { customer: 3 } });
    }
  });

  it("leaves no file of before in which something is found, be it named or not", async () => {
    const files = await filesOf();
    for (const gone of [named.split, named.table, named.orphan]) expect(files).not.toContain(gone.sha256);
    expect(files).toHaveLength(4);
  });

  it("finds nothing when it runs again", async () => {
    expect(await post("/redaction/rescans", {}, { prefer: "wait=3600" })).toMatchObject({
      tallies: { episodes: { changed: 0 }, parts: { of: 4, read: 4, changed: 0 } },
    });
  });
});

describe("a re-scan of parts that is disturbed", () => {
  let home: string;
  let clock: VirtualClock;
  let ledger: Ledger;
  beforeEach(async () => {
    home = await fs.mkdtemp(path.join(os.tmpdir(), "rescan-parts-"));
    clock = new VirtualClock();
    ledger = openSqliteLedger({ file: ":memory:", clock });
  });
  afterEach(async () => {
    await ledger.close();
    await fs.rm(home, { recursive: true });
  });

  /** An episode whose part a rule finds something in, and the re-scan by it over files and a ledger that a test disturbs. */
  async function disturbed(disturb: {
    files?: (files: Files) => Files;
    ledger?: (ledger: Ledger) => Ledger;
  }) {
    const plain = folderFiles(path.join(home, "files"));
    const shared = { settings: readSettings({ LIGHTNING_HOME: home }), clock, logger: silentLogger, ledger };
    const { policyOf, ...privacy } = createPrivacyService(shared);
    const parts = createPartService({ ...shared, files: plain, policyOf });
    const episodes = createEpisodeService({ ...shared, parts, policyOf });
    const part = await parts.add(AGENT, { text: "for K-123456" });
    const record = (id: string) =>
      episodes.record([
        { id, agent_id: AGENT, user_input: part.pointer, assistant_output: "Done.", parts: [part.sha256] },
      ]);
    expect((await record("ep-0"))[0]?.status).toBe("recorded");
    await privacy.set(AGENT, { rules: [RULE] }, undefined);
    const files = disturb.files?.(plain) ?? plain;
    const { id } = await createRescanService({ ledger, files, clock, policyOf }).prepare(AGENT, undefined);
    const ref = { agent_id: AGENT, id };
    const steps = createRescanActivities({
      ...shared,
      ledger: disturb.ledger?.(ledger) ?? ledger,
      files,
      policyOf,
      rulesKnownMs: RULES_KNOWN_MS,
    });
    await steps.claimRescan({ ...ref, instance_id: id });
    const kept = async () => (await plain.list("episode-parts/")).map((key) => key.split("/").at(-1));
    const all = async () =>
      (await ledger.query<Episode>("episodes", { pk: [AGENT], limit: 100 })).items.map((one) => one.parts);
    return { ref, steps, record, kept, all, part, left: sha256("for [REDACTED:customer]") };
  }

  test("removes what is found in though it died between the episodes and the file", async () => {
    let deaths = 1;
    const { ref, steps, kept, all, part, left } = await disturbed({
      files: (files) => ({
        ...files,
        delete: async (key) => {
          if (deaths-- > 0) throw unavailable("disk_away", "away");
          return files.delete(key);
        },
      }),
    });
    await expect(steps.rescanPages(ref)).rejects.toThrow("away");
    expect(await kept()).toEqual(expect.arrayContaining([part.sha256, left]));
    expect((await steps.rescanPages(ref)).done).toBe(true);
    expect(await kept()).toEqual([left]);
    expect(await all()).toEqual([[left]]);
  });

  test("leaves no episode without its part that was recorded while the file was removed", async () => {
    const late: { record?: (id: string) => Promise<unknown> } = {};
    const { ref, steps, record, kept, all, left } = await disturbed({
      files: (files) => ({
        ...files,
        delete: async (key) => {
          await late.record?.("ep-late");
          return files.delete(key);
        },
      }),
    });
    late.record = record;
    expect((await steps.rescanPages(ref)).done).toBe(true);
    expect(await all()).toEqual([[left], [left]]);
    expect(await kept()).toEqual([left]);
  });

  test("loses nothing that is written to the episode meanwhile", async () => {
    let writes = 0;
    const { ref, steps, all, left } = await disturbed({
      ledger: (under) => ({
        ...under,
        patch: async (c, pk, id, operations, options) => {
          if (c === "episodes" && writes++ === 0)
            await under.patch(c, pk, id, [{ op: "set", field: "reward_count", value: 3 }]);
          return under.patch(c, pk, id, operations, options);
        },
      }),
    });
    await steps.rescanPages(ref);
    const episode = await ledger.read<Episode>("episodes", [AGENT, "ep-0"], "ep-0");
    expect(episode?.reward_count).toBe(3);
    expect(await all()).toEqual([[left]]);
  });

  test("names a file that is not what its name says, and goes on", async () => {
    const { ref, steps, kept, part } = await disturbed({
      files: (files) => ({
        ...files,
        async *read(key, into) {
          yield* key.endsWith(part.sha256) ? [Buffer.from("torn K-1")] : files.read(key, into);
        },
      }),
    });
    expect((await steps.rescanPages(ref)).done).toBe(true);
    const service = await ledger.read("pipelines", [AGENT], ref.id);
    expect(service).toMatchObject({
      tallies: { parts: { read: 1, changed: 0, failed: 1 } },
      failures: [`parts ${part.sha256}: The file is not what its name says, and was not looked through.`],
    });
    expect(await kept()).toEqual([part.sha256]);
  });
});
