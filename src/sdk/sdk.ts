import path from "node:path";
import { type CaptureHook, createCaptureHook } from "../capture/capture.ts";
import { homeFolder, readSettings, type Settings } from "../config/settings.ts";
import { createModelSelector, type ModelSelector } from "../deployments/selection.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { type Logger, stderrLogger } from "../kernel/logger.ts";
import type { CallOptions } from "./client.ts";
import { createDatasetBuilder } from "./datasets.ts";
import { createDeploymentRegistry } from "./deployments.ts";
import { camelRecord, snakeRecord } from "./names.ts";
import { createRewardWriter } from "./rewards.ts";
import { sendOver } from "./send-captured.ts";
import { createTrainingRunner } from "./training.ts";
import { restTransport, type Transport } from "./transport.ts";

export interface SdkOptions {
  readonly settings?: Settings;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** How operations are reached; absent: REST to LIGHTNING_ENDPOINT or to the local host. */
  readonly transport?: Transport;
  /** Start the function app inside this process when none is in reach. */
  readonly embedded?: boolean;
}

export type Sdk = ReturnType<typeof createSdk>;

/** The SDK over one transport. Nothing is opened or read before the first call. */
export function createSdk(options: SdkOptions = {}) {
  const settings = options.settings ?? readSettings();
  const clock = options.clock ?? systemClock;
  const logger = options.logger ?? stderrLogger("warn");
  const transport = options.transport ?? defaultTransport(settings, options.embedded === true);
  // An agent's calls belong to the agent of its own process, whatever the app's default is.
  const invoke: Transport["invoke"] = (operation, input, callOptions) =>
    transport.invoke(operation, { agent_id: settings.agentId, ...input }, callOptions);

  const selector: ModelSelector = createModelSelector({
    settings,
    clock,
    logger,
    async readActive(agentId) {
      const { body } = await invoke("getActiveDeployment", { agent_id: agentId });
      return body.has_active_deployment === true
        ? { deployment_id: String(body.deployment_id), deployment_name: String(body.deployment_name) }
        : null;
    },
  });
  let hook: CaptureHook | undefined;
  return {
    settings,
    selector,
    /** Made at the first call: it looks for spilled episodes of earlier processes. */
    get captureHook(): CaptureHook {
      hook ??= createCaptureHook({
        settings,
        clock,
        logger,
        send: sendOver(invoke),
        spillFile: path.join(homeFolder(settings), "spill", `${settings.agentId}.jsonl`),
      });
      return hook;
    },
    rewardWriter: createRewardWriter(invoke),
    datasetBuilder: createDatasetBuilder(invoke, clock),
    trainingRunner: createTrainingRunner(invoke, clock, settings.maxWaitMinutes * 60_000),
    deploymentRegistry: createDeploymentRegistry(invoke, clock, (agentId) =>
      selector.invalidate(agentId ?? settings.agentId),
    ),
    /**
     * Any operation of the table by its name, as `reconcileDeployments`; long work answers with its record, which may
     * still be under way. Fields of the input and of the reply are in camelCase, what they hold is as on the wire.
     * @throws LightningError with the operation's codes; fatal `unknown_operation`
     */
    async callOperation(
      name: string,
      input: Readonly<Record<string, unknown>> = {},
      callOptions: Omit<CallOptions, "agentId"> = {},
    ): Promise<Record<string, unknown>> {
      const agentId = settings.agentId;
      return camelRecord(
        (await transport.invoke(name, snakeRecord(input), { ...callOptions, agentId })).body,
      );
    },
    async close(): Promise<void> {
      await hook?.close();
      await transport.close();
    },
  };
}

function defaultTransport(settings: Settings, embedded: boolean): Transport {
  return restTransport({
    settings,
    operations: async () => (await import("../compose/operations.ts")).operationRows(settings),
    findHost: async (home) => (await import("../local-host/home.ts")).findRunningHost(home),
    startEmbedded: embedded
      ? async () => (await import("../start.ts")).startLocal({ port: 0, quiet: true })
      : undefined,
  });
}

let current: Sdk | undefined;
const sdk = (): Sdk => (current ??= createSdk());

/** Sets how this process reaches Agent Lightning; call it before the `get…` functions. */
export function configureLightning(options: SdkOptions): Sdk {
  current = createSdk(options);
  return current;
}

/** Sends what is captured and lets go of the function app. */
export async function closeLightning(): Promise<void> {
  const last = current;
  current = undefined;
  await last?.close();
}

/** Captures what the agent does, without delaying it; does nothing unless ENABLE_LIGHTNING_CAPTURE is on. */
export const getEpisodeCaptureHook = (): CaptureHook => sdk().captureHook;
export const getRewardWriter = () => sdk().rewardWriter;
export const getDatasetBuilder = () => sdk().datasetBuilder;
export const getTrainingRunner = () => sdk().trainingRunner;
export const getDeploymentRegistry = () => sdk().deploymentRegistry;

/** Whatever else the table of operations has: `await callOperation("cleanUpDeployments", { dryRun: true })`. */
export const callOperation: Sdk["callOperation"] = (name, input, options) =>
  sdk().callOperation(name, input, options);

/**
 * The model the agent is to call now: the registry's active one, then TUNED_MODEL_DEPLOYMENT_NAME, then the base model;
 * with USE_TUNED_MODEL off the base model alone. Remembered for LIGHTNING_CACHE_TTL; never throws.
 */
export const getModelDeployment = (agentId?: string): Promise<string> =>
  sdk().selector.getModelDeployment(agentId);
