import {
  AnonymousAuthenticationProvider,
  ApiKeyAuthenticationProvider,
  ApiKeyLocation,
  type AuthenticationProvider,
  createUntypedString,
  isUntypedString,
} from "@microsoft/kiota-abstractions";
import { DefaultRequestAdapter } from "@microsoft/kiota-bundle";
import { createLightningClient } from "./client/lightningClient.js";
import type { Dataset, ErrorEscaped } from "./client/models/index.js";

/** A day's work with the client that Kiota generated: each answer typed, each refusal with its code. */

const AGENT = "kiota-typescript";
const EPISODES = 30;
const PAGE = 7;
/** A busy machine may take its time. */
const PATIENCE_MS = 120_000;
const LOOK_MS = 300;
const CITIES = ["Oslo", "Lima", "Quito", "Perth", "Turin", "Kyoto", "Dakar", "Sucre", "Bergen", "Tampa"];

const [, , address = "", key = ""] = process.argv;
const connect = (authentication: AuthenticationProvider) => {
  const adapter = new DefaultRequestAdapter(authentication);
  adapter.baseUrl = `${address}/api`;
  return createLightningClient(adapter).lightning;
};
const client = connect(new ApiKeyAuthenticationProvider(key, "x-functions-key", ApiKeyLocation.Header));
const own = { queryParameters: { agentId: AGENT } };

const question = (n: number) =>
  n % 2 === 0
    ? `How is the sky over ${CITIES[n % CITIES.length]}, ${n}?`
    : `Gusts tore roofs off in ${CITIES[n % CITIES.length]}, ${n}`;
const answer = (n: number) => (n % 2 === 0 ? `Clear, ${n} degrees.` : `Report ${n} is taken.`);

function equal<T>(expected: T, actual: T, what: string): void {
  if (expected !== actual) throw new Error(`${what}: ${String(actual)}, not ${String(expected)}`);
}

async function final<T>(ask: () => Promise<T>, isFinal: (one: T) => boolean, what: string): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const one = await ask();
    if (isFinal(one)) return one;
    if (Date.now() > until) throw new Error(`${what} did not end within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

const reward = (n: number, value: number, idempotencyKey?: string) =>
  client.rewards.post(
    { agentId: AGENT, episodeId: `${AGENT}-${n}`, value },
    idempotencyKey === undefined ? undefined : { headers: { "Idempotency-Key": [idempotencyKey] } },
  );

async function recordAndReward(): Promise<void> {
  for (let n = 0; n < EPISODES; n++) {
    const id = `${AGENT}-${n}`;
    const messages = [
      { role: "user" as const, content: createUntypedString(question(n)) },
      { role: "assistant" as const, content: createUntypedString(answer(n)) },
    ];
    const body = { agentId: AGENT, id, userInput: question(n), assistantOutput: answer(n), messages };
    const recorded = await client.episodes.post(body);
    equal(id, recorded?.episodeId, "the recorded episode");
    equal(true, (await reward(n, 1))?.success, "the reward");
  }
}

async function page(): Promise<void> {
  const seen = new Set<string | null | undefined>();
  let next: string | undefined;
  do {
    const got = await client.episodes.get({
      queryParameters: {
        ...own.queryParameters,
        limit: PAGE,
        ...(next === undefined ? {} : { continuation: next }),
      },
    });
    for (const one of got?.episodes ?? []) {
      if (!(one.createdAt instanceof Date)) throw new Error(`${one.id} has no time`);
      if (seen.has(one.id)) throw new Error(`${one.id} stands on two pages`);
      seen.add(one.id);
    }
    next = got?.continuation ?? undefined;
  } while (next !== undefined);
  equal(EPISODES, seen.size, "episodes on all pages");
  const whole = await client.episodes.byEpisode_id(`${AGENT}-3`).get(own);
  equal(answer(3), whole?.assistantOutput, "the answer of an episode");
  const content = whole?.messages?.[0]?.content;
  equal(
    question(3),
    content && isUntypedString(content) ? content.getValue() : undefined,
    "the text of a message",
  );
}

async function build(): Promise<Dataset> {
  const asked = await client.datasets.post({ agentId: AGENT, name: "A day", minReward: 0.5 });
  const built = await final(
    () => client.datasets.byDataset_id(asked?.id ?? "").get(own),
    (one) => one?.status === "ready" || one?.status === "failed",
    "the dataset",
  );
  equal("ready", built?.status, "the dataset");
  return built ?? {};
}

async function download(dataset: Dataset): Promise<void> {
  const file = await client.datasets
    .byDataset_id(dataset.id ?? "")
    .files.bySplit("train")
    .get(own);
  const lines = new TextDecoder().decode(file).split("\n");
  equal(dataset.trainingCount, lines.filter((line) => line !== "").length, "lines of the training file");
}

async function train(dataset: Dataset): Promise<void> {
  const asked = await client.training.post({ agentId: AGENT, datasetId: dataset.id ?? "" });
  const run = await final(
    () => client.training.byRun_id(asked?.runId ?? "").get(own),
    (one) => ["succeeded", "failed", "cancelled"].includes(one?.status ?? ""),
    "the run",
  );
  equal("succeeded", run?.status, "the run");
  equal("string", typeof run?.tunedModel, "the type of the model's name");
}

async function refused(status: number, code: string | undefined, ask: () => Promise<unknown>): Promise<void> {
  const thrown = await ask().then(
    () => undefined,
    (error: unknown) => error as ErrorEscaped,
  );
  if (thrown === undefined) throw new Error(`${status} ${code} did not come`);
  equal(status, thrown.responseStatusCode, `the status of ${code} (${thrown.message})`);
  equal(code, thrown.errorEscaped?.code ?? undefined, `the code of a ${status}`);
}

async function meetErrors(): Promise<void> {
  await refused(400, "bad_idempotency_key", () => reward(1, 1, "k".repeat(256)));
  await refused(404, "run_not_found", () => client.training.byRun_id("run-unknown").get(own));
  await reward(1, 1, "one-key");
  await refused(409, "idempotency_conflict", () => reward(1, -1, "one-key"));
  const tooLong = { agentId: AGENT, userInput: "x".repeat(33 * 1024 * 1024), assistantOutput: "No." };
  await refused(413, "body_too_large", () => client.episodes.post(tooLong));
  await refused(422, "invalid_input", () => reward(1, 5, "another-key"));
  // Without a key the host answers, with no body.
  await refused(401, undefined, () => connect(new AnonymousAuthenticationProvider()).stats.get());
}

await recordAndReward();
await page();
const dataset = await build();
await download(dataset);
await train(dataset);
await meetErrors();
