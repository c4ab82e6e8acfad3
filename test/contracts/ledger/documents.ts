import { expect } from "@jest/globals";
import { bare, type LedgerDocument } from "../../../src/ledger/ledger.ts";
import type { Promised } from "../ledger.ts";
import { episode, expectRefusal, reward, run, type Sample, someAgent } from "./samples.ts";

/** Single documents, etags, batches and bulk. */
export function documentTests(promised: Promised): void {
  promised(
    "answers what was created, with an etag and the second of the write",
    async ({ ledger, clock }) => {
      const agent = someAgent();
      const document = episode(agent, "e1", {
        text: "Grüße 👋 \u0000 \n",
        list: [1, { deep: null }],
        empty: {},
      });
      const created = await ledger.create("episodes", document);
      expect(bare(created)).toEqual(document);
      expect(created).toMatchObject({ _ts: Math.floor(clock.now() / 1000) });
      const read = await ledger.read<Sample>("episodes", [agent, "e1"], "e1");
      expect(read).toEqual(created);
      expect(Object.keys(read ?? {})).not.toContain("_rid");
    },
  );

  promised("answers undefined for a document that is missing or in another partition", async ({ ledger }) => {
    const agent = someAgent();
    await ledger.create("runs", run(agent, "r1"));
    expect(await ledger.read("runs", [agent], "r2")).toBeUndefined();
    expect(await ledger.read("runs", [someAgent()], "r1")).toBeUndefined();
  });

  promised("refuses a second document of one id in a partition, not in another", async ({ ledger }) => {
    const [agent, other] = [someAgent(), someAgent()];
    await ledger.create("runs", run(agent, "r1", { note: "first" }));
    await expectRefusal(ledger.create("runs", run(agent, "r1")), "conflict", "document_exists");
    await ledger.create("runs", run(other, "r1"));
    expect(await ledger.read("runs", [agent], "r1")).toMatchObject({ note: "first" });
  });

  promised("gives a new etag with each write", async ({ ledger }) => {
    const agent = someAgent();
    const document = run(agent, "r1");
    const etags: string[] = [];
    const note = ({ _etag: etag }: { _etag: string }) => etags.push(etag);
    note(await ledger.create("runs", document));
    note(await ledger.upsert("runs", document));
    note(await ledger.replace("runs", document));
    note(await ledger.patch("runs", [agent], "r1", [{ op: "set", field: "status", value: "running" }]));
    await ledger.batch("runs", [agent], [{ op: "replace", document }]);
    const read = await ledger.read<Sample>("runs", [agent], "r1");
    if (read !== undefined) note(read);
    await ledger.delete("runs", [agent], "r1");
    note(await ledger.create("runs", document));
    expect(etags).toHaveLength(6);
    expect(new Set(etags).size).toBe(6);
  });

  promised("upserts a document that is missing and one that is there", async ({ ledger }) => {
    const agent = someAgent();
    await ledger.upsert("runs", run(agent, "r1", { old: true }));
    await ledger.upsert("runs", run(agent, "r1", { status: "succeeded" }));
    const read = await ledger.read<Sample>("runs", [agent], "r1");
    expect(read).toMatchObject({ status: "succeeded" });
    expect(read).not.toHaveProperty("old");
  });

  promised("refuses to replace, patch or delete what is missing", async ({ ledger }) => {
    const agent = someAgent();
    const missing = ["not_found", "document_missing"] as const;
    await expectRefusal(ledger.replace("runs", run(agent, "r1")), ...missing);
    await expectRefusal(
      ledger.patch("runs", [agent], "r1", [{ op: "set", field: "a", value: 1 }]),
      ...missing,
    );
    await expectRefusal(ledger.delete("runs", [agent], "r1"), ...missing);
    expect(await ledger.count("runs", { pk: [agent] })).toBe(0);
  });

  promised("refuses every write that names an older version", async ({ ledger }) => {
    const agent = someAgent();
    const { _etag: stale } = await ledger.create("runs", run(agent, "r1"));
    const { _etag: fresh } = await ledger.replace("runs", run(agent, "r1", { n: 2 }), { ifMatch: stale });
    const mismatch = ["precondition", "etag_mismatch"] as const;
    const ifMatch = stale;
    const set = [{ op: "set", field: "n", value: 3 }] as const;
    await expectRefusal(ledger.replace("runs", run(agent, "r1"), { ifMatch }), ...mismatch);
    await expectRefusal(ledger.upsert("runs", run(agent, "r1"), { ifMatch }), ...mismatch);
    await expectRefusal(ledger.upsert("runs", run(agent, "missing"), { ifMatch }), ...mismatch);
    await expectRefusal(ledger.patch("runs", [agent], "r1", set, { ifMatch }), ...mismatch);
    await expectRefusal(ledger.delete("runs", [agent], "r1", { ifMatch }), ...mismatch);
    expect(await ledger.read("runs", [agent], "r1")).toMatchObject({ n: 2, _etag: fresh });
    await ledger.delete("runs", [agent], "r1", { ifMatch: fresh });
  });

  promised("lets one of many racing replaces with the same etag win", async ({ ledger }) => {
    const agent = someAgent();
    const { _etag: ifMatch } = await ledger.create("runs", run(agent, "r1"));
    const race = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) => ledger.replace("runs", run(agent, "r1", { n }), { ifMatch })),
    );
    const winners = race.flatMap((end, n) => (end.status === "fulfilled" ? [n] : []));
    expect(winners).toHaveLength(1);
    expect(race.filter((end) => end.status === "rejected" && end.reason.kind !== "precondition")).toEqual([]);
    expect(await ledger.read("runs", [agent], "r1")).toMatchObject({ n: winners[0] });
  });

  promised("lets one of many racing creates win", async ({ ledger }) => {
    const agent = someAgent();
    const race = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) => ledger.create("runs", run(agent, "r1", { n }))),
    );
    expect(race.filter((end) => end.status === "fulfilled")).toHaveLength(1);
  });

  promised("patches the fields it names and no others", async ({ ledger }) => {
    const agent = someAgent();
    await ledger.create("runs", run(agent, "r1", { keep: 1, drop: 2 }));
    const patched = await ledger.patch<Sample>("runs", [agent], "r1", [
      { op: "set", field: "status", value: "running" },
      { op: "set", field: "constructor", value: { a: [null] } },
      { op: "remove", field: "drop" },
      { op: "remove", field: "never_there" },
    ]);
    expect(bare(patched)).toEqual(
      run(agent, "r1", { keep: 1, status: "running", constructor: { a: [null] } }),
    );
    expect(await ledger.read("runs", [agent], "r1")).toEqual(patched);
  });

  promised("stores a batch whole: a pointer and its event change together", async ({ ledger }) => {
    const agent = someAgent();
    const pointer = (target: string) => run(agent, "active", { type: "pointer", target });
    const { _etag: ifMatch } = await ledger.create("deployments", pointer("a"));
    const promote = (target: string) =>
      ledger.batch(
        "deployments",
        [agent],
        [
          { op: "replace", document: pointer(target), ifMatch },
          { op: "create", document: run(agent, `event-${target}`) },
        ],
      );
    const race = await Promise.allSettled(["b", "c", "d"].map(promote));
    expect(race.map((end) => end.status).toSorted()).toEqual(["fulfilled", "rejected", "rejected"]);
    const winner = ["b", "c", "d"][race.findIndex((end) => end.status === "fulfilled")];
    expect(await ledger.read("deployments", [agent], "active")).toMatchObject({ target: winner });
    const { items } = await ledger.query("deployments", { pk: [agent], limit: 10 });
    expect(items.map(({ id }) => id)).toEqual(["active", `event-${winner}`]);
  });

  promised("stores nothing of a batch in which one operation fails", async ({ ledger }) => {
    const agent = someAgent();
    await ledger.create("runs", run(agent, "there"));
    const failing = ledger.batch(
      "runs",
      [agent],
      [
        { op: "create", document: run(agent, "new") },
        { op: "delete", id: "there" },
        { op: "upsert", document: run(agent, "new", { n: 2 }) },
        { op: "delete", id: "missing" },
      ],
    );
    // Neighbours in the same turn are not drawn into it.
    const neighbour = ledger.create("runs", run(agent, "neighbour"));
    await expectRefusal(failing, "not_found", "document_missing");
    await neighbour;
    const { items } = await ledger.query("runs", { pk: [agent], limit: 10 });
    expect(items.map(({ id }) => id)).toEqual(["neighbour", "there"]);
  });

  promised("promises no batch on containers with a hierarchical key", async ({ ledger }) => {
    const agent = someAgent();
    const batch = ledger.batch("episodes", [agent, "e1"], [{ op: "create", document: episode(agent, "e1") }]);
    await expectRefusal(batch, "invalid", "batch_not_promised");
  });

  promised("answers bulk writes one by one, in their order", async ({ ledger }) => {
    const agent = someAgent();
    await ledger.create("episodes", episode(agent, "e1"));
    const documents: LedgerDocument[] = [
      ...Array.from({ length: 250 }, (_, n) => episode(agent, `e${n}`)),
      episode(agent, "bad/id"),
      episode(someAgent(), "elsewhere"),
    ];
    const results = await ledger.bulk("episodes", "create", documents);
    expect(results).toHaveLength(252);
    const faults = results.flatMap((result, n) =>
      result.ok ? [] : [[n, (result.error as Error & { code: string }).code]],
    );
    expect(faults).toEqual([
      [1, "document_exists"],
      [250, "bad_id"],
    ]);
    const [first] = results;
    const read = await ledger.read<Sample>("episodes", [agent, "e0"], "e0");
    expect(first).toEqual({ ok: true, etag: read?._etag });
    const again = await ledger.bulk("episodes", "upsert", documents.slice(0, 3));
    expect(again.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(await ledger.count("episodes", { pk: [agent] })).toBe(250);
    expect(await ledger.bulk("episodes", "create", [])).toEqual([]);
  });

  promised("keeps what was handed over, not what the caller makes of it later", async ({ ledger }) => {
    const agent = someAgent();
    const nested = { value: 1 };
    const writing = ledger.create("runs", run(agent, "r1", { nested }));
    nested.value = 2;
    const stored = await writing;
    (stored.nested as { value: number }).value = 3;
    expect(await ledger.read("runs", [agent], "r1")).toMatchObject({ nested: { value: 1 } });
    const change = { value: 4 };
    const patching = ledger.patch("runs", [agent], "r1", [{ op: "set", field: "nested", value: change }]);
    change.value = 5;
    expect(await patching).toMatchObject({ nested: { value: 4 } });
  });

  promised(
    "sets its own fields itself, whatever a document read before carries",
    async ({ ledger, clock }) => {
      const agent = someAgent();
      const first = await ledger.create("runs", run(agent, "r1"));
      clock.advance(5_000);
      const second = await ledger.replace("runs", first);
      expect(second).not.toMatchObject({ _etag: first._etag });
      expect(second._ts).toBe(first._ts + 5);
    },
  );

  promised("keeps the documents of one hierarchical key apart from another's", async ({ ledger }) => {
    const agent = someAgent();
    await ledger.create("rewards", reward(agent, "e1", "r1"));
    await ledger.create("rewards", reward(agent, "e2", "r1", { value: -1 }));
    await ledger.delete("rewards", [agent, "e1"], "r1");
    expect(await ledger.read("rewards", [agent, "e1"], "r1")).toBeUndefined();
    expect(await ledger.read("rewards", [agent, "e2"], "r1")).toMatchObject({ value: -1 });
  });

  promised("answers a ping", async ({ ledger }) => {
    await expect(ledger.ping()).resolves.toBeUndefined();
  });
}
