import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { golden } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

const agent_id = "storm-desk";
const TYPO = "typo-1";

/**
 * Every request that begins something, with one record named that is not there: the code, and the field that named it.
 * The other records of the request are there, so that nothing else is refused.
 */
const NAMED: readonly {
  readonly operation: string;
  readonly address: string;
  readonly field: string;
  readonly code: string;
  readonly input: (there: There) => object;
}[] = [
  {
    operation: "buildDataset",
    address: "/datasets",
    field: "include_golden",
    code: "dataset_not_found",
    input: ({ dataset_id }) => ({ name: "more", include_golden: [dataset_id, TYPO] }),
  },
  {
    operation: "startTraining",
    address: "/training",
    field: "dataset_id",
    code: "dataset_not_found",
    input: () => ({ dataset_id: TYPO }),
  },
  {
    operation: "estimateTraining",
    address: "/training/estimate",
    field: "dataset_id",
    code: "dataset_not_found",
    input: () => ({ dataset_id: TYPO }),
  },
  {
    operation: "startEvaluation",
    address: "/evaluations",
    field: "dataset_id",
    code: "dataset_not_found",
    input: ({ run_id }) => ({ run_id, dataset_id: TYPO }),
  },
  {
    operation: "startEvaluation",
    address: "/evaluations",
    field: "run_id",
    code: "run_not_found",
    input: ({ dataset_id }) => ({ run_id: TYPO, dataset_id }),
  },
  {
    operation: "promote",
    address: "/deployments",
    field: "run_id",
    code: "run_not_found",
    input: () => ({ run_id: TYPO }),
  },
  {
    operation: "promote",
    address: "/deployments",
    field: "evaluation_id",
    code: "evaluation_not_found",
    input: ({ run_id }) => ({ run_id, evaluation_id: TYPO }),
  },
  {
    operation: "rollback",
    address: "/deployments/rollback",
    field: "target_id",
    code: "deployment_not_found",
    input: () => ({ target_id: TYPO }),
  },
  {
    operation: "runPipeline",
    address: "/pipelines",
    field: "dataset_id",
    code: "dataset_not_found",
    input: () => ({ dataset_id: TYPO }),
  },
  {
    operation: "runPipeline",
    address: "/pipelines",
    field: "evaluation.dataset_id",
    code: "dataset_not_found",
    input: ({ dataset_id }) => ({ dataset_id, evaluation: { dataset_id: TYPO } }),
  },
  {
    operation: "runPipeline",
    address: "/pipelines",
    field: "dataset.include_golden",
    code: "dataset_not_found",
    input: () => ({ dataset: { include_golden: [TYPO] } }),
  },
  ...(
    [
      ["cancelDataset", "/datasets/typo-1/cancel", "dataset_id", "dataset_not_found", {}],
      ["cancelTraining", "/training/typo-1/cancel", "run_id", "run_not_found", {}],
      ["reconcileTraining", "/training/typo-1/reconcile", "run_id", "run_not_found", {}],
      [
        "decidePipeline",
        "/pipelines/typo-1/approval",
        "pipeline_id",
        "pipeline_not_found",
        { approved: true },
      ],
    ] as const
  ).map(([operation, address, field, code, input]) => ({
    operation,
    address,
    field,
    code,
    input: () => input,
  })),
];
interface There {
  readonly dataset_id: string;
  readonly run_id: string;
}

describe("a request that names a record which is not there", () => {
  let world: World;
  let there: There;

  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: agent_id });
    const lessons = { name: "lessons", content: golden(0, 40), test_split: 0 };
    const { dataset_id } = (await world.call("POST", "/datasets/golden", lessons)).body;
    const { run_id } = (await world.call("POST", "/training", { dataset_id }, { prefer: "wait=200" })).body;
    there = { dataset_id, run_id };
  });
  afterAll(() => world.close());

  it.each(NAMED)("is answered 404 at once: $operation by $field", async ({ address, field, code, input }) => {
    const { status, body } = await world.call("POST", address, input(there), { prefer: "wait=0" });
    expect({ status, code: body.error?.code, field: body.error?.field }).toEqual({
      status: 404,
      code,
      field,
    });
    expect(body.error.message).toContain(TYPO);
    expect(body.error.remedy).toMatch(/^list\w+ \(GET \/api\/lightning\/[\w/-]+\) shows/);
  });

  it("leaves no pipeline behind, and an equal request under its key is right once the record is there", async () => {
    expect((await world.call("GET", "/pipelines")).body.pipelines).toEqual([]);
    const input = { dataset_id: there.dataset_id, evaluation: { dataset_id: TYPO } };
    const headers = { prefer: "wait=0", "idempotency-key": "once" };
    expect((await world.call("POST", "/pipelines", input, headers)).status).toBe(404);
    const mended = { dataset_id: there.dataset_id };
    const first = await world.call("POST", "/pipelines", mended, headers);
    expect(first.status).toBe(202);
    const again = await world.call("POST", "/pipelines", mended, headers);
    expect(again.body.pipeline_id).toBe(first.body.pipeline_id);
  });

  it("the table above has every field of these requests that names a record by its id", () => {
    const operations = new Set(NAMED.map((one) => one.operation));
    const missing: string[] = [];
    for (const operation of world.app.operations) {
      if (!operations.has(operation.name)) continue;
      for (const field of idFields(z.toJSONSchema(operation.input, { io: "input", unrepresentable: "any" })))
        if (!NAMED.some((one) => one.operation === operation.name && one.field === field))
          missing.push(`${operation.name}.${field}`);
    }
    expect(missing).toEqual([]);
  });
});

/** Paths of the fields that hold a record's id: `dataset_id`, `evaluation.dataset_id`; lists by their own names. */
function idFields(schema: object, prefix = ""): string[] {
  const { properties = {} } = schema as { properties?: Record<string, object> };
  return Object.entries(properties).flatMap(([name, member]) => {
    const isId = /_id$|^include_golden$/.test(name) && name !== "agent_id";
    return [...(isId ? [`${prefix}${name}`] : []), ...idFields(member, `${prefix}${name}.`)];
  });
}
