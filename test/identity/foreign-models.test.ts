import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { createApp } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
import { bare, defOf } from "../../src/doors/kept.ts";
import { type CallContext, parseInput } from "../../src/doors/operation.ts";
import { createAccess } from "../../src/identity/access.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { isLightningError } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { runRecord } from "../deployments/world.ts";
import { noOrchestrations } from "../surfaces/fake-operations.ts";
import { AZURE, knock } from "./people.ts";

const clock = new VirtualClock();
const ledger = openSqliteLedger({ file: ":memory:", clock });
const app = createApp({
  settings: readSettings({ FOUNDRY_MODEL_DEPLOYMENT_NAME: "base-chat", LIGHTNING_AGENT_ID: "beta" }),
  clock,
  logger: silentLogger,
  ledger,
});
const access = createAccess(
  readSettings({ ...AZURE, WEBSITE_AUTH_ENABLED: "true", LIGHTNING_AUTH: "entra" }),
);

const deployed = (id: string, agent_id: string, deployment_name: string, more = {}) => ({
  id,
  type: "deployment",
  agent_id,
  training_run_id: "run-alpha",
  dataset_id: "dataset-1",
  tuned_model_name: "gpt.ft-alpha",
  deployment_name,
  state: "active",
  created_at: new Date(clock.now()).toISOString(),
  ...more,
});

beforeAll(async () => {
  await ledger.create(
    "runs",
    runRecord("run-alpha", clock, { agent_id: "alpha", tuned_model_name: "gpt.ft-alpha" }),
  );
  await ledger.create(
    "runs",
    runRecord("run-beta", clock, { agent_id: "beta", tuned_model_name: "gpt.ft-beta" }),
  );
  await ledger.create("deployments", deployed("dep-1", "alpha", "alpha-cd88"));
  await ledger.create(
    "deployments",
    deployed("dep-2", "alpha", "made-by-hand", { deployment_unverified: true }),
  );
});
afterAll(() => app.close());

