import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";
import { freePorts, Program, ROOT, run, scratchFolder } from "./processes.ts";

const HOST = path.join(import.meta.dirname, "host");
const BUILT = path.join(ROOT, "node_modules/.cache/durable-extension");
const DLL = path.join(BUILT, "bin/DurableExtensionHost/release/DurableExtensionHost.dll");
const SDK_NEEDED = 10;
/** No telemetry, no banner, no server that stays behind. */
export const DOTNET = {
  DOTNET_CLI_TELEMETRY_OPTOUT: "1",
  DOTNET_NOLOGO: "1",
  MSBUILDDISABLENODEREUSE: "1",
};

/** Why the host cannot be built here; undefined: it can. */
export async function whyNot(): Promise<string | undefined> {
  const needs = `needs the .NET SDK ${SDK_NEEDED} or newer (https://dotnet.microsoft.com/download)`;
  try {
    const sdks = await run("dotnet", ["--list-sdks"], DOTNET);
    const newest = Math.max(...sdks.split("\n").map((line) => Number.parseInt(line, 10) || 0));
    return newest >= SDK_NEEDED ? undefined : `${needs}, and this machine's newest is ${newest}`;
  } catch {
    return `${needs}, and there is no \`dotnet\` here`;
  }
}

/** Why there cannot be a second host of another name here; undefined: there can. */
export async function whyNoSecondHost(): Promise<string | undefined> {
  const named = run("unshare", ["-u", "sh", "-c", "hostname host-1"]);
  return named.then(
    () => undefined,
    () => "needs the right to give a process a host name of its own (`unshare -u`, as root on Linux)",
  );
}

/**
 * Builds the host with exactly the packages of packages.lock.json.
 * @returns why it cannot be built here: its packages can neither be found nor fetched; undefined: it is built
 */
export async function buildHost(): Promise<string | undefined> {
  const options = ["-p:RestoreLockedMode=true", "-p:UseSharedCompilation=false", "--artifacts-path", BUILT];
  try {
    await run("dotnet", ["build", HOST, "-c", "Release", "-nodeReuse:false", ...options], DOTNET);
    return undefined;
  } catch (thrown) {
    if (!isFeedSilent(thrown)) throw thrown;
    return "needs its packages from nuget.org, which does not answer";
  }
}

/** Whether a build failed for want of its packages: NuGet's word for a feed that does not answer. */
export const isFeedSilent = (thrown: unknown): boolean => String(thrown).includes("NU1301");

export interface RigOptions {
  /** Folder of the built app. */
  readonly app: string;
  /** How many hosts share the task hub, each further one under its own host name; 0: the local host in their place. */
  readonly hosts?: number;
  /** Options of host.json's durableTask in place of the app's own, `key:inner` → value. */
  readonly durable?: Readonly<Record<string, string>>;
  /** Module that tells the bridges more (a change source), and settings of the app. */
  readonly setup?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** One host on Microsoft's extension with the worker (bridge) that holds its app. */
export class Member {
  readonly url: string;
  readonly worker: Program;
  readonly host: Program | undefined;

  constructor(url: string, worker: Program, host?: Program) {
    this.url = url;
    this.worker = worker;
    this.host = host;
  }

  get runs(): boolean {
    return this.worker.runs && this.host?.runs !== false;
  }

  /** Starts what of it does not run. */
  async start(): Promise<void> {
    if (!this.worker.runs) await this.worker.start("BRIDGE UP");
    if (this.host?.runs === false) await this.host.start("HOST UP");
  }

  async end(signal?: "SIGKILL"): Promise<void> {
    await this.host?.end(signal);
    await this.worker.end(signal);
  }
}

/** Azurite and hosts on one empty task hub, in a folder of their own that goes away with them. */
export class Rig {
  readonly folder: string;
  readonly members: readonly Member[];
  readonly #azurite: Program;

  private constructor(folder: string, azurite: Program, members: readonly Member[]) {
    this.folder = folder;
    this.#azurite = azurite;
    this.members = members;
  }

  static async open({ app, hosts = 1, durable = {}, setup, env = {} }: RigOptions): Promise<Rig> {
    const folder = scratchFolder("durable-extension-");
    const count = Math.max(1, hosts);
    const [blob = 0, queue = 0, table = 0, ...ports] = await freePorts(3 + 2 * count);
    const account = "devparity";
    const key = randomBytes(64).toString("base64");
    const places = {
      location: path.join(folder, "azurite"),
      blobPort: blob,
      queuePort: queue,
      tablePort: table,
    };
    const azurite = new Program(
      process.execPath,
      [
        path.join(ROOT, "node_modules/azurite/dist/src/azurite.js"),
        "--silent",
        "--skipApiVersionCheck",
        "--disableTelemetry",
        ...Object.entries(places).flatMap(([name, value]) => [`--${name}`, String(value)]),
      ],
      { AZURITE_ACCOUNTS: `${account}:${key}` },
    );
    const endpoints = Object.entries({ Blob: blob, Queue: queue, Table: table })
      .map(([service, port]) => `${service}Endpoint=http://127.0.0.1:${port}/${account}`)
      .join(";");
    const storage = `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};${endpoints}`;
    const options = Object.entries(durable).map(([name, value]) => `${name}=${value}`);

    const members = Array.from({ length: count }, (_, n) => {
      const [hostPort, bridgePort] = [ports[2 * n], ports[2 * n + 1]];
      const home = path.join(folder, `worker-${n}`);
      const bridge = [path.join(import.meta.dirname, "bridge.ts"), "--app", app, "--home", home, "--port"];
      bridge.push(String(bridgePort));
      if (setup !== undefined) bridge.push("--setup", setup);
      if (hosts === 0) bridge.push("--local");
      // What the app leaves among temporary files goes away with the rest.
      const worker = new Program(process.execPath, bridge, { ...env, TMPDIR: folder });
      if (hosts === 0) return new Member(`http://127.0.0.1:${bridgePort}`, worker);
      // Hosts of one name take themselves for one host, and both for the owner of every partition.
      const [file, ...args] =
        n === 0
          ? ["dotnet", DLL]
          : ["unshare", "-u", "sh", "-c", `hostname host-${n}; exec dotnet "$0"`, DLL];
      const host = new Program(file ?? "", args, {
        ...DOTNET,
        Logging__LogLevel__Default: "Warning",
        HOST_PORT: `${hostPort}`,
        BRIDGE_URL: `http://127.0.0.1:${bridgePort}`,
        APP_DIR: app,
        DURABLE_OPTIONS: options.join(";"),
        AzureWebJobsStorage: storage,
      });
      return new Member(`http://127.0.0.1:${hostPort}`, worker, host);
    });
    const rig = new Rig(folder, azurite, members);
    try {
      if (hosts > 0) await azurite.start("Azurite Table service is successfully listening");
      await Promise.all(members.map((member) => member.start()));
      return rig;
    } catch (thrown) {
      await rig.close();
      throw thrown;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.end("SIGKILL")));
    await this.#azurite.end("SIGKILL");
    await rm(this.folder, { recursive: true, force: true });
  }
}
