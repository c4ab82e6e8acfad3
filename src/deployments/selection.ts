import type { AgentSettings } from "../config/agent-settings.ts";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";

/** The deployment that the registry's pointer names. */
export interface ActiveModel {
  readonly deployment_id: string;
  readonly deployment_name: string;
}

/** Which model an agent is to call, and why. */
interface ModelSelection {
  readonly model: string;
  readonly source: "registry" | "env" | "base";
  /** The registry could not be asked: this is the last known good answer, or the fallback when none is known. */
  readonly stale: boolean;
  /** The active deployment, when the registry gave the answer. */
  readonly deployment_id?: string | undefined;
}

export interface ModelSelector {
  /** The answer with its source. Never throws: a registry that fails is answered from memory, then from the settings. */
  selectModel(agentId?: string): Promise<ModelSelection>;
  /** The name alone, as an agent needs it. */
  getModelDeployment(agentId?: string): Promise<string>;
  /** The remembered answer if it is still fresh, at once. */
  peek(agentId?: string): ModelSelection | undefined;
  /** Forgets what is remembered of one agent, or of all: the next answer comes from the registry. */
  invalidate(agentId?: string): void;
}

export interface ModelSelectorDeps {
  /** The registry: the agent's active model, or null when it has none. */
  readonly readActive: (agentId: string) => Promise<ActiveModel | null>;
  readonly settings: Pick<
    AgentSettings,
    | "agentId"
    | "useTunedModel"
    | "tunedModelDeploymentName"
    | "baseModelDeployment"
    | "baseModel"
    | "cacheTtlSeconds"
  >;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** After a failed look the registry is left alone this long, so that an outage does not slow every call of the agent. */
const PAUSE_AFTER_FAILURE_MS = 5_000;
/** How long a last known good answer outlives the registry: past a week, "known" is no longer a fair word. */
const LONGEST_STALE_MS = 7 * 24 * 3_600_000;

interface Entry {
  readonly selection: ModelSelection;
  readonly answer: Promise<ModelSelection>;
  readonly name: Promise<string>;
  readonly from: number;
  readonly until: number;
  /** When the registry itself said so; undefined: it never did. */
  readonly knownAt: number | undefined;
}

/**
 * The design's order: the registry's active model, then TUNED_MODEL_DEPLOYMENT_NAME, then the base model; with
 * USE_TUNED_MODEL off the base model alone. Answers, "none" too, are remembered for LIGHTNING_CACHE_TTL; agents that
 * ask at the same time share one look.
 */
export function createModelSelector(deps: ModelSelectorDeps): ModelSelector {
  const { settings, clock, logger } = deps;
  const ttlMs = settings.cacheTtlSeconds * 1000;
  const entries = new Map<string, Entry>();
  const looks = new Map<string, Promise<ModelSelection>>();

  const base: ModelSelection = Object.freeze({
    model: settings.baseModelDeployment ?? settings.baseModel,
    source: "base",
    stale: false,
  });
  const basePromise = Promise.resolve(base);
  const baseName = Promise.resolve(base.model);
  const fallback: ModelSelection =
    settings.tunedModelDeploymentName === undefined
      ? base
      : Object.freeze({ model: settings.tunedModelDeploymentName, source: "env", stale: false });

  function remember(
    agentId: string,
    selection: ModelSelection,
    forMs: number,
    knownAt?: number,
  ): ModelSelection {
    const now = clock.now();
    entries.set(agentId, {
      selection: Object.freeze(selection),
      answer: Promise.resolve(selection),
      name: Promise.resolve(selection.model),
      from: now,
      until: now + forMs,
      knownAt,
    });
    return selection;
  }

  function fresh(agentId: string): Entry | undefined {
    const entry = entries.get(agentId);
    if (entry === undefined) return undefined;
    const now = clock.now();
    // A clock that jumped back must not keep an answer for longer than its time.
    return now < entry.until && now >= entry.from ? entry : undefined;
  }

  async function look(agentId: string): Promise<ModelSelection> {
    const isCurrent = () => looks.get(agentId) === mine;
    const mine: Promise<ModelSelection> = (async () => {
      await Promise.resolve(); // `mine` is set from here on
      try {
        const active = await deps.readActive(agentId);
        const selection: ModelSelection =
          active === null
            ? fallback
            : {
                model: active.deployment_name,
                source: "registry",
                stale: false,
                deployment_id: active.deployment_id,
              };
        return isCurrent() ? remember(agentId, selection, ttlMs, clock.now()) : selection;
      } catch (thrown) {
        const last = entries.get(agentId);
        const now = clock.now();
        const known =
          last?.knownAt !== undefined && now - last.knownAt <= LONGEST_STALE_MS ? last : undefined;
        logger.warn("the registry could not be asked for the active model", {
          agent_id: agentId,
          answer: known === undefined ? "fallback" : "last known good",
          error: messageOf(thrown),
        });
        const selection = { ...(known?.selection ?? fallback), stale: true };
        const pause = Math.min(PAUSE_AFTER_FAILURE_MS, ttlMs);
        return isCurrent() ? remember(agentId, selection, pause, known?.knownAt) : selection;
      } finally {
        if (isCurrent()) looks.delete(agentId);
      }
    })();
    looks.set(agentId, mine);
    return mine;
  }

  function expire(id: string): void {
    // A look under way may have read the old state: it answers its callers and is not remembered.
    looks.delete(id);
    const entry = entries.get(id);
    if (entry !== undefined) entries.set(id, { ...entry, until: entry.from });
  }

  return {
    peek(agentId = settings.agentId) {
      return settings.useTunedModel ? fresh(agentId)?.selection : base;
    },
    selectModel(agentId = settings.agentId) {
      if (!settings.useTunedModel) return basePromise;
      return fresh(agentId)?.answer ?? looks.get(agentId) ?? look(agentId);
    },
    getModelDeployment(agentId = settings.agentId) {
      if (!settings.useTunedModel) return baseName;
      return fresh(agentId)?.name ?? (looks.get(agentId) ?? look(agentId)).then(({ model }) => model);
    },
    invalidate(agentId) {
      if (agentId !== undefined) expire(agentId);
      else for (const id of new Set([...entries.keys(), ...looks.keys()])) expire(id);
    },
  };
}
