import { VirtualClock } from "../kernel/clock.ts";
import { type Logger, silentLogger } from "../kernel/logger.ts";
import type { LoadedApp } from "./core-api/load-app.ts";
import { createDurableEngine, type Mortal } from "./durable/engine.ts";
import type { DurableEngine, DurableHttpResponse, FunctionInvoker } from "./durable/port.ts";
import { createFaults, type FaultKind, type Faults } from "./faults.ts";
import { invokerOf } from "./replay-history.ts";
import { seededRandom } from "./seeded-random.ts";

export interface SimulationOptions {
  readonly app: LoadedApp;
  /** Everything that chance decides follows from it: equal seeds give equal histories. */
  readonly seed: number;
  /** The durable store's file; `:memory:` when no kill is simulated. */
  readonly storeFile: string;
  readonly faults?: Partial<Readonly<Record<FaultKind, number>>>;
  /** Longest delay of a message, in ms of the virtual clock. */
  readonly late?: number;
  /** How often the host is killed, each time at a random await point. */
  readonly kills?: number;
  /** The await point that the first life ends at, in place of a random one. */
  readonly killAt?: number;
  /** Kills fall on the first this many await points of a life. */
  readonly lifespan?: number;
  /** host.json's `extensions.durableTask`. */
  readonly hostJson?: Readonly<Record<string, unknown>>;
  readonly clock?: VirtualClock;
  readonly logger?: Logger;
  /** Sees every call of the app's functions. */
  readonly onInvoke?: (name: string, instanceId: string | undefined, trigger: string) => void;
}

const BASE = "http://localhost:7071/runtime/webhooks/durabletask";

/**
 * A durable engine on a virtual clock with an app's real functions, that is killed and restarted on its store at
 * random (seeded). Nothing in it depends on real time or on sockets, so a seed that fails fails again.
 */
export class Simulation {
  readonly clock: VirtualClock;
  readonly #options: SimulationOptions;
  readonly #random: () => number;
  readonly #invoker: FunctionInvoker;
  #engine: DurableEngine & Mortal;
  #faults: Faults;
  #died: Promise<void>;
  #dead = false;
  /** How often the host was started. */
  lives = 0;

  static async open(options: SimulationOptions): Promise<Simulation> {
    const simulation = new Simulation(options);
    await simulation.#engine.start();
    return simulation;
  }

  private constructor(options: SimulationOptions) {
    this.#options = options;
    this.clock = options.clock ?? new VirtualClock();
    this.#random = seededRandom(options.seed);
    this.#invoker = observed(options);
    ({ engine: this.#engine, faults: this.#faults, died: this.#died } = this.#life());
  }

  #life() {
    const { seed, kills = 0, lifespan = 150, late = 1000, faults: rates } = this.#options;
    const random = this.lives < kills ? 1 + Math.floor(this.#random() * lifespan) : undefined;
    const kill = this.lives === 0 ? (this.#options.killAt ?? random) : random;
    this.lives++;
    this.#dead = false;
    const { promise: died, resolve: tell } = Promise.withResolvers<void>();
    const plan = { seed: seed * 1009 + this.lives, late, kill, ...(rates === undefined ? {} : { rates }) };
    const faults = createFaults(plan, () => {
      this.#dead = true;
      engine.crash();
      tell();
    });
    const engine = createDurableEngine(
      {
        storeFile: this.#options.storeFile,
        invoker: this.#invoker,
        clock: this.clock,
        logger: this.#options.logger ?? silentLogger,
        taskHubName: "Simulation",
        hostJson: this.#options.hostJson ?? {},
        faults,
      },
      { unsynced: true },
    );
    return { engine, faults, died };
  }

  async #revive(): Promise<void> {
    ({ engine: this.#engine, faults: this.#faults, died: this.#died } = this.#life());
    await this.#engine.start();
  }

  /** Await points passed in this life. */
  get points(): number {
    return this.#faults.points;
  }

  /** A request to the extension's HTTP API; undefined when the host died before it answered. */
  async call(method: string, pathAndQuery: string, body?: unknown): Promise<DurableHttpResponse | undefined> {
    while (this.#dead) await this.#revive();
    const [path = "", query = ""] = pathAndQuery.split("?", 2);
    const answer = this.#engine.handle(
      {
        method,
        path,
        query: new URLSearchParams(query),
        headers: { "content-type": "application/json" },
        body: body === undefined ? "" : JSON.stringify(body),
      },
      BASE,
      "",
      "public",
    );
    const first = await Promise.race([answer, this.#died.then(() => undefined)]);
    return this.#dead ? undefined : first;
  }

  /** Asks until it is answered, as a client with retries does. */
  async insist(method: string, pathAndQuery: string, body?: unknown): Promise<DurableHttpResponse> {
    for (;;) {
      const answer = await this.call(method, pathAndQuery, body);
      if (answer !== undefined) return answer;
    }
  }

  /** Runs until nothing is left to do but wait for events; killed hosts are restarted on the way. */
  async settle(): Promise<void> {
    for (;;) {
      while (this.#dead) await this.#revive();
      await this.#engine.idle();
      if (this.#dead) continue;
      if (!this.clock.fireNext()) return;
    }
  }

  async stop(): Promise<void> {
    if (!this.#dead) await this.#engine.stop();
  }
}

function observed({ app, logger = silentLogger, onInvoke }: SimulationOptions): FunctionInvoker {
  const invoker = invokerOf(app, logger);
  if (onInvoke === undefined) return invoker;
  return {
    find: (name, triggerType) => invoker.find(name, triggerType),
    names: (triggerType) => invoker.names(triggerType),
    invoke(name, trigger, metadata) {
      const id = metadata?.instanceId;
      const text = "string" in trigger ? trigger.string : "";
      onInvoke(name, id !== undefined && "string" in id ? id.string : undefined, text);
      return invoker.invoke(name, trigger, metadata);
    },
  };
}
