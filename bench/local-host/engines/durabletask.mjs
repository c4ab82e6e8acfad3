// Microsoft's in-memory test backend: nothing is durable, the lower bound of what replaying costs.
import { whenAll } from "@microsoft/durabletask-js";
import {
  InMemoryOrchestrationBackend,
  TestOrchestrationClient,
  TestOrchestrationWorker,
} from "@microsoft/durabletask-js/dist/testing/index.js";
import { measure, plan, report } from "./measure.mjs";

// The test backend tells every event, which would be most of what is measured.
for (const level of ["log", "info", "debug", "warn"]) console[level] = () => {};

const add = async (_context, n) => n + 1;
const five = async function* five(context) {
  let n = 0;
  for (let i = 0; i < 5; i++) n = yield context.callActivity(add, n);
  return n;
};
const fan = async function* fan(context, width) {
  const done = yield whenAll(Array.from({ length: width }, (_, n) => context.callActivity(add, n)));
  return done.length;
};
const backend = new InMemoryOrchestrationBackend();
const client = new TestOrchestrationClient(backend);
const worker = new TestOrchestrationWorker(backend);
worker.addOrchestrator(five);
worker.addOrchestrator(fan);
worker.addActivity(add);
await worker.start();
const figures = await measure(async (name, input) => {
  const id = await client.scheduleNewOrchestration(name, input);
  const state = await client.waitForOrchestrationCompletion(id, true, 120);
  return JSON.parse(state.serializedOutput);
}, plan);
report(figures);
