import { expect } from "@jest/globals";
import type { BatchOperation, LedgerDocument, PatchOperation } from "../../../src/ledger/ledger.ts";
import { LIMITS } from "../../../src/ledger/limits.ts";
import type { Promised } from "../ledger.ts";
import { episode, expectRefusal, run, type Sample, someAgent } from "./samples.ts";

const bytesOf = (document: object) => Buffer.byteLength(JSON.stringify(document));
/** A document of exactly that many bytes, half of them in characters of two bytes. */
function sized(agent: string, id: string, bytes: number): Sample {
  const rest = bytes - bytesOf(run(agent, id, { text: "" }));
  return run(agent, id, { text: "ü".repeat(rest >> 1) + "x".repeat(rest & 1) });
}

const sets = (count: number): PatchOperation[] =>
  Array.from({ length: count }, (_, n) => ({ op: "set", field: `f${n}`, value: n }));

/** The limits of Cosmos DB hold everywhere: what is stored on a laptop can be stored in Azure. */
export function limitTests(promised: Promised): void {
  promised("takes a document of almost 2 MB and refuses one byte more", async ({ ledger }) => {
    const agent = someAgent();
    const largest = sized(agent, "r1", LIMITS.itemBytes);
    // What the adapters and the service add has to fit beside it.
    expect(bytesOf(largest)).toBe(2_093_056);
    await ledger.create("runs", largest);
    const over = sized(agent, "r2", LIMITS.itemBytes + 1);
    const refused = ["too_large", "item_too_large"] as const;
    await expectRefusal(ledger.create("runs", over), ...refused);
    await expectRefusal(ledger.upsert("runs", over), ...refused);
    const grow = [{ op: "set", field: "more", value: "x".repeat(4096) }] as const;
    await expectRefusal(ledger.patch("runs", [agent], "r1", grow), ...refused);
    const [result] = await ledger.bulk("runs", "create", [over]);
    expect(result).toMatchObject({ ok: false, error: { code: "item_too_large" } });
    await ledger.delete("runs", [agent], "r1");
  });

  promised("takes ids of 1,023 bytes without / \\ ? # and control characters", async ({ ledger }) => {
    const agent = someAgent();
    for (const id of ["x".repeat(1023), "ü".repeat(511), "a b", "ep-1.2_3~", "'; --", "Ωmega", "%2F"]) {
      await ledger.create("runs", run(agent, id));
      expect(await ledger.read("runs", [agent], id)).toMatchObject({ id });
    }
    const bad = [
      "",
      ".",
      "..",
      "%2E",
      ".%2e",
      "a/b",
      "a\\b",
      "a?b",
      "a#b",
      "a\nb",
      "a\u0000",
      "\u007f",
      "x".repeat(1024),
      "ü".repeat(512),
      "\ud800",
      1,
      null,
      undefined,
    ];
    for (const id of bad as string[]) {
      await expectRefusal(ledger.create("runs", run(agent, id)), "invalid", "bad_id");
      await expectRefusal(ledger.read("runs", [agent], id), "invalid", "bad_id");
      await expectRefusal(ledger.delete("runs", [agent], id), "invalid", "bad_id");
      await expectRefusal(ledger.batch("runs", [agent], [{ op: "delete", id }]), "invalid", "bad_id");
    }
  });

  promised("wants every level of the partition key, each a string that is not empty", async ({ ledger }) => {
    const agent = someAgent();
    const refused = ["invalid", "bad_partition_key"] as const;
    for (const key of [undefined, null, "", 5, ["a"], "x".repeat(2049)])
      await expectRefusal(ledger.create("runs", { ...run(agent, "r1"), agent_id: key }), ...refused);
    await expectRefusal(ledger.read("episodes", [agent], "e1"), ...refused);
    await expectRefusal(ledger.read("runs", [agent, "r1"], "r1"), ...refused);
    await expectRefusal(ledger.delete("runs", [""], "r1"), ...refused);
  });

  promised("refuses what JSON cannot hold, and names the place", async ({ ledger }) => {
    const agent = someAgent();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const bad: [unknown, string][] = [
      [undefined, "v"],
      [{ deep: [1, undefined] }, "v.deep.1"],
      [Number.NaN, "v"],
      [[Number.POSITIVE_INFINITY], "v.0"],
      [() => 1, "v"],
      [Symbol("s"), "v"],
      [1n, "v"],
      [new Date(0), "v"],
      [new Map([["a", 1]]), "v"],
      [new Uint8Array(2), "v"],
      [{ toJSON: () => 1 }, "v"],
    ];
    for (const [v, field] of bad) {
      const document = run(agent, "r1", { v });
      await expect(ledger.create("runs", document)).rejects.toMatchObject({ code: "bad_document", field });
    }
    await expectRefusal(ledger.create("runs", run(agent, "r1", { cycle })), "invalid", "bad_document");
    await expectRefusal(ledger.create("runs", null as unknown as LedgerDocument), "invalid", "bad_document");
    await expectRefusal(ledger.create("runs", run(agent, "r1", { _rid: "x" })), "invalid", "bad_document");
    expect(await ledger.count("runs", { pk: [agent] })).toBe(0);
  });

  promised("takes 128 levels and refuses 129", async ({ ledger }) => {
    const agent = someAgent();
    const nested = (levels: number): unknown => (levels === 0 ? 1 : { n: nested(levels - 1) });
    await ledger.create("runs", run(agent, "r1", { v: nested(127) }));
    await expectRefusal(
      ledger.create("runs", run(agent, "r2", { v: nested(128) })),
      "invalid",
      "bad_document",
    );
  });

  promised("wants the fields that every document has, and times of one width", async ({ ledger }) => {
    const agent = someAgent();
    const missing = [{ created_at: undefined }, { type: 5 }, { type: null }];
    for (const more of missing)
      await expectRefusal(ledger.create("runs", run(agent, "r1", more)), "invalid", "bad_document");
    const times = [
      "2026-01-01",
      "2026-01-01T00:00:00Z",
      "2026-01-01T00:00:00.000+01:00",
      "2026-13-01T00:00:00.000Z",
      "",
    ];
    for (const at of times) {
      await expectRefusal(
        ledger.create("runs", run(agent, "r1", { created_at: at })),
        "invalid",
        "bad_document",
      );
      await expectRefusal(
        ledger.create("episodes", episode(agent, "e1", { recorded_at: at })),
        "invalid",
        "bad_document",
      );
    }
    await ledger.create("runs", run(agent, "r1"));
    const set: PatchOperation[] = [{ op: "set", field: "created_at", value: "today" }];
    await expectRefusal(ledger.patch("runs", [agent], "r1", set), "invalid", "bad_document");
  });

  promised(
    "takes patches of 1 to 10 operations on fields that don't identify the document",
    async ({ ledger }) => {
      const agent = someAgent();
      await ledger.create("runs", run(agent, "r1"));
      const patch = (operations: PatchOperation[]) => ledger.patch("runs", [agent], "r1", operations);
      await patch(sets(10));
      await expectRefusal(patch(sets(11)), "invalid", "bad_patch");
      await expectRefusal(patch([]), "invalid", "bad_patch");
      for (const field of ["id", "agent_id"])
        await expectRefusal(patch([{ op: "set", field, value: "x" }]), "invalid", "bad_patch");
      for (const field of ["created_at", "type"])
        await expectRefusal(patch([{ op: "remove", field }]), "invalid", "bad_patch");
      for (const field of ["_etag", "_ts", "__proto__", "a.b", "a/b", "", "x') --"])
        await expectRefusal(patch([{ op: "set", field, value: 1 }]), "invalid", "unknown_field");
      await expectRefusal(patch([{ op: "set", field: "v", value: undefined }]), "invalid", "bad_document");
      await expectRefusal(
        patch([{ op: "incr", field: "v", value: 1 } as unknown as PatchOperation]),
        "invalid",
        "bad_patch",
      );
    },
  );

  promised("takes batches of 1 to 100 operations and 2 MB of one partition key", async ({ ledger }) => {
    const agent = someAgent();
    const batch = (operations: BatchOperation[]) => ledger.batch("runs", [agent], operations);
    const creates = (count: number): BatchOperation[] =>
      Array.from({ length: count }, (_, n) => ({ op: "create", document: run(agent, `r${n}`) }));
    await expectRefusal(batch(creates(101)), "too_large", "batch_too_large");
    await expectRefusal(batch([]), "invalid", "bad_batch");
    const odd = { op: "patch", document: run(agent, "r1") } as unknown as BatchOperation;
    await expectRefusal(batch([odd]), "invalid", "bad_batch");
    const sum = (bytes: number): BatchOperation[] =>
      ["big1", "big2"].map((id) => ({ op: "create", document: sized(agent, id, bytes / 2) }));
    await expectRefusal(batch(sum(LIMITS.batchBytes + 2)), "too_large", "batch_too_large");
    // The documents alone would fit; with what is sent around them they do not.
    await expectRefusal(batch(sum(LIMITS.batchBytes - 100)), "too_large", "batch_too_large");
    await batch(sum(LIMITS.batchBytes - 2048));
    await batch(["big1", "big2"].map((id) => ({ op: "delete", id })));
    await expectRefusal(batch([{ op: "create", document: run(someAgent(), "r1") }]), "invalid", "bad_batch");
    expect(await ledger.count("runs", { pk: [agent] })).toBe(0);
    await batch(creates(100));
    expect(await ledger.count("runs", { pk: [agent] })).toBe(100);
  });

  promised("gives a page of large documents in parts", async ({ ledger }) => {
    const agent = someAgent();
    for (let n = 0; n < 6; n++) await ledger.create("runs", sized(agent, `r${n}`, 1_500_000));
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await ledger.query("runs", { pk: [agent], limit: 1000, after });
      expect(page.items.length).toBeLessThan(6);
      found.push(...page.items.map(({ id }) => id));
      after = page.continuation;
    } while (after !== undefined);
    expect(found).toEqual(["r0", "r1", "r2", "r3", "r4", "r5"]);
    await Promise.all(found.map((id) => ledger.delete("runs", [agent], id)));
  });
}
