import { createAgent } from "./agent/agent.ts";
import { agentTools } from "./agent/tools.ts";
import { createActivities } from "./compose/activities.ts";
import { openOperations } from "./compose/operations.ts";
import { type AppOptions, openPorts } from "./compose/ports.ts";
import { createServices } from "./compose/services.ts";
import { workKinds } from "./compose/sweep.ts";
import { unknownSettings } from "./config/unknown-settings.ts";
import { keepInOrder, removeRejected } from "./deployments/upkeep/upkeep.ts";
import type { Orchestrations } from "./doors/operation.ts";
import { createAccess } from "./identity/access.ts";
import { fatal } from "./kernel/errors.ts";
import { ledgerChangeSource } from "./ledger/change-source.ts";
import { containerNames } from "./ledger/containers.ts";
import type { NotifyingLedger } from "./ledger/ledger.ts";
import { startRetraining } from "./pipelines/retraining.ts";
import { createMcpDoor } from "./surfaces/mcp.ts";
import { createWorkloads } from "./workload/workloads.ts";

export type { AppOptions } from "./compose/ports.ts";
export type App = ReturnType<typeof createApp>;

/** Composition: settings → ports → services → operations and activities. */
export function createApp(options: AppOptions = {}) {
  const opened = openPorts(options);
  const { ports, ledger, watched } = opened;
  const { settings, clock, logger } = ports;
  for (const text of unknownSettings()) logger.warn(text);
  const access = createAccess(settings);
  if (access.warning !== undefined) logger.warn(access.warning);
  // Who works when is no change of anybody's: it goes past the watch for the audit log.
  const workloads = createWorkloads({ ledger, clock, settings, kinds: workKinds(ledger) });
  const services = createServices(opened, workloads);
  const { feeds, selector, episodes, upkeep, training } = services;
  const steps = createActivities(opened, services, workloads);
  const records = { takeUp: steps.takeUpRecords, survey: steps.surveyRecords };
  const { operations, atDoor } = openOperations(opened, services, records, workloads);
  const agent = createAgent({ ...ports, selector, episodes, parts: services.parts });

  return {
    settings,
    access,
    telemetry: opened.telemetry,
    clock,
    logger,
    ledger,
    files: ports.files,
    provider: ports.provider,
    services,
    agent,
    operations,
    ...steps,
    feeds: {
      handleEpisodeChanges: (documents: unknown[]) =>
        watched.apart(() => feeds.handleEpisodeChanges(documents)),
      handleRewardChanges: (documents: unknown[]) =>
        watched.apart(() => feeds.handleRewardChanges(documents)),
    },
    mcp: createMcpDoor({
      operations,
      extraTools: agentTools(agent, settings),
      atDoor,
      logger,
      telemetry: opened.telemetry,
      toolSets: settings.mcpTools,
    }),
    /** Looks at every reward that waits for its episode: gives it, or ends it when its time is over. */
    settleWaitingRewards: () => watched.apart(() => services.giving.sweep()),
    removeRejected: () => removeRejected({ upkeep, logger }),
    async keepInOrder(orchestrations: Orchestrations): Promise<void> {
      await steps.forgetOldAnswers();
      await keepInOrder({ upkeep, training, settings, logger }, orchestrations);
    },
    /** A pipeline that nobody works on any more must not keep its agent from being retrained. */
    async startRetraining(orchestrations: Orchestrations): Promise<void> {
      await steps.takeUpRecords(orchestrations);
      await startRetraining(clock, orchestrations);
    },
    /** The ledger's change feeds for the local host; in Azure the triggers read them themselves. */
    changeSource() {
      if (!("onChange" in ledger))
        throw fatal(
          "no_change_source",
          "This ledger does not tell of its writes, which the local host needs.",
        );
      return ledgerChangeSource(ledger as NotifyingLedger, containerNames(settings), opened.positions);
    },
    /** Writes what later reads rely on (the key that continuations are signed with), so that no first read writes. */
    async makeReady(): Promise<void> {
      await opened.signingKey.stored();
    },
    async close(): Promise<void> {
      await agent.close();
      await opened.close();
    },
  };
}

let configured: AppOptions = {};
let current: App | undefined;
/** What kept the app from being composed while its functions were loaded. */
let fault: { readonly thrown: unknown } | undefined;

/** The app of this process, composed on first use: the functions and their host share it. */
export function appOf(): App {
  current ??= createApp(configured);
  return current;
}

/**
 * Registers functions that need the app. Where it cannot be composed (faulty settings, a ledger that cannot be opened)
 * they are left out and nothing is thrown: in Azure one file that throws takes all functions with it.
 */
export function withApp(register: (opened: App) => void): void {
  if (faultOfApp() === undefined) register(appOf());
}

/** Why the app cannot be composed; undefined where it can. It is tried once. */
export function faultOfApp(): { readonly thrown: unknown } | undefined {
  if (current !== undefined || fault !== undefined) return fault;
  try {
    appOf();
  } catch (thrown) {
    fault = { thrown };
  }
  return fault;
}

/** Says what the next `appOf()` is composed of, for tests and for a start with other settings. */
export function configureApp(next: AppOptions): void {
  if (current !== undefined) throw fatal("app_open", "Close the app before it is configured again.");
  configured = next;
  fault = undefined;
}

/** Closes the app of this process, if it was opened. */
export async function closeApp(): Promise<void> {
  const open = current;
  current = undefined;
  await open?.close();
}
