import { createModelSelector } from "../../src/deployments/selection.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { benchArguments } from "../arguments.ts";

const { json } = benchArguments({
  script: "bench/selection/main.ts",
  measures: "What asking which model to call costs when the answer is known already, in nanoseconds.",
  takes: { json: { about: "one line for machines", standard: false } },
  examples: ["", "--json"],
});

/** Nanoseconds per call of `call`, the median of eleven rounds. */
async function measure(call: () => unknown, calls = 1_000_000): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < 12; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) await call();
    rounds.push(Number(process.hrtime.bigint() - start) / calls);
  }
  return rounds.slice(1).toSorted((a, b) => a - b)[5] ?? Number.NaN; // the first round warms up
}

async function measureSync(call: () => unknown): Promise<number> {
  const calls = 1_000_000;
  return measure(() => {
    for (let i = 0; i < calls; i++) call();
  }, 1).then((ns) => ns / calls);
}

let reads = 0;
const selector = createModelSelector({
  async readActive() {
    reads++;
    return { deployment_id: "dep-1", deployment_name: "ft:gpt-4o-mini:local::one" };
  },
  settings: {
    agentId: "mcp-agents",
    useTunedModel: true,
    tunedModelDeploymentName: undefined,
    baseModelDeployment: undefined,
    baseModel: "gpt-4o-mini-2024-07-18",
    cacheTtlSeconds: 60,
  },
  clock: systemClock,
  logger: silentLogger,
});
await selector.getModelDeployment();

const figures = {
  await_get_model_deployment_ns: Math.round(await measure(() => selector.getModelDeployment())),
  peek_ns: Math.round(await measureSync(() => selector.peek())),
  empty_await_ns: Math.round(await measure(() => undefined)),
  registry_reads: reads,
};
console.log(
  json
    ? JSON.stringify(figures)
    : `cached getModelDeployment(), awaited: ${figures.await_get_model_deployment_ns} ns
cached peek(), no promise:            ${figures.peek_ns} ns
an await of nothing, for comparison:  ${figures.empty_await_ns} ns
registry reads in all of it:          ${figures.registry_reads}`,
);
