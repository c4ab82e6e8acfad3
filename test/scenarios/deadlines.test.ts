import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { connectToolServers } from "../../src/agent/tool-servers.ts";
import { readSettings } from "../../src/config/settings.ts";
import { blobFiles } from "../../src/files/blob.ts";
import { armHostingFromSettings } from "../../src/hosting/arm/hosting.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openCosmosLedger } from "../../src/ledger/cosmos/open.ts";
import { provisionCosmos } from "../../src/ledger/cosmos/provision.ts";
import { verifyContainers } from "../../src/ledger/cosmos/verify.ts";
import { providerFromSettings } from "../../src/provider/from-settings.ts";
import { run } from "../contracts/ledger/samples.ts";
import { type FakeCosmos, startFakeCosmos } from "../fakes/cosmos/server.ts";
import { type SilentServer, startSilentServer } from "../fakes/silent.ts";
import { makeContainers, settingsFor } from "../ledger/cosmos/world.ts";

jest.setTimeout(60_000);

/** What each may take here, and a busy machine's share on top. */
const SECONDS = "0.3";
const MOST_MS = 5_000;

let cosmos: FakeCosmos;
let ledger: ReturnType<typeof openCosmosLedger>;
let silent: SilentServer;
/** Begins the answer of a file and a list, and stops. */
let stopping: SilentServer;
let folder: string;

beforeAll(async () => {
  cosmos = await startFakeCosmos();
  const settings = settingsFor(cosmos.endpoint, cosmos.key, { LIGHTNING_LEDGER_TIMEOUT_SECONDS: SECONDS });
  await makeContainers(cosmos.endpoint, cosmos.key, settings);
  ledger = openCosmosLedger({ settings, clock: systemClock });
  await ledger.create("runs", run("a", "r1"));
  await ledger.count("episodes", {});
  silent = await startSilentServer();
  stopping = await startSilentServer(() => ({
    headers: { "content-type": "application/octet-stream", "content-length": "1000", etag: '"1"' },
    body: "begun",
  }));
  folder = await mkdtemp(path.join(os.tmpdir(), "deadlines-"));
});
afterAll(async () => {
  cosmos.faults.clear();
  await ledger.close();
  await Promise.all([cosmos.close(), silent.close(), stopping.close()]);
  await rm(folder, { recursive: true, force: true });
});

async function drain(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
}
const content = () => Readable.from([Buffer.from("line\n")]);

const files = ({ endpoint }: SilentServer) =>
  blobFiles({
    filesUri: undefined,
    filesConnectionString: `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=${Buffer.from("key").toString("base64")};BlobEndpoint=${endpoint}/devstoreaccount1;`,
    filesContainer: "datasets",
    filesTimeoutSeconds: Number(SECONDS),
  });
const provider = ({ endpoint }: SilentServer) => {
  const settings = readSettings({
    AZURE_OPENAI_ENDPOINT: endpoint,
    AZURE_OPENAI_API_KEY: "key",
    // A chat takes three, an upload ten times as long.
    LIGHTNING_PROVIDER_TIMEOUT_SECONDS: "0.1",
  });
  const made = providerFromSettings(settings, { logger: silentLogger });
  if (made === undefined) throw new Error("the settings name no provider");
  return made;
};
const hosting = (
  endpoint: string,
  getToken: () => Promise<{ token: string; expiresOnTimestamp: number }>,
) => {
  const settings = readSettings({
    AZURE_SUBSCRIPTION_ID: "s",
    AZURE_RESOURCE_GROUP: "g",
    AZURE_OPENAI_ACCOUNT: "a",
    AZURE_RESOURCE_MANAGER_ENDPOINT: endpoint,
    LIGHTNING_ARM_TIMEOUT_SECONDS: SECONDS,
  });
  const made = armHostingFromSettings(settings, { getToken });
  if (made === undefined) throw new Error("the settings name no account");
  return made;
};
const token = async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 });
const REQUEST = { name: "n", model: "m", format: "OpenAI", sku: "GlobalStandard", capacity: 1 };
const tools = async () => {
  const file = path.join(folder, "servers.json");
  await writeFile(file, JSON.stringify({ mcpServers: { quiet: { url: `${silent.endpoint}/mcp` } } }));
  return connectToolServers(file, silentLogger, Number(SECONDS));
};
/** The account stands still from here on. */
const still = async <T>(work: () => Promise<T>): Promise<T> => {
  cosmos.faults.add({ on: /./, with: "never", times: Number.POSITIVE_INFINITY });
  try {
    return await work();
  } finally {
    cosmos.faults.clear();
  }
};
const account = () => settingsFor(silent.endpoint, cosmos.key, { LIGHTNING_LEDGER_TIMEOUT_SECONDS: SECONDS });