/** The error's code, or another end: what comes after the rights is not looked at here. */
async function ended(name: string, input: Record<string, unknown>, roles: readonly string[]) {
  const row = app.operations.find((one) => one.name === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  const caller = access.callerOf(
    knock({ name: "bea@example.com", roles: roles.map((one) => `lightning.${one}`) }),
  );
  const context: CallContext = { door: "rest", waitMs: 0, orchestrations: noOrchestrations, caller };
  return row.run(parseInput(row, { agent_id: "beta", ...input }), context).then(
    () => "done",
    (thrown: unknown) =>
      isLightningError(thrown) && thrown.code === "role_missing" ? [thrown.field, thrown.details] : "other",
  );
}

/** Each way of using a model by name, and the role that it takes. */
const WAYS = [
  ["startEvaluation", "trainer", "candidate", (model: string) => ({ candidate: model, dataset_id: "d" })],
  [
    "startEvaluation",
    "trainer",
    "baseline",
    (model: string) => ({ run_id: "run-beta", baseline: model, dataset_id: "d" }),
  ],
  ["startTraining", "trainer", "base_model", (model: string) => ({ base_model: model, dataset_id: "d" })],
  [
    "promote",
    "releaser",
    "deployment_name",
    (model: string) => ({ run_id: "run-beta", deployment_name: model }),
  ],
  [
    "promote",
    "owner",
    "deployment_name",
    (model: string) => ({ run_id: "run-beta", deployment_name: model, override_reason: "now" }),
  ],
  [
    "runPipeline",
    "releaser",
    "training.base_model",
    (model: string) => ({ training: { base_model: model } }),
  ],
  [
    "runPipeline",
    "releaser",
    "evaluation.baseline",
    (model: string) => ({ evaluation: { baseline: model } }),
  ],
] as const;

describe.each(WAYS)(
  "%s by %s of one agent, with another agent's model as %s,",
  (name, role, field, input) => {
    const needed = name === "promote" || name === "runPipeline" ? "releaser" : "trainer";
    it.each(["gpt.ft-alpha", "GPT.FT-Alpha", "alpha-cd88"])("is refused for %j", async (model) => {
      expect(await ended(name, input(model), [`${role}:beta`, "reader:alpha"])).toEqual([
        field,
        expect.objectContaining({ role: needed, agent_id: "alpha" }),
      ]);
    });

    it("goes on with the role there, for every agent, or with a model that is its own or nobody's", async () => {
      for (const roles of [[`${role}:beta`, `${needed}:alpha`], [role]])
        expect(await ended(name, input("gpt.ft-alpha"), roles)).not.toEqual(expect.any(Array));
      for (const model of ["gpt.ft-beta", "base-chat", "gpt-4.1-2025-04-14", "made-by-hand"]) {
        const end = await ended(name, input(model), [`${role}:beta`]);
        // An owner may have to take it on; nobody asks for rights at the other agent.
        expect([model, JSON.stringify(end)]).toEqual([model, expect.not.stringContaining("alpha")]);
      }
    });
  },
);

it("a checkpoint is its model's", async () => {
  const input = { base_model: "gpt.ft-alpha:ckpt-step-50", dataset_id: "d" };
  expect(await ended("startTraining", input, ["trainer:beta"])).toEqual(["base_model", expect.anything()]);
});

it("a refusal for another agent's model stands in the audit as one", async () => {
  clock.advance(1000);
  await ended("startTraining", { base_model: "gpt.ft-alpha", dataset_id: "d" }, ["trainer:beta"]);
  const { records } = await app.services.audit.list({ agent_id: "beta", limit: 1 });
  const refused = { operation: "startTraining", outcome: "refused", code: "role_missing", status: 403 };
  expect(records).toEqual([expect.objectContaining(refused)]);
});

/** Every place of a schema that is marked as naming a model, with a value that names one there and nothing else. */
function* places(given: z.core.$ZodType): Generator<{ path: string; value: (model: string) => unknown }> {
  const { schema, entry } = bare(given);
  if (entry !== undefined) {
    if (entry.isModel === true) yield { path: "", value: (model) => model };
    return;
  }
  const def = defOf(schema);
  if (def.type === "union") for (const option of def.options) yield* places(option);
  const members =
    def.type === "object"
      ? Object.entries(def.shape)
      : def.type === "record"
        ? [["one", def.valueType] as const]
        : [];
  for (const [name, member] of members)
    for (const { path, value } of places(member))
      yield {
        path: path === "" ? name : `${name}.${path}`,
        value: (model) => ({ [name]: value(model) }),
      };
}
const CHANGES = app.operations.filter(({ effect }) => effect !== "read");
const MARKED = CHANGES.flatMap((row) =>
  [...places(row.input)].map((place) => [row.name, place.path, row.role, place.value] as const),
);

it.each(MARKED)("%s is refused another agent's model in %s", async (name, path, role, value) => {
  const input = { agent_id: "beta", ...(value("gpt.ft-alpha") as object) };
  const row = CHANGES.find((one) => one.name === name);
  const caller = access.callerOf(knock({ name: "bea@example.com", roles: [`lightning.${role}:beta`] }));
  const context: CallContext = { door: "rest", waitMs: 0, orchestrations: noOrchestrations, caller };
  await expect(row?.run(input, context)).rejects.toMatchObject({ code: "role_missing", field: path });
});

it("a grader's model is asked about beside other graders, and one of nobody's is let pass", async () => {
  const judge = (model: string) => ({
    type: "score_model",
    name: "judge",
    model,
    input: [{ role: "user", content: "{{sample.output_text}}" }],
  });
  const like = {
    type: "string_check",
    name: "like",
    operation: "eq",
    input: "{{sample.output_text}}",
    reference: "{{item.a}}",
  };
  const grader = (model: string) => ({
    type: "multi",
    name: "both",
    graders: { like, judge: judge(model) },
    calculate_output: "like + judge",
  });
  const training = (model: string) => ({ dataset_id: "d", method: "reinforcement", grader: grader(model) });
  const field = "grader.graders.judge.model";
  expect(await ended("startTraining", training("gpt.ft-alpha"), ["trainer:beta"])).toEqual([
    field,
    expect.objectContaining({ agent_id: "alpha" }),
  ]);
  expect(await ended("startTraining", training("gpt-4o"), ["trainer:beta"])).toBe("other");
});

it("every field of a change that is called after a model is marked, or uses none", () => {
  const named = new Set<string>();
  for (const row of CHANGES) {
    const schema = JSON.stringify(z.toJSONSchema(row.input, { io: "input", unrepresentable: "any" }));
    for (const [, field = ""] of schema.matchAll(/"(\w*(?:model|candidate|baseline|deployment)\w*)":\{/g))
      named.add(field);
  }
  const marked = new Set(MARKED.map(([, path]) => path.slice(path.lastIndexOf(".") + 1)));
  // What an episode says answered it, which episodes a dataset takes, whose tokens it counts and a record's id choose no model.
  const others = ["model_deployment", "deployment_id", "models", "for_model"];
  expect([...named].filter((one) => !marked.has(one) && !others.includes(one))).toEqual([]);
  expect(marked).toContain("model");
});
