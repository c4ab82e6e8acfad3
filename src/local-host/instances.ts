import { existsSync } from "node:fs";
import { systemClock } from "../kernel/clock.ts";
import { notFound } from "../kernel/errors.ts";
import { silentLogger } from "../kernel/logger.ts";
import { createDurableEngine } from "./durable/engine.ts";
import { claimHome, homeFiles } from "./home.ts";

/** One instance, as the management API lists it. */
export interface InstanceLine {
  readonly instanceId: string;
  readonly name: string;
  readonly runtimeStatus: string;
  readonly createdTime: string;
  readonly lastUpdatedTime: string;
}

/** Which instances; what is absent does not narrow. */
interface InstanceSelection {
  readonly statuses?: readonly string[] | undefined;
  /** What their ids begin with. */
  readonly prefix?: string | undefined;
}

/** What became of the instances that were named, by id. */
export interface Done {
  readonly done: readonly string[];
  /** It had ended before or is an entity (terminate), or has not ended (purge). */
  readonly not: readonly string[];
  readonly missing: readonly string[];
}

export interface OfflineInstances extends AsyncDisposable {
  list(selection?: InstanceSelection): AsyncGenerator<InstanceLine>;
  terminate(ids: readonly string[], reason: string): Promise<Done>;
  purge(ids: readonly string[]): Promise<Done>;
}

interface Purged {
  readonly instancesDeleted: number;
}

const BASE = "http://localhost/runtime/webhooks/durabletask";
const PAGE = 1000;
/** Sent side by side: they share the sync of the disk. */
const AT_ONCE = 200;

/**
 * The instances of a home that no host holds, without the app they belong to: for one whose orchestrations keep its host
 * from work. Children of what is terminated are instances of their own.
 * @throws conflict `home_in_use`, fatal `home_unusable`, not_found `no_instances`
 */
export async function openInstances(home: string): Promise<OfflineInstances> {
  const { durableStore: storeFile } = homeFiles(home);
  if (!existsSync(storeFile))
    throw notFound("no_instances", `No orchestrations were kept in ${home}.`, {
      remedy: "Name the folder that the host had as its home (--home).",
    });
  const letGo = claimHome(home, { pid: process.pid, url: "http://127.0.0.1:0" });
  const engine = createDurableEngine({
    storeFile,
    invoker: {
      find: () => undefined,
      names: () => [],
      invoke: async () => ({ ok: false, error: new Error("paused") }),
    },
    clock: systemClock,
    logger: silentLogger,
    taskHubName: "Offline",
    paused: true,
  });
  try {
    await engine.start();
  } catch (thrown) {
    letGo();
    throw thrown;
  }
  const ask = (method: string, path: string, query = "", headers: Record<string, string> = {}) =>
    engine.handle({ method, path, query: new URLSearchParams(query), headers, body: "" }, BASE, "", "public");

  async function each(ids: readonly string[], send: (id: string) => Promise<number>): Promise<Done> {
    const statuses: number[] = [];
    for (let at = 0; at < ids.length; at += AT_ONCE)
      statuses.push(...(await Promise.all(ids.slice(at, at + AT_ONCE).map(send))));
    const those = (is: (status: number) => boolean) => ids.filter((_, at) => is(statuses[at] ?? 0));
    return {
      done: those((status) => status < 300),
      not: those((status) => status >= 300 && status !== 404),
      missing: those((status) => status === 404),
    };
  }

  return {
    async *list({ statuses = [], prefix } = {}) {
      const query = new URLSearchParams({ top: String(PAGE), showInput: "false" });
      for (const status of statuses) query.append("runtimeStatus", status);
      if (prefix !== undefined) query.set("instanceIdPrefix", prefix);
      for (let token: string | undefined = ""; token !== undefined; ) {
        const page = await ask(
          "GET",
          "instances",
          query.toString(),
          token === "" ? {} : { "x-ms-continuation-token": token },
        );
        const body = [page.body, ...(page.more ?? [])].join("");
        yield* JSON.parse(body) as InstanceLine[];
        token = page.headers["x-ms-continuation-token"] || undefined;
      }
    },
    async terminate(ids, reason) {
      const query = new URLSearchParams({ reason }).toString();
      const told = await each(
        ids,
        async (id) => (await ask("POST", `instances/${encodeURIComponent(id)}/terminate`, query)).status,
      );
      await engine.idle();
      return told;
    },
    purge: (ids) =>
      each(ids, async (id) => {
        const { status, body } = await ask("DELETE", `instances/${encodeURIComponent(id)}`);
        // Of an entity that is not there the API says 200, and that it purged none.
        return status === 200 && (JSON.parse(body) as Purged).instancesDeleted === 0 ? 404 : status;
      }),
    async [Symbol.asyncDispose]() {
      await engine.stop();
      letGo();
    },
  };
}