/** What is asked of whom, and the error it has to end with. */
const CALLS: Record<string, readonly [code: string, call: () => Promise<unknown>]> = {
  "ledger: a read": ["ledger_timeout", () => still(() => ledger.read("runs", ["a"], "r1"))],
  "ledger: a create": ["ledger_timeout", () => still(() => ledger.create("runs", run("a", "r2")))],
  "ledger: an upsert": ["ledger_timeout", () => still(() => ledger.upsert("runs", run("a", "r1")))],
  "ledger: a replace": ["ledger_timeout", () => still(() => ledger.replace("runs", run("a", "r1")))],
  "ledger: a patch": [
    "ledger_timeout",
    () => still(() => ledger.patch("runs", ["a"], "r1", [{ op: "set", field: "n", value: 1 }])),
  ],
  "ledger: a delete": ["ledger_timeout", () => still(() => ledger.delete("runs", ["a"], "r1"))],
  "ledger: a batch": [
    "ledger_timeout",
    () => still(() => ledger.batch("runs", ["a"], [{ op: "delete", id: "r1" }])),
  ],
  "ledger: a bulk write": [
    "ledger_timeout",
    async () => {
      const [result] = await still(() => ledger.bulk("runs", "create", [run("a", "r3")]));
      if (result?.ok === false) throw result.error;
    },
  ],
  "ledger: a query": ["ledger_timeout", () => still(() => ledger.query("runs", { pk: ["a"], limit: 1 }))],
  "ledger: a query over all partitions": [
    "ledger_timeout",
    () => still(() => ledger.query("episodes", { limit: 1 })),
  ],
  "ledger: a count": ["ledger_timeout", () => still(() => ledger.count("episodes", { pk: ["a"] }))],
  "ledger: the change feed": ["ledger_timeout", () => still(() => ledger.changes("runs", { limit: 1 }))],
  "ledger: what is pending": ["ledger_timeout", () => still(() => ledger.pending("runs", undefined))],
  "ledger: the end of the feed": ["ledger_timeout", () => still(() => ledger.feedEnd("runs"))],
  "ledger: the place of the triggers": [
    "ledger_timeout",
    () => still(() => ledger.triggerPosition("runs", "x-")),
  ],
  "ledger: a ping": ["ledger_timeout", () => still(() => ledger.ping())],
  "ledger: provisioning": ["ledger_timeout", () => provisionCosmos(account())],
  "ledger: verification": ["ledger_timeout", () => verifyContainers(account())],
  "files: a write": ["files_timeout", () => files(silent).write("d/one", content())],
  "files: a read": ["files_timeout", () => drain(files(silent).read("d/one"))],
  "files: a read that stops in the middle": ["files_timeout", () => drain(files(stopping).read("d/one"))],
  "files: a part of a file": ["files_timeout", () => files(silent).readRange("d/one", 0, 10)],
  "files: a size": ["files_timeout", () => files(silent).stat("d/one")],
  "files: a list": ["files_timeout", () => files(silent).list("d/")],
  "files: a removal": ["files_timeout", () => files(silent).delete("d/one")],
  "provider: an upload": [
    "provider_timeout",
    () => provider(silent).uploadFile({ name: "one.jsonl", content: content() }),
  ],
  "provider: the files": ["provider_timeout", () => drain(provider(silent).listFiles())],
  "provider: a file": ["provider_timeout", () => provider(silent).readFile("f")],
  "provider: a file's content": ["provider_timeout", () => drain(provider(silent).fileContent("f"))],
  "provider: a content that stops in the middle": [
    "provider_timeout",
    () => drain(provider(stopping).fileContent("f")),
  ],
  "provider: the removal of a file": ["provider_timeout", () => provider(silent).deleteFile("f")],
  "provider: a job to be made": [
    "provider_timeout",
    () => provider(silent).createJob({ model: "m", trainingFile: "f" } as never),
  ],
  "provider: the jobs": ["provider_timeout", () => drain(provider(silent).listJobs())],
  "provider: a job": ["provider_timeout", () => provider(silent).readJob("j")],
  "provider: the end of a job": ["provider_timeout", () => provider(silent).cancelJob("j")],
  "provider: the removal of a job": [
    "provider_timeout",
    async () => {
      await provider(silent).deleteJob?.("j");
    },
  ],
  "provider: events": ["provider_timeout", () => drain(provider(silent).listEvents("j"))],
  "provider: checkpoints": ["provider_timeout", () => drain(provider(silent).listCheckpoints("j"))],
  "provider: a chat": [
    "provider_timeout",
    () => provider(silent).chat({ model: "m", messages: [{ role: "user", content: "?" }] }),
  ],
  "provider: a ping": ["provider_timeout", () => provider(silent).ping()],
  "hosting: a deployment": ["hosting_timeout", () => hosting(silent.endpoint, token).read("n")],
  "hosting: the making of one": ["hosting_timeout", () => hosting(silent.endpoint, token).begin(REQUEST)],
  "hosting: a look at it": ["hosting_timeout", () => hosting(silent.endpoint, token).look(REQUEST)],
  "hosting: the removal of one": ["hosting_timeout", () => hosting(silent.endpoint, token).remove("n")],
  "hosting: the deployments": ["hosting_timeout", () => drain(hosting(silent.endpoint, token).list())],
  "hosting: the models": ["hosting_timeout", () => drain(hosting(silent.endpoint, token).offered())],
  "hosting: a token that does not come": [
    "hosting_timeout",
    () => hosting(silent.endpoint, () => new Promise(() => {})).read("n"),
  ],
  "tools: a server": ["tool_server_down", tools],
};

