import { afterEach, describe, expect, test } from "@jest/globals";
import { type Operation, parseInput } from "../../src/doors/operation.ts";
import { evaluationOperations } from "../../src/evaluation/operations.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { AGENT, callContext } from "../deployments/world.ts";
import { evaluationWorld, lastText, toolTurn } from "./world.ts";

type World = Awaited<ReturnType<typeof evaluationWorld>>;
const worlds: World[] = [];
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.dispose()));
});

interface Body {
  readonly total: number;
  readonly first: number;
  readonly metric: string;
  readonly pairs: readonly {
    readonly example: string;
    readonly question: string;
    readonly outcome: string;
  }[];
  readonly continuation?: string;
}

/** Of sixty requests the candidate is wrong on the first ten, the baseline on all but the fifth to the twelfth. */
async function judged() {
  const world = await evaluationWorld({
    answer: ({ model, messages }) => {
      const n = Number(/\d+/.exec(lastText({ messages }))?.[0]);
      const right = model === "ft:run-1" ? n >= 10 : n >= 5 && n < 12;
      return toolTurn(right ? "search" : "fetch");
    },
  });
  worlds.push(world);
  const { evaluation } = await world.request();
  const { service } = world;
  const settings = { agentId: AGENT };
  const rows: readonly Operation[] = evaluationOperations({ service, settings, clock: systemClock });
  const row = rows.find(({ name }) => name === "listPairs") as Operation;
  const pairs = async (more: Record<string, unknown> = {}): Promise<Body> => {
    const input = parseInput(row, { evaluation_id: evaluation.id, ...more });
    const reply = await row.run(
      input,
      callContext(async () => {}),
    );
    return row.output.parse(reply.body) as Body;
  };
  return { world, id: evaluation.id, pairs };
}

const EXPECTED = { candidate_only: 48, baseline_only: 5, both: 2, neither: 5 } as const;

describe("all pairs of an evaluation can be read", () => {
  test("by outcome and page by page: each once, whatever the size of a page", async () => {
    const { world, id, pairs } = await judged();
    await world.evaluate(id);
    for (const [outcome, count] of [["all", 60], ...Object.entries(EXPECTED)] as [string, number][])
      for (const limit of [1, 7, 1000]) {
        const filter = outcome === "all" ? {} : { outcome };
        const seen: Body["pairs"][number][] = [];
        let page: Body | undefined;
        do {
          const { continuation } = page ?? {};
          page = await pairs({ ...filter, limit, ...(continuation === undefined ? {} : { continuation }) });
          expect(page.total).toBe(count);
          expect(page.first).toBe(seen.length + 1);
          seen.push(...page.pairs);
        } while (page.continuation !== undefined);
        expect(seen).toHaveLength(count);
        expect(new Set(seen.map(({ example }) => example)).size).toBe(count);
        if (outcome !== "all") expect(new Set(seen.map((one) => one.outcome))).toEqual(new Set([outcome]));
      }
  });

  test("with what was asked, what each answered, and what was judged; the record's own are a sample", async () => {
    const { world, id, pairs } = await judged();
    await world.evaluate(id);
    const { pairs: wrong, metric } = await pairs({ outcome: "neither" });
    expect(metric).toBe("auto");
    expect(wrong.map(({ question }) => question).toSorted()).toEqual(
      [0, 1, 2, 3, 4].map((n) => `request ${n}`),
    );
    expect(wrong[0]).toMatchObject({
      expected: "search({})",
      baseline_answer: "fetch({})",
      candidate_answer: "fetch({})",
      candidate_correct: false,
    });
    expect((await world.service.get(AGENT, id)).sample).toHaveLength(20);
  });

  test("not before it has finished, nor from another place than a page ended at", async () => {
    const { world, id, pairs } = await judged();
    await expect(pairs()).rejects.toMatchObject({ status: 409, code: "evaluation_not_finished" });
    await world.evaluate(id);
    const { continuation } = await pairs({ limit: 5 });
    await expect(pairs({ limit: 5, outcome: "both", continuation })).rejects.toMatchObject({
      status: 422,
      code: "bad_continuation",
      field: "continuation",
    });
    await expect(pairs({ evaluation_id: "eval-none" })).rejects.toMatchObject({ status: 404 });
    await world.files.delete(`${id}/pairs.jsonl`);
    await expect(pairs()).rejects.toMatchObject({ status: 404, code: "file_missing" });
  });
});
