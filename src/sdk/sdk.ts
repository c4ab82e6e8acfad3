import path from "node:path";
import { type CaptureHook, createCaptureHook } from "../capture/capture.ts";
import { type AgentSettings, readAgentSettings } from "../config/agent-settings.ts";
import { homeFolder } from "../config/home-folder.ts";
import { createModelSelector, type ModelSelector } from "../deployments/selection.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { type Logger, stderrLogger } from "../kernel/logger.ts";
import { findRunningHost } from "../local-host/find-host.ts";
import type { OperationName } from "../wire/table.ts";
import type { CallOptions } from "./client.ts";
import { createDatasetBuilder } from "./datasets.ts";
import { createDeploymentRegistry } from "./deployments.ts";
import type { InputOf, ReplyOf } from "./names.ts";
import { createRewardWriter } from "./rewards.ts";
import { sendOver, storePartOver } from "./send-captured.ts";
import { createTrainingRunner } from "./training.ts";
import { invokeOver, restTransport, type Transport } from "./transport.ts";

export interface SdkOptions {
  /** What differs from the environment's settings. */
  readonly settings?: Partial<AgentSettings>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** How operations are reached; absent: REST to LIGHTNING_ENDPOINT or to the local host. */
  readonly transport?: Transport;
}

/** An input that may be empty may be left out. */
type CallArguments<N extends OperationName> =
  Record<string, never> extends InputOf<N>
    ? [input?: InputOf<N>, options?: CallOptions]
    : [input: InputOf<N>, options?: CallOptions];

export type Sdk = ReturnType<typeof createSdk>;

/** The SDK over one transport. Nothing is opened or read before the first call. */
export function createSdk(options: SdkOptions = {}) {
  const settings: AgentSettings = { ...readAgentSettings(), ...options.settings };
  const clock = options.clock ?? systemClock;
  const logger = options.logger ?? stderrLogger("warn");
  const transport = options.transport ?? restTransport({ settings, findHost: findRunningHost });
  // An agent's calls belong to the agent of its own process, whatever the app's default is.
  const invoke = invokeOver(transport, settings.agentId, clock);

  const selector: ModelSelector = createModelSelector({
    settings,
    clock,
    logger,
    async readActive(agentId) {
      const { body } = await invoke("getActiveDeployment", { agentId });
      return body.hasActiveDeployment
        ? { deployment_id: String(body.deploymentId), deployment_name: String(body.deploymentName) }
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
        storePart: storePartOver(invoke),
        limits: { maxQueuedBytes: settings.captureMemoryMb * 1024 * 1024 },
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
    async callOperation<N extends OperationName>(
      name: N,
      ...[input, callOptions]: CallArguments<N>
    ): Promise<ReplyOf<N>> {
      return (await invoke(name, (input ?? {}) as InputOf<N>, callOptions)).body;
    },
    async close(): Promise<void> {
      await hook?.close();
      await transport.close();
    },
  };
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
export const callOperation: Sdk["callOperation"] = (name, ...rest) => sdk().callOperation(name, ...rest);

/**
 * The model the agent is to call now: the registry's active one, then TUNED_MODEL_DEPLOYMENT_NAME, then the base model;
 * with USE_TUNED_MODEL off the base model alone. Remembered for LIGHTNING_CACHE_TTL; never throws.
 */
export const getModelDeployment = (agentId?: string): Promise<string> =>
  sdk().selector.getModelDeployment(agentId);