test.each(Object.keys(CALLS))("%s that nobody answers ends by its deadline, with its name", async (what) => {
  const [code, call] = CALLS[what] ?? ["", async () => {}];
  const began = performance.now();
  await expect(call()).rejects.toMatchObject({ kind: "unavailable", code });
  expect(performance.now() - began).toBeLessThan(MOST_MS);
});

test.each(Object.keys(CALLS).filter((what) => !what.startsWith("ledger")))(
  "%s that nobody answers leaves no connection open",
  async (what) => {
    await expect(CALLS[what]?.[1]()).rejects.toMatchObject({ kind: "unavailable" });
    await Promise.all([silent.left(), stopping.left()]);
  },
  3 * MOST_MS,
);

test("a write that was cut off is told as one that may have been done, a read is not", async () => {
  await expect(still(() => ledger.create("runs", run("a", "cut")))).rejects.toMatchObject({
    ambiguous: true,
    retryAfterMs: expect.any(Number),
  });
  await expect(still(() => ledger.count("runs", {}))).rejects.toMatchObject({ ambiguous: false });
});

test("what the service was asked for ends with the operation: nothing goes on in the background", async () => {
  cosmos.faults.add({ on: /pkranges|docs/, with: 410, times: Number.POSITIVE_INFINITY });
  await expect(ledger.count("episodes", {})).rejects.toMatchObject({ code: "ledger_timeout" });
  const asked = cosmos.requests.length;
  // Some time passes, measured in round trips.
  for (let n = 0; n < 50; n++) await ledger.ping();
  expect(cosmos.requests.length - asked).toBeLessThanOrEqual(51);
  cosmos.faults.clear();
});
