import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import { stderrLogger } from "../../src/kernel/logger.ts";
import type { DurableEngine, FunctionInvoker, TypedData } from "../../src/local-host/durable/port.ts";
import { LocalHost, type LocalHostOptions } from "../../src/local-host/local-host.ts";

/**
 * The process that holds a built app for Microsoft's Durable extension, in the place of Microsoft's Node worker: the
 * local host, whose durable engine is the one at the other end. It answers `GET /functions` and `POST /invoke` to that
 * engine, and the app's HTTP functions and `/admin` to everybody.
 *
 *     node bridge.ts --app FOLDER --home FOLDER [--port 7072] [--setup FILE] [--local]
 *
 * `--setup`: a module whose default export gives the local host more options (a change source). `--local`: the local
 * host with its own durable engine, to compare with.
 */
const { values } = parseArgs({
  options: {
    app: { type: "string" },
    home: { type: "string" },
    port: { type: "string", default: "7072" },
    setup: { type: "string" },
    local: { type: "boolean", default: false },
  },
});
const { app: folder, home } = values;
if (folder === undefined || home === undefined) throw new Error("--app and --home are needed");

// The two libraries exactly as they are published, as Microsoft's worker loads them.
process.env.LIGHTNING_HOST_SDK_AS_PUBLISHED = "1";
const logger = stderrLogger("warn");

/** The JSON of the durable client's binding, as the engine made it; it comes with every request of the engine's host. */
let clientBinding = "";
let invoker: FunctionInvoker | undefined;

const elsewhere = (): DurableEngine => ({
  start: async () => undefined,
  stop: async () => undefined,
  handle: async () => ({ status: 404, headers: {}, body: "The durable engine has its own address." }),
  clientBinding: () => clientBinding,
  busy: () => false,
  idle: async () => undefined,
});

const engineElsewhere: LocalHostOptions["engine"] = (options) => {
  invoker = options.invoker;
  return elsewhere();
};
const more =
  values.setup === undefined
    ? {}
    : ((await import(values.setup)) as { default: Partial<LocalHostOptions> }).default;
const host = await LocalHost.start({
  folder,
  home,
  port: 0,
  built: true,
  logger,
  ...(values.local ? {} : { engine: engineElsewhere }),
  ...more,
});

const describe = () =>
  host.plan.durable.map(({ metadata }) => ({
    name: metadata.name,
    bindings: Object.entries(metadata.bindings).map(([name, { type }]) => ({ name, type })),
  }));

/** One call of an orchestrator, activity or entity; `input` is the text that the engine hands to it. */
async function invoke({ name, input }: { readonly name: string; readonly input: string | null }) {
  const result = await invoker?.invoke(name, input === null ? {} : { string: input });
  if (result === undefined) throw new Error("The host has no durable functions.");
  if (!result.ok) return { ok: false, message: result.error.message, stack: result.error.stack ?? "" };
  return { ok: true, ...onTheWire(result.returnValue ?? {}) };
}

function onTheWire(value: TypedData): { kind: string; value?: string } {
  if ("string" in value) return { kind: "string", value: value.string };
  if ("json" in value) return { kind: "json", value: value.json };
  if ("bytes" in value) return { kind: "bytes", value: Buffer.from(value.bytes).toString("base64") };
  if ("int" in value) return { kind: "int", value: sint64(value.int) };
  if ("double" in value) return { kind: "double", value: String(value.double) };
  return { kind: "none" };
}

/** Whole numbers are sint64 between Microsoft's worker and host; its encoder takes the nearest where one does not fit. */
function sint64(value: number): string {
  const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];
  const whole = BigInt(value);
  return String(whole > most ? most : whole < least ? least : whole);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { "x-durable-client": client, ...headers } = request.headers as Record<string, string>;
  if (client !== undefined) clientBinding = Buffer.from(client, "base64").toString("utf8");
  const body = Buffer.concat(await request.toArray());
  const json = (value: unknown) =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
  if (request.url === "/functions") return void json(describe());
  if (request.url === "/invoke") return void json(await invoke(JSON.parse(body.toString("utf8"))));
  const { method = "GET", url = "/" } = request;
  const isEmpty = body.length === 0 || method === "GET" || method === "HEAD";
  const address = `http://${headers.host ?? "localhost"}${url}`;
  const reply = await host.fetch(address, { method, headers, ...(isEmpty ? {} : { body }) });
  response.writeHead(reply.status, [...reply.headers].flat());
  response.end(Buffer.from(await reply.arrayBuffer()));
}

const server = createServer((request, response) => {
  answer(request, response).catch((thrown: unknown) => {
    logger.error(`The bridge failed: ${(thrown as Error).stack ?? String(thrown)}`);
    if (response.headersSent) response.destroy();
    else response.writeHead(500).end();
  });
});
// A kept connection that ends in the moment of a request looks like a worker that died.
server.keepAliveTimeout = 600_000;
server.listen(Number(values.port), "127.0.0.1", () =>
  console.log(`BRIDGE UP on ${values.port}, ${describe().length} durable functions`),
);
