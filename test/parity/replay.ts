import type { Call, Case, Door, Recorded, Recording, Step } from "./format.ts";
import { Normaliser } from "./normal.ts";

const API = "/runtime/webhooks/durabletask";
const ENDED = new Set(["Completed", "Failed", "Terminated", "Canceled"]);
const POLL_MS = 400;
/** What the instances of `before` get before the case begins. */
const BEFORE_MS = 1500;
/** So many events of a history are recorded. */
const EVENTS_TOLD = 300;
const MOST_PAGES = 60;

interface Reply {
  readonly status: number | string;
  /** Parsed, where it is JSON. */
  readonly body: unknown;
  readonly headers: Headers;
}
interface Shown {
  readonly runtimeStatus?: string;
  readonly historyEvents?: readonly Readonly<Record<string, unknown>>[];
  readonly [member: string]: unknown;
}

/** Sends the recorded cases and calls to a host that runs the probe app, and tells what it answers. */
export class Replay {
  readonly #door: Door;
  readonly #caseRun: string;
  readonly #callRun: string;
  readonly #normal: Normaliser;

  /** @param mark five letters or digits, others for each run on one store */
  constructor(door: Door, mark = Date.now().toString(36).slice(-5)) {
    this.#door = door;
    this.#caseRun = `r${mark}`;
    this.#callRun = `k${mark}`;
    this.#normal = new Normaliser(door.base, [this.#caseRun, this.#callRun]);
  }

