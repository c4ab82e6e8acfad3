import { z } from "zod";
import { noSuchRecord } from "../../src/doors/no-such-record.ts";
import {
  type CallContext,
  defineOperation,
  type Operation,
  type Orchestrations,
} from "../../src/doors/operation.ts";
import { agentIdSchema, idSchema, pagingSchema } from "../../src/doors/schemas.ts";
import { timeSchema } from "../../src/doors/times.ts";
import { conflict, unavailable } from "../../src/kernel/errors.ts";
import { fileReply } from "../support/file-reply.ts";

export const noOrchestrations: Orchestrations = {
  start: async () => {},
  raise: async () => {},
  terminate: async () => {},
  status: async () => undefined,
  urls: () => ({}),
};

export interface Seen {
  readonly name: string;
  readonly input: unknown;
  readonly context: CallContext;
}

/** Rows that resemble the real ones and remember what reached them. */
export function fakeOperations(): { operations: Operation[]; seen: Seen[] } {
  const seen: Seen[] = [];
  const agent_id = agentIdSchema.default("mcp-agents");
  const build = defineOperation({
    name: "buildDataset",
    summary: "Builds a dataset from rewarded episodes.",
    input: z.strictObject({
      agent_id,
      name: z.string().min(1).max(200),
      min_reward: z.number().min(-1).max(1).default(0),
      sources: z.array(z.enum(["human_approval", "eval_score"])).optional(),
      include_tools: z.boolean().optional(),
      start_date: timeSchema.optional(),
      description: z.string().optional(),
    }),
    output: z.object({
      dataset_id: z.string(),
      name: z.string(),
      training_count: z.number().int(),
      validation_count: z.number().int(),
      local_path: z.string(),
      validation_path: z.string(),
    }),
    role: "builder",
    effect: "write",
    idempotent: true,
    rest: { method: "POST", path: "/datasets" },
    cli: "build-dataset",
    mcp: ["lightning_build_dataset"],
    example: { agent_id: "mcp-agents", name: "v1", min_reward: 0.5 },
    async run(input, context) {
      seen.push({ name: "buildDataset", input, context });
      if (input.name === "taken") throw conflict("name_taken", "That name is taken.", { field: "name" });
      if (input.name === "busy") throw unavailable("busy", "Busy.", { retryAfterMs: 1500 });
      if (input.name === "bug") throw new TypeError("secret internals");
      return {
        body: {
          dataset_id: "dataset-abc123",
          name: input.name,
          training_count: 800,
          validation_count: 200,
          local_path: "./data/finetune/v1_train_20240131.jsonl",
          validation_path: "./data/finetune/v1_validation_20240131.jsonl",
        },
      };
    },
  });
  const train = defineOperation({
    name: "startTraining",
    summary: "Starts fine-tuning on a dataset.",
    input: z.strictObject({
      agent_id,
      dataset_id: idSchema,
      base_model: z.string().optional(),
      n_epochs: z.union([z.number().int().min(1).max(50), z.literal("auto")]).optional(),
    }),
    output: z.object({ run_id: z.string(), status: z.string() }),
    role: "trainer",
    effect: "write",
    idempotent: true,
    rest: { method: "POST", path: "/training" },
    cli: "train",
    mcp: ["lightning_train", "lightning_start_training"],
    example: { agent_id: "mcp-agents", dataset_id: "dataset-abc123" },
    async run(input, context) {
      seen.push({ name: "startTraining", input, context });
      return { body: { run_id: "run-xyz789", status: "running" }, status: 202 };
    },
  });
  const status = defineOperation({
    name: "getTrainingRun",
    summary: "Shows a training run.",
    input: z.strictObject({ agent_id, run_id: idSchema }),
    output: z.object({ run_id: z.string(), status: z.string(), state: z.string(), tuned_model: z.string() }),
    role: "reader",
    effect: "read",
    idempotent: true,
    rest: { method: "GET", path: "/training/{run_id}" },
    cli: "status",
    mcp: ["lightning_training_status", "lightning_get_training_status"],
    aliases: { training_run_id: "run_id" },
    example: { agent_id: "mcp-agents", run_id: "run-xyz789" },
    async run(input, context) {
      seen.push({ name: "getTrainingRun", input, context });
      if (input.run_id === "run-none") throw noSuchRecord("run", "a", "run-none");
      return {
        body: {
          run_id: input.run_id,
          status: "succeeded",
          state: "succeeded",
          tuned_model: "ft:gpt-4o-mini:org::abc123",
        },
      };
    },
  });
  const list = defineOperation({
    name: "listTrainingRuns",
    summary: "Lists training runs.",
    input: z.strictObject({ agent_id, status: z.enum(["running", "succeeded"]).optional(), ...pagingSchema }),
    output: z.object({
      agent_id: z.string(),
      runs_found: z.number().int(),
      training_runs: z.array(z.object({ run_id: z.string() })),
      continuation: z.string().optional(),
    }),
    role: "reader",
    effect: "read",
    idempotent: true,
    rest: { method: "GET", path: "/training" },
    cli: "list-runs",
    mcp: ["lightning_list_training_runs"],
    example: { agent_id: "mcp-agents" },
    async run(input, context) {
      seen.push({ name: "listTrainingRuns", input, context });
      return {
        body: {
          agent_id: input.agent_id,
          runs_found: 1,
          training_runs: [{ run_id: "run-1" }],
          continuation: "next==",
        },
      };
    },
  });
  const promote = defineOperation({
    name: "promote",
    summary: "Puts a tuned model into service.",
    input: z.strictObject({ agent_id, run_id: idSchema, promoted_by: z.string().optional() }),
    output: z.object({ deployment_id: z.string(), is_active: z.boolean(), tuned_model: z.string() }),
    role: "releaser",
    effect: "write",
    idempotent: true,
    rest: { method: "POST", path: "/deployments" },
    cli: "promote",
    mcp: ["lightning_promote", "lightning_promote_deployment"],
    aliases: { training_run_id: "run_id" },
    example: { agent_id: "mcp-agents", run_id: "run-xyz789", promoted_by: "admin@example.com" },
    async run(input, context) {
      seen.push({ name: "promote", input, context });
      return {
        body: { deployment_id: "dep-456", is_active: true, tuned_model: "ft:gpt-4o-mini:org::abc123" },
      };
    },
  });
  const record = defineOperation({
    name: "recordEpisodes",
    summary: "Records episodes.",
    input: z.strictObject({ episodes: z.array(z.unknown()).min(1) }),
    output: z.object({ results: z.array(z.looseObject({ index: z.number(), status: z.string() })) }),
    role: "labeller",
    effect: "write",
    idempotent: true,
    rest: { method: "POST", path: "/episodes", manyAs: "episodes" },
    cli: "record",
    mcp: ["lightning_record_episode"],
    example: { episodes: [{ user_input: "hello", assistant_output: "hi" }] },
    async run(input, context) {
      seen.push({ name: "recordEpisodes", input, context });
      return {
        status: 207,
        body: {
          results: input.episodes.map((episode, index) =>
            typeof episode === "object"
              ? { index, status: "recorded" }
              : { index, status: "error", error: { code: "invalid_input", message: "expected object" } },
          ),
        },
      };
    },
  });
  const file = defineOperation({
    name: "getDatasetFile",
    summary: "Streams one file of a dataset.",
    input: z.strictObject({ agent_id, dataset_id: idSchema, split: z.enum(["train", "validation", "test"]) }),
    output: z.object({ split: z.string() }),
    role: "reader",
    effect: "read",
    idempotent: true,
    rest: { method: "GET", path: "/datasets/{dataset_id}/files/{split}" },
    answers: { file: "application/jsonl" },
    example: { dataset_id: "dataset-abc123", split: "train" },
    async run(input, context) {
      seen.push({ name: "getDatasetFile", input, context });
      return {
        body: { split: input.split },
        file: fileReply('{"a":1}\n{"a":2}\n', 8, `${input.dataset_id}_train.jsonl`),
      };
    },
  });
  return { operations: [build, train, status, list, promote, record, file], seen };
}
