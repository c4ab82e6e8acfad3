import { randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { type Clock, sleep } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { sha256 } from "../kernel/hashing.ts";
import type { Logger } from "../kernel/logger.ts";
import { closedFile, closedFolder } from "../kernel/private-files.ts";
import { createChat } from "./chat.ts";
import { doorOf, inWords } from "./doors.ts";
import { type Fault, takeFault } from "./faults.ts";
import { createFiles } from "./files.ts";
import { readRequest, send, WireError, type WireReply } from "./http.ts";
import type { Pace } from "./job-run.ts";
import { createJobRunner } from "./jobs.ts";
import { createModels } from "./models.ts";
import { createRoutes } from "./routes.ts";
import { openStore } from "./store.ts";

export type { Fault } from "./faults.ts";
export type { Pace } from "./job-run.ts";

export interface LocalProviderOptions {
  /** Files, jobs, models and the key live here; one process at a time. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0 (the default): any free port. */
  readonly port?: number;
  /** Names that the untrained model answers to; others are not found. */
  readonly models: readonly string[];
  readonly pace?: Partial<Pace>;
  /** For tests: what shall go wrong; the queue may be filled while the server runs. */
  readonly faults?: Fault[];
}

export interface LocalProvider {
  /** `http://127.0.0.1:PORT/v1`: OpenAI's vocabulary; Azure's is at `/openai/v1` of the same port. */
  readonly baseURL: string;
  readonly apiKey: string;
  /** The file that holds the key. */
  readonly keyFile: string;
  /** Stops serving; unfinished jobs go on at the next start. */
  close(): Promise<void>;
}

/** The connection ends without an answer. */
class Dropped extends Error {}

const PACE: Pace = { fileMs: 10, validatingMs: 20, queuedMs: 20, epochMs: 0 };

/**
 * An OpenAI-wire server on loopback: files, fine-tuning and chat, with a small model that is really trained. It knows
 * nothing of what it is used for.
 */
export async function startLocalProvider(options: LocalProviderOptions): Promise<LocalProvider> {
  const { folder, clock, logger, faults = [] } = options;
  const pace = { ...PACE, ...options.pace };
  const told = closedFolder(folder);
  if (told !== undefined) logger.warn(told);
  const keyFile = path.join(folder, "api-key");
  const apiKey = await readKey(keyFile);
  const store = openStore(path.join(folder, "provider.sqlite"));
  const files = createFiles({ folder, store, clock, logger, checkAfterMs: pace.fileMs });
  const jobs = createJobRunner({ store, files, clock, logger, pace });
  const models = createModels(store, options.models, Math.floor(clock.now() / 1000));
  const route = createRoutes({ store, files, jobs, models, clock, chat: createChat({ models, clock }) });

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    response.setHeader("x-request-id", `req_${randomUUID().replaceAll("-", "")}`);
    let fault: Fault | undefined;
    try {
      checkHost(request.headers.host);
      checkKey(request.headers, apiKey);
      const door = doorOf(url);
      if ("nowhere" in door)
        throw new WireError(
          404,
          "unknown_url",
          `Unknown request URL: ${request.method} ${url.pathname}. ${door.nowhere}`,
        );
      const wire = readRequest(request, url, door);
      fault = takeFault(faults, wire.method, wire.path);
      if (fault?.kind === "drop") throw new Dropped();
      if (fault?.kind === "slow") await sleep(clock, fault.delayMs ?? 0);
      if (fault?.kind === "status") throw faultError(fault);
      const answered = await route(wire);
      const reply = "json" in answered ? { ...answered, json: inWords(door, answered.json) } : answered;
      if (fault?.kind === "lose_response") throw new Dropped();
      if (fault?.kind === "status_after") throw faultError(fault);
      await send(response, fault?.kind === "job_status" ? withStatus(reply, fault.value) : reply);
    } catch (error) {
      if (response.headersSent || error instanceof Dropped) {
        request.socket.destroy();
        return;
      }
      if (!(error instanceof WireError))
        logger.error("the local provider broke", { url: url.pathname, error: messageOf(error) });
      const wire =
        error instanceof WireError ? error : new WireError(500, "server_error", "The local provider broke.");
      response.writeHead(wire.status, { "content-type": "application/json", ...wire.headers });
      response.end(JSON.stringify(wire.toBody()));
    }
  };
  const server = createServer((request, response) => void handle(request, response));
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port ?? 0, "127.0.0.1", resolve);
    });
  } catch (thrown) {
    store.close();
    throw thrown;
  }
  files.resume();
  jobs.resume();
  const { port } = server.address() as AddressInfo;
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    apiKey,
    keyFile,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await jobs.close();
      await files.close();
      store.close();
    },
  };
}

/** The key of an earlier start, else a new one that only this user can read. */
async function readKey(file: string): Promise<string> {
  closedFile(file);
  try {
    const key = (await readFile(file, "utf8")).trim();
    if (key !== "") return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const key = `local-${randomBytes(24).toString("hex")}`;
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, key, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, file);
  return key;
}

/** A foreign Host means a web page that had its name resolved to loopback (DNS rebinding). */
function checkHost(host: string | undefined): void {
  const name = (host ?? "").replace(/:\d+$/, "");
  if (!["127.0.0.1", "localhost", "[::1]"].includes(name))
    throw new WireError(403, "foreign_host", "This server only answers on loopback names.");
}

function checkKey(headers: IncomingMessage["headers"], apiKey: string): void {
  const bearer = headers.authorization?.replace(/^Bearer\s+/i, "");
  const given = bearer ?? headers["api-key"];
  // Hashes have one length, which a comparison in constant time needs.
  const same =
    typeof given === "string" && timingSafeEqual(Buffer.from(sha256(given)), Buffer.from(sha256(apiKey)));
  if (!same) throw new WireError(401, "invalid_api_key", "Incorrect API key provided.");
}

function faultError(fault: Fault): WireError {
  return new WireError(fault.status ?? 500, "injected_fault", "A fault that a test asked for.", {
    headers: fault.retryAfterSeconds === undefined ? {} : { "retry-after": String(fault.retryAfterSeconds) },
  });
}

function withStatus(reply: WireReply, status: string | undefined): WireReply {
  return "json" in reply ? { json: { ...(reply.json as object), status } } : reply;
}
