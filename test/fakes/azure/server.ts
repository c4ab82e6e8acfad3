import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { MODEL_NAMES } from "../../../src/catalog/spelling.ts";
import { type Clock, systemClock } from "../../../src/kernel/clock.ts";
import { silentLogger } from "../../../src/kernel/logger.ts";
import { type Pace, startLocalProvider } from "../../../src/local-provider/start.ts";
import { ACCOUNT, type ArmReply, createArm, GROUP, SUBSCRIPTION } from "./arm.ts";
import { createDataPlane, type WireReply } from "./data-plane.ts";

/** What happens to the next request whose `METHOD path` matches. */
export interface Fault {
  readonly on: RegExp;
  /** A status, or `drop`: the connection ends without an answer. */
  readonly with: number | "drop";
  /** The request is carried out first: only its answer is lost. */
  readonly applied?: boolean;
  readonly retryAfterSeconds?: number;
  /** Requests it meets; 1 if absent. */
  readonly times?: number;
}

export interface FakeAzureOptions {
  readonly clock?: Clock;
  readonly pace?: Partial<Pace>;
  /** Deployments that are there from the start: name → model. */
  readonly deployments?: Readonly<Record<string, string>>;
  /** Asked before every request; answers what is to happen to it. */
  readonly strike?: (line: string) => Omit<Fault, "on"> | undefined;
}

const TOKEN = "token-of-the-fake-identity";
const IDENTITY_HEADER = "header-of-the-fake-identity";

export type FakeAzure = Awaited<ReturnType<typeof startFakeAzure>>;

/**
 * Azure OpenAI, Azure Resource Manager and App Service's identity endpoint on one loopback address, so that the app meets
 * them by its settings alone.
 */
export async function startFakeAzure(options: FakeAzureOptions = {}) {
  const clock = options.clock ?? systemClock;
  const folder = await mkdtemp(path.join(os.tmpdir(), "fake-azure-"));
  const local = await startLocalProvider({
    folder,
    clock,
    logger: silentLogger,
    models: MODEL_NAMES,
    ...(options.pace === undefined ? {} : { pace: options.pace }),
  });
  let origin = "";
  const arm = createArm(clock, () => origin);
  for (const [name, model] of Object.entries(options.deployments ?? {})) arm.add(name, model);
  const data = createDataPlane(arm, local);
  const faults: Fault[] = [];
  const requests: string[] = [];
  const tokens: string[] = [];
  let strike = options.strike;

  function take(line: string): Omit<Fault, "on"> | undefined {
    const struck = strike?.(line);
    if (struck !== undefined) return struck;
    const at = faults.findIndex((fault) => fault.on.test(line));
    const fault = faults[at];
    if (fault === undefined) return undefined;
    if ((fault.times ?? 1) > 1) faults[at] = { ...fault, times: (fault.times ?? 1) - 1 };
    else faults.splice(at, 1);
    return fault;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", origin);
    const line = `${request.method ?? ""} ${url.pathname}`;
    requests.push(line);
    const body = await buffer(request);
    if (url.pathname === "/msi/token") {
      tokens.push(url.searchParams.get("resource") ?? "");
      const known = request.headers["x-identity-header"] === IDENTITY_HEADER;
      const expires_on = String(Math.floor(Date.now() / 1000) + 86_400);
      return reply(response, {
        status: known ? 200 : 401,
        json: known
          ? {
              access_token: TOKEN,
              expires_on,
              resource: url.searchParams.get("resource"),
              token_type: "Bearer",
            }
          : { error: { code: "unauthorized" } },
      });
    }
    const fault = take(line);
    if (fault !== undefined && fault.applied !== true) return fail(response, fault);
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      return reply(response, { status: 401, json: { error: { code: "401", message: "Access denied." } } });
    const answer =
      (await data.answer({
        method: request.method ?? "",
        url,
        contentType: request.headers["content-type"],
        body,
      })) ??
      arm.answer(
        request.method ?? "",
        url.pathname,
        body.length === 0 ? undefined : JSON.parse(body.toString()),
      );
    if (fault !== undefined) return fail(response, fault);
    reply(response, answer ?? { status: 404, json: { error: { code: "NotFound", message: line } } });
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.writeHead(500, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { code: "FakeBroke", message: String(error) } }));
    });
  });
  // As the emulated Cosmos DB: held up together with its client, it ends no connection as idle.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    origin,
    arm,
    data,
    faults,
    requests,
    /** Resources for which the identity was asked for a token. */
    tokens,
    set strike(next: FakeAzureOptions["strike"]) {
      strike = next;
    },
    /** The token itself, for a client that is made by hand. */
    credential: {
      getToken: async () => ({ token: TOKEN, expiresOnTimestamp: Date.now() + 86_400_000 }),
    },
    /** The settings that lead an app here. */
    env: {
      AZURE_OPENAI_ENDPOINT: origin,
      AZURE_SUBSCRIPTION_ID: SUBSCRIPTION,
      AZURE_RESOURCE_GROUP: GROUP,
      AZURE_OPENAI_ACCOUNT: ACCOUNT,
      AZURE_RESOURCE_MANAGER_ENDPOINT: origin,
    },
    /** What App Service gives a process that has an identity; read by @azure/identity itself. */
    identityEnv: {
      IDENTITY_ENDPOINT: `${origin}/msi/token`,
      IDENTITY_HEADER,
      AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
    },
    async close(): Promise<void> {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await local.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function fail(response: ServerResponse, fault: Omit<Fault, "on">): void {
  if (fault.with === "drop") return void response.destroy();
  response.writeHead(fault.with, {
    "content-type": "application/json",
    ...(fault.retryAfterSeconds === undefined ? {} : { "retry-after": String(fault.retryAfterSeconds) }),
  });
  response.end(JSON.stringify({ error: { code: "InjectedFault", message: `an injected ${fault.with}` } }));
}

function reply(response: ServerResponse, answer: ArmReply | WireReply): void {
  if ("body" in answer) {
    response.writeHead(answer.status, answer.headers);
    return void response.end(answer.body);
  }
  response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
  response.end(answer.json === undefined ? undefined : JSON.stringify(answer.json));
}
