import { stderrLogger } from "../kernel/logger.ts";
import { assemble, type Parts, runBackwards } from "./assemble.ts";
import type { LoadedApp } from "./core-api/load-app.ts";
import type { FunctionPlan } from "./function-plan.ts";
import { fetchThrough } from "./http/fetch.ts";
import type { HostKeys } from "./http/keys.ts";
import type { Router } from "./http/router.ts";
import type { LocalHostOptions } from "./options.ts";
import type { SettleOptions } from "./settle.ts";

export { findRunningHost, type RunningHost } from "./home.ts";
export type { LocalHostOptions };

/** Runs a Functions app in this process: HTTP, timers, change feeds and Durable Functions, with no Core Tools. */
export class LocalHost {
  static async start(options: LocalHostOptions): Promise<LocalHost> {
    const undo: (() => unknown)[] = [];
    try {
      return new LocalHost(await assemble(options, undo));
    } catch (thrown) {
      await runBackwards(undo, options.logger ?? stderrLogger());
      throw thrown;
    }
  }

  readonly #parts: Parts;
  #stopped: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** `http://localhost:PORT` */
  get baseUrl(): string {
    return this.#parts.baseUrl;
  }

  get app(): LoadedApp {
    return this.#parts.app;
  }

  /** What was made of each function. */
  get plan(): FunctionPlan {
    return this.#parts.plan;
  }

  get router(): Router {
    return this.#parts.router;
  }

  /** The access keys, when the host asks for them. */
  get keys(): HostKeys | undefined {
    return this.#parts.keys;
  }

  /** Sends a request through the routes, keys and guards included, without a socket. */
  fetch(address: string, init?: RequestInit): Promise<Response> {
    return fetchThrough(this.#parts.handler, this.baseUrl, address, init);
  }

  /** Runs a timer, change feed or other non-HTTP function now, with this text as its trigger's value. */
  trigger(name: string, input = ""): boolean {
    return this.#parts.trigger(name, input);
  }

  /** When a timer runs next, ms since the epoch; undefined while it runs, and when it never does. */
  nextRun(name: string): number | undefined {
    return this.#parts.nextRun(name);
  }

  /**
   * With a virtual clock: lets hours pass in milliseconds until the condition holds, or until the promise (a `fetch`
   * whose function waits for the clock) ends, and gives the promise's value.
   */
  until<T>(goal: Promise<T> | (() => boolean | Promise<boolean>), options?: SettleOptions): Promise<T> {
    return this.#parts.settler.until(goal, options);
  }

  /** Lets time pass until nothing runs and no orchestration waits for a timer. */
  settle(options?: SettleOptions): Promise<void> {
    for (const feed of this.#parts.feeds) feed.wake();
    return this.#parts.settler.settle(options);
  }

  /** Takes nothing new, lets what runs end (at most 30 s), then closes everything. */
  stop(): Promise<void> {
    this.#stopped ??= this.#parts.stop();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
