import type { Settings } from "../config/settings.ts";
import type { Caller, Operation } from "../doors/operation.ts";
import { LOCAL_CALLER } from "../identity/access.ts";
import { agentsOf, EVERY_AGENT } from "../identity/guard.ts";
import type { Clock } from "../kernel/clock.ts";
import { limited } from "../kernel/errors.ts";
import { createRates } from "./rates.ts";

/** What a request costs most of: `work` begins orchestrations. */
type RateClass = "read" | "write" | "work";

export interface RateDeps {
  readonly clock: Clock;
  readonly settings: Pick<
    Settings,
    "agentId" | "websiteSiteName" | "readsPerMinute" | "writesPerMinute" | "workPerMinute"
  >;
}

/** Requests of one caller for one agent in a minute, in Azure; on a machine of one's own there is no limit unless one is set. */
const IN_AZURE: Readonly<Record<RateClass, number>> = { read: 6000, write: 6000, work: 300 };

const NAMES = {
  read: "LIGHTNING_READS_PER_MINUTE",
  write: "LIGHTNING_WRITES_PER_MINUTE",
  work: "LIGHTNING_WORK_PER_MINUTE",
} as const satisfies Record<RateClass, string>;

/**
 * Wraps rows so that no caller asks for more than a minute's share. The account is the caller's with the agent: nobody
 * uses up an agent's share for others. Who has no role for an agent is charged on one account of their own for all such
 * agents, whose names cost nothing to make up. A list of many items is one request, on the account of each agent in it.
 */
export function rateLimited({ clock, settings }: RateDeps) {
  const rates = createRates(clock);
  const set = {
    read: settings.readsPerMinute,
    write: settings.writesPerMinute,
    work: settings.workPerMinute,
  };
  const limitOf = (kind: RateClass): number =>
    set[kind] ?? (settings.websiteSiteName === undefined ? 0 : IN_AZURE[kind]);

  return (operation: Operation): Operation => {
    const kind: RateClass =
      operation.effect === "read" ? "read" : operation.work === undefined ? "write" : "work";
    const perMinute = limitOf(kind);
    if (perMinute === 0) return operation;
    return {
      ...operation,
      run(input, context) {
        const caller = context.caller ?? LOCAL_CALLER;
        const agents = agentsOf(operation, input, settings.agentId);
        const accounts = new Set(
          (agents.length === 0 ? [EVERY_AGENT] : agents).map((agent) =>
            JSON.stringify([kind, ...accountOf(operation, caller, agent)]),
          ),
        );
        const wait = rates.take([...accounts], perMinute);
        if (wait > 0)
          return Promise.reject(
            limited(
              "rate_limited",
              `More than ${perMinute} requests of this kind (${kind}) came within a minute.`,
              {
                remedy: `Ask again after the time given, or let the operator raise ${NAMES[kind]}.`,
                details: { kind, per_minute: perMinute },
                retryAfterMs: wait,
              },
            ),
          );
        return operation.run(input, context);
      },
    };
  };
}

function accountOf({ role }: Operation, caller: Caller, agentId: string): string[] {
  const who = caller.person ?? `(${caller.kind})`;
  const isTheirs = agentId === EVERY_AGENT ? caller.mayAnywhere(role) : caller.may(role, agentId);
  return isTheirs ? [who, agentId] : [who];
}