  /** @param lanes so many run side by side */
  async cases(list: readonly Case[], lanes: number): Promise<Recording["cases"]> {
    const seen: Record<string, Recorded> = {};
    const waiting = [...list];
    const lane = async () => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift())
        seen[one.name] = await this.#case(one);
    };
    await Promise.all(Array.from({ length: Math.min(lanes, list.length) }, lane));
    return seen;
  }

  /** One after another: each builds on those before. */
  async calls(list: readonly Call[]): Promise<Recording["calls"]> {
    const seen: Record<string, Recorded> = {};
    for (const one of list)
      if ("sleep" in one) await this.#door.sleep(one.sleep);
      else seen[one.name] = { theme: one.theme, ...this.#seenOfCall(await this.#call(one)) };
    return seen;
  }

  async #case(one: Case): Promise<Recorded> {
    const { door, id } = { door: this.#door, id: `${this.#caseRun}-${one.name}` };
    for (const { orchestrator, suffix } of one.before ?? []) {
      await this.#post(`${API}/orchestrators/${orchestrator}/${id}${suffix}`);
      await door.sleep(BEFORE_MS);
    }
    const started = await this.#start(one, id, this.#filled(one.input, id));
    const began = door.now();
    const steps: unknown[] = [];
    for (const step of one.steps ?? []) {
      const told = await this.#step(one, id, step);
      if (told !== undefined) steps.push(this.#normal.value(told));
    }
    let last = await this.#statusOf(id);
    while (
      last.status !== 404 &&
      !ENDED.has((last.body as Shown | null)?.runtimeStatus ?? "") &&
      door.now() - began < one.wait
    ) {
      await door.sleep(POLL_MS);
      last = await this.#statusOf(id);
    }
    const shown = (last.body ?? {}) as Shown;
    const { historyEvents = [], runtimeStatus, name, input, output, customStatus } = shown;
    const isUsual =
      started.status === 202 || (one.sdk === true && (started.body as { ok?: boolean } | null)?.ok === true);
    const isRead = last.status === 200 || last.status === 202;
    return {
      theme: one.theme,
      start: isUsual ? 202 : this.#normal.value([started.status, started.body]),
      http: isRead ? last.status : this.#normal.value([last.status, last.body]),
      ...(this.#normal.value({ runtimeStatus, name, input, output, customStatus }) as object),
      members: isRead ? Object.keys(shown).toSorted().join() : "",
      steps,
      history: historyEvents.slice(0, EVENTS_TOLD).map((event) => this.#normal.event(event)),
    };
  }

  #start(one: Case, id: string, input: unknown): Promise<Reply> {
    if (one.sdk === true)
      return this.#client("startNew", one.orchestrator, {
        instanceId: id,
        ...(input === undefined ? {} : { input }),
      });
    const body = one.raw ?? JSON.stringify(input);
    const headers = { "content-type": one.contentType ?? "application/json" };
    const path = `${API}/orchestrators/${one.orchestrator}/${id}`;
    return this.#send("POST", path, body, body === undefined ? {} : headers);
  }

  /** What is recorded of a step; undefined of one that only waits. */
  async #step(one: Case, id: string, step: Step): Promise<unknown> {
    const at = `${API}/instances/${id}`;
    const told = (kind: string, { status, body, headers }: Reply) => {
      const location = headers.get("location");
      return [kind, status, body, ...(location === null ? [] : [location])];
    };
    if ("sleep" in step) return void (await this.#door.sleep(step.sleep));
    if ("raise" in step) {
      const data = "data" in step ? JSON.stringify(this.#filled(step.data, id)) : undefined;
      return told("raise", await this.#post(`${at}/raiseEvent/${step.raise}`, data));
    }
    if ("manage" in step) {
      const reason = step.reason === undefined ? "" : `?reason=${step.reason}`;
      return told(step.manage, await this.#send("POST", `${at}/${step.manage}${reason}`));
    }
    if ("restart" in step) {
      const query = step.restart === "" ? "" : `?${step.restart}`;
      return told("restart", await this.#send("POST", `${at}/restart${query}`));
    }
    if ("purge" in step) return told("purge", await this.#send("DELETE", at));
    if ("startAgain" in step) {
      const reply = await this.#start(one, id, step.startAgain);
      return told("startAgain", reply.status === 202 ? { ...reply, body: null } : reply);
    }
    const { status, body } = await this.#statusOf(id + step.status);
    const { runtimeStatus = null, output = null, customStatus = null } = (body ?? {}) as Shown;
    return ["status", status, runtimeStatus, output, customStatus];
  }

  async #call(one: Exclude<Call, { sleep: number }>): Promise<Reply> {
    const { method = "GET", path = "", body, headers, sdk, pages } = this.#filled(one) as typeof one;
    if (sdk !== undefined) return this.#client(...sdk);
    if (pages !== true) return this.#send(method, path, body, headers);
    const ids: unknown[][] = [];
    let token = "";
    do {
      const tokens = token === "" ? {} : { "x-ms-continuation-token": token };
      const reply = await this.#send(method, path, undefined, tokens);
      if (!Array.isArray(reply.body)) return reply;
      ids.push((reply.body as { instanceId: unknown }[]).map(({ instanceId }) => instanceId));
      token = reply.headers.get("x-ms-continuation-token") ?? "";
    } while (token !== "" && ids.length < MOST_PAGES);
    const all = ids.flat().map(String).toSorted();
    return { status: 200, body: { pages: ids.length, ids: all }, headers: new Headers() };
  }

  #seenOfCall({ status, body, headers }: Reply): object {
    const listed = (body as { value?: unknown } | null)?.value;
    const own = Array.isArray(body)
      ? this.#ownOf(body)
      : Array.isArray(listed)
        ? { ...(body as object), value: this.#ownOf(listed) }
        : body;
    return this.#normal.value({
      status,
      type: headers.get("content-type")?.replace("; charset=utf-8", ""),
      location: headers.get("location"),
      retryAfter: headers.get("retry-after"),
      more: headers.has("x-ms-continuation-token"),
      body: own,
    }) as object;
  }

  /** Of a list only what the calls made, whatever else the store holds, in the order of ids. */
  #ownOf(list: readonly unknown[]): unknown[] {
    const idOf = (one: unknown) => {
      const { instanceId, entityId } = (one ?? {}) as Record<string, unknown>;
      return JSON.stringify(instanceId ?? entityId ?? one);
    };
    return list
      .filter((one) => JSON.stringify(one).includes(this.#callRun))
      .toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  }

  /** Fills in {base}, {run}, {id} and {pad:x:100} within texts, and { "$repeat": ["x", 5000] }. */
  #filled(value: unknown, id = ""): unknown {
    if (typeof value === "string")
      return value
        .replaceAll("{base}", this.#door.base)
        .replaceAll("{id}", id)
        .replaceAll("{run}", this.#callRun)
        .replaceAll("{RUN}", this.#callRun.toUpperCase())
        .replaceAll(/\{pad:(.):(\d+)\}/g, (_, letter: string, length: string) =>
          this.#callRun.padEnd(Number(length), letter),
        );
    if (Array.isArray(value)) return value.map((one) => this.#filled(one, id));
    if (value === null || typeof value !== "object") return value;
    const { $repeat } = value as { $repeat?: readonly [string, number] };
    if ($repeat !== undefined) return $repeat[0].repeat($repeat[1]);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#filled(one, id)]));
  }

  async #send(
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const init = { method, headers, ...(body === undefined ? {} : { body }), redirect: "manual" as const };
    const reply = await this.#door.send(path, init);
    return { status: reply.status, body: parsed(await reply.text()), headers: reply.headers };
  }

  #post(path: string, body?: string): Promise<Reply> {
    return this.#send("POST", path, body, body === undefined ? {} : { "content-type": "application/json" });
  }

  #client(...[method, ...args]: readonly unknown[]): Promise<Reply> {
    return this.#post("/api/client", JSON.stringify({ method, args }));
  }

  #statusOf(id: string): Promise<Reply> {
    const shown = "showHistory=true&showHistoryOutput=true&showInput=true";
    return this.#send("GET", `${API}/instances/${encodeURIComponent(id)}?${shown}`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
