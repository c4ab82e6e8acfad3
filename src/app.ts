import path from "node:path";
import { createAgent } from "./agent/agent.ts";
import { agentTools } from "./agent/tools.ts";
import { createCatalog } from "./catalog/catalog.ts";
import { TABLES } from "./catalog/tables.ts";
import { homeFolder, readSettings, type Settings } from "./config/settings.ts";
import { createDatasetActivities } from "./datasets/activities.ts";
import { datasetOperations } from "./datasets/operations.ts";
import { createDatasetService } from "./datasets/service.ts";
import { createBuildThreads, onThreads } from "./datasets/threads/build-threads.ts";
import { createDeploymentActivities } from "./deployments/activities.ts";
import { PROMOTE_MODEL } from "./deployments/contract.ts";
import { deploymentOperations } from "./deployments/operations.ts";
import { createModelSelector } from "./deployments/selection.ts";
import { createDeploymentService } from "./deployments/service.ts";
import { createDeploymentUpkeep } from "./deployments/upkeep.ts";
import type { Operation, Orchestrations } from "./doors/operation.ts";
import { episodeOperations } from "./episodes/operations.ts";
import { createEpisodeService } from "./episodes/service.ts";
import { createEvaluationActivities } from "./evaluation/activities.ts";
import { evaluationOperations } from "./evaluation/operations.ts";
import { createEvaluationService } from "./evaluation/service.ts";
import type { Files } from "./files/files.ts";
import { filesFromSettings } from "./files/from-settings.ts";
import { armHostingFromSettings } from "./hosting/arm/hosting.ts";
import type { Hosting } from "./hosting/hosting.ts";
import { createAccess } from "./identity/access.ts";
import { createAuditLog } from "./identity/audit.ts";
import { guarded } from "./identity/guard.ts";
import { identityOperations } from "./identity/operations.ts";
import { watchWrites } from "./identity/writes.ts";
import { type Clock, systemClock, toIso } from "./kernel/clock.ts";
import { fatal, messageOf, unavailable } from "./kernel/errors.ts";
import { type Logger, stderrLogger } from "./kernel/logger.ts";
import { ledgerChangeSource } from "./ledger/change-source.ts";
import { containerNames } from "./ledger/containers.ts";
import { lifeTimes, withLifeTimes } from "./ledger/default-ttl.ts";
import { createFeedPositions, createFeedProgress } from "./ledger/feed-progress.ts";
import { ledgerFromSettings } from "./ledger/from-settings.ts";
import type { Ledger, NotifyingLedger } from "./ledger/ledger.ts";
import { createSigningKey } from "./ledger/signing-key.ts";
import { type LocalProvider, startLocalProvider } from "./local-provider/start.ts";
import { type Activities, FANNED_OUT, type Settled } from "./loop/activities.ts";
import { episodeTraceOperations } from "./overview/episode-trace.ts";
import { overviewOperations } from "./overview/operations.ts";
import { createOverviewService } from "./overview/service.ts";
import { verifyAnswerOperations } from "./overview/verify-answer.ts";
import { createPipelineActivities } from "./pipelines/activities.ts";
import { RETRAIN_AGENTS } from "./pipelines/contract.ts";
import { pipelineOperations } from "./pipelines/operations.ts";
import { createPipelineService } from "./pipelines/service.ts";
import { providerFromSettings } from "./provider/from-settings.ts";
import { lazyProvider } from "./provider/lazy.ts";
import { createProvider } from "./provider/openai-provider.ts";
import type { Provider } from "./provider/provider.ts";
import { reviewOperations } from "./review/operations.ts";
import { createReviewService } from "./review/service.ts";
import { deadLetterOperations } from "./rewards/dead-letter-operations.ts";
import { createDeadLetterService } from "./rewards/dead-letter-service.ts";
import { createRewardFeed } from "./rewards/feed.ts";
import { rewardOperations } from "./rewards/operations.ts";
import { createRewardService } from "./rewards/service.ts";
import { createMcpDoor } from "./surfaces/mcp.ts";
import { signedAnswer } from "./surfaces/signed-answer.ts";
import { signedPaging } from "./surfaces/signed-paging.ts";
import { openTelemetry } from "./telemetry/open.ts";
import { noTelemetry, type Telemetry, type TraceContext } from "./telemetry/telemetry.ts";
import { tracedOperation, tracedProvider } from "./telemetry/traced.ts";
import { createTrainingActivities } from "./training/activities.ts";
import { trainingOperations } from "./training/operations.ts";
import { createTrainingService } from "./training/service.ts";

/** What a test or another entry may put in the place of the defaults. */
export interface AppOptions {
  readonly settings?: Settings;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly ledger?: Ledger;
  readonly files?: Files;
  readonly provider?: Provider;
  readonly hosting?: Hosting;
  readonly telemetry?: Telemetry;
}

export type App = ReturnType<typeof createApp>;

/** Composition: config → ledger, files, provider → services → operations, activities. */
export function createApp(options: AppOptions = {}) {
  const settings = options.settings ?? readSettings();
  const clock = options.clock ?? systemClock;
  const logger = options.logger ?? stderrLogger(settings.logLevel);
  const closers: (() => Promise<unknown>)[] = [];

  // A clock that is given may be a virtual one, which jumps while another thread is at work.
  const ledger =
    options.ledger ??
    withLifeTimes(
      ledgerFromSettings(settings, clock, logger, {
        writesOnThread: options.clock === undefined ? "busy" : "never",
      }),
      lifeTimes(settings),
    );
  const watched = watchWrites(ledger);
  const files = options.files ?? filesFromSettings(settings);
  const telemetry = options.telemetry ?? openTelemetry(settings, logger);
  const untraced = options.provider ?? openProvider(settings, clock, logger, closers);
  const provider = telemetry === noTelemetry ? untraced : tracedProvider(untraced, telemetry);
  // What the local provider trains is called by its own name.
  const hosting =
    options.hosting ?? (provider.kind === "azure" ? armHostingFromSettings(settings) : undefined);
  const catalog = createCatalog({ ledger: watched.ledger, clock, logger, hosting });
  const positions = createFeedPositions();
  const progress = createFeedProgress(ledger, positions);
  const ports = {
    ledger: watched.ledger,
    files,
    provider,
    hosting,
    catalog,
    settings,
    clock,
    logger,
    progress,
  };

  const deployments = createDeploymentService({
    ...ports,
    onPointerChange: (agentId) => selector.invalidate(agentId),
  });
  const upkeep = createDeploymentUpkeep({ ...ports, service: deployments });
  const selector = createModelSelector({
    ...ports,
    readActive: (agentId) => deployments.readActive(agentId),
  });
  const episodes = createEpisodeService(ports);
  const rewards = createRewardService(ports);
  const datasets = createDatasetService({ ...ports, tables: TABLES });
  const review = createReviewService({ ...ports, rewards });
  const training = createTrainingService({
    ...ports,
    datasets,
    async estimateCost({ base_model, training_type, hyperparameters: { n_epochs } }, { agent_id, id }) {
      const { cost_usd, training_tokens } = await datasets.estimate({
        agent_id,
        dataset_id: id,
        base_model,
        training_type,
        n_epochs,
      });
      return {
        usd_at_most: cost_usd === "unknown" ? cost_usd : cost_usd.high,
        basis: `At most ${training_tokens.high} training tokens, counted.`,
      };
    },
  });
  const evaluations = createEvaluationService({ ...ports, deployments });
  const pipelines = createPipelineService({ ...ports, datasets, training, evaluations, deployments });
  const feeds = createRewardFeed(ports);
  const deadLetters = createDeadLetterService({ ...ports, feeds });
  const overview = createOverviewService({ ...ports, selector, deployments });
  const audit = createAuditLog({ ...ports, ledger });
  const services = {
    audit,
    episodes,
    rewards,
    datasets,
    review,
    deadLetters,
    training,
    evaluations,
    deployments,
    upkeep,
    selector,
    pipelines,
    overview,
  };

  const guard = { audit, watched, agentId: settings.agentId };
  const signingKey = createSigningKey(ledger, clock);
  const rows: readonly Operation[] = operationRows(settings, clock, { ...services, signingKey });
  const operations: Operation[] = rows
    .map((row) => guarded(signedAnswer(signedPaging(row, signingKey), signingKey, clock), guard))
    .map((row) => (telemetry === noTelemetry ? row : tracedOperation(row, telemetry)));
  // Threads open the ledger and the files anew from the settings, so they cannot stand in for others that were given.
  const isOwn = options.ledger === undefined && options.files === undefined && options.clock === undefined;
  const threads = isOwn ? createBuildThreads(settings) : undefined;
  if (threads !== undefined) closers.push(() => threads.close());
  const activities: Activities = {
    ...(threads === undefined
      ? createDatasetActivities(ports)
      : onThreads(createDatasetActivities(ports), threads)),
    ...createTrainingActivities({ ...ports, service: training }),
    ...createEvaluationActivities({ ...ports, service: evaluations }),
    ...createDeploymentActivities({ ...ports, service: deployments }),
    ...createPipelineActivities({ ...ports, service: pipelines }),
  };
  const agent = createAgent({ ...ports, selector, episodes });

  /** One durable step. Steps that run side by side answer with a settled value instead of throwing. */
  async function step(name: keyof Activities, input: unknown): Promise<unknown> {
    const run = activities[name] as (input: unknown) => Promise<unknown>;
    if (!(FANNED_OUT as readonly string[]).includes(name)) return run(input);
    try {
      return { ok: true, value: await run(input) } satisfies Settled<unknown>;
    } catch (thrown) {
      logger.warn("a durable step failed and will be tried again", {
        activity: name,
        error: messageOf(thrown),
      });
      return { ok: false, fault: messageOf(thrown) || "unknown fault" } satisfies Settled<unknown>;
    }
  }

  return {
    settings,
    access: createAccess(settings),
    telemetry,
    clock,
    logger,
    ledger,
    files,
    provider,
    services,
    agent,
    operations,
    activityNames: Object.keys(activities) as (keyof Activities)[],
    /** Runs one durable step in the trace of the request that its orchestration began with. */
    runActivity: (name: keyof Activities, input: unknown, invocation?: StepInvocation): Promise<unknown> =>
      watched.apart(() =>
        telemetry.follow(invocation?.traceContext, instanceOf(invocation), () =>
          telemetry.span(name, { attributes: { "lightning.step": name } }, () => step(name, input)),
        ),
      ),
    feeds: {
      handleEpisodeChanges: (documents: unknown[]) =>
        watched.apart(() => feeds.handleEpisodeChanges(documents)),
      handleRewardChanges: (documents: unknown[]) =>
        watched.apart(() => feeds.handleRewardChanges(documents)),
    },
    mcp: createMcpDoor({ operations, extraTools: agentTools(agent, settings), logger }),
    /** What the daily timer does: registry and provider are compared, what serves is brought back, leftovers go. */
    async keepInOrder(orchestrations: Orchestrations): Promise<void> {
      const { lost, returning, not_answering, unknown } = await upkeep.reconciler.reconcile();
      for (const { agent_id, id } of returning) await orchestrations.start(PROMOTE_MODEL, { agent_id, id });
      logger.info("registry and provider were compared", {
        lost: lost.join(", "),
        returning: returning.map((one) => one.deployment_name).join(", "),
        not_answering: not_answering.join(", "),
        unknown: unknown.join(", "),
      });
      const days = settings.cleanUpAfterDays;
      if (days === undefined) return;
      const deployed = await upkeep.cleanUp(days, false);
      const trained = await training.cleanUp(days, false);
      logger.info("leftovers at the provider were removed", {
        deployments: deployed.removed.length,
        files: trained.files.length,
        jobs: trained.jobs.length,
      });
    },
    /** What the retraining timer does: one orchestration a minute at most, named by the minute. */
    async startRetraining(orchestrations: Orchestrations): Promise<void> {
      const stamp = toIso(clock.now()).replaceAll(/[-:T]/g, "").slice(0, 12);
      await orchestrations.start(RETRAIN_AGENTS, { stamp });
    },
    /** The ledger's change feeds for the local host; in Azure the triggers read them themselves. */
    changeSource() {
      if (!("onChange" in ledger))
        throw fatal(
          "no_change_source",
          "This ledger does not tell of its writes, which the local host needs.",
        );
      return ledgerChangeSource(ledger as NotifyingLedger, containerNames(settings), positions);
    },
    async close(): Promise<void> {
      await agent.close();
      for (const close of closers.toReversed()) await close();
      await ledger.close();
      await telemetry.close().catch((thrown: unknown) => {
        logger.warn("the last traces were not sent", { error: messageOf(thrown) });
      });
    },
  };
}

/** What of an activity's invocation tells its trace. */
export interface StepInvocation {
  readonly traceContext?: TraceContext | undefined;
  readonly triggerMetadata?: Readonly<Record<string, unknown>> | undefined;
}

function instanceOf(invocation: StepInvocation | undefined): string | undefined {
  const id = invocation?.triggerMetadata?.instanceId;
  return typeof id === "string" ? id : undefined;
}

/** Whether the host asks for a function key: not where persons are let in, who have none. */
export const doorKey = (): "function" | "anonymous" =>
  appOf().settings.auth === "entra" ? "anonymous" : "function";

type Services = Pick<
  App["services"],
  | "audit"
  | "episodes"
  | "rewards"
  | "datasets"
  | "review"
  | "deadLetters"
  | "training"
  | "evaluations"
  | "deployments"
  | "upkeep"
  | "selector"
  | "pipelines"
  | "overview"
> & { readonly signingKey: () => Promise<string> };

/** The one table of operations. Without services the rows describe (CLI, OpenAPI) but cannot be run. */
export function operationRows(
  settings: Settings,
  clock: Clock = systemClock,
  services: Services = notOpened(),
): Operation[] {
  const shared = { settings, clock };
  return [
    ...episodeOperations({ ...shared, service: services.episodes }),
    ...rewardOperations({ ...shared, service: services.rewards }),
    ...datasetOperations({ ...shared, service: services.datasets }),
    ...reviewOperations({ ...shared, service: services.review, datasets: services.datasets }),
    ...trainingOperations({ ...shared, service: services.training }),
    ...evaluationOperations({ ...shared, service: services.evaluations }),
    ...deploymentOperations({
      ...shared,
      service: services.deployments,
      selector: services.selector,
      upkeep: services.upkeep,
    }),
    ...pipelineOperations({ ...shared, service: services.pipelines }),
    ...deadLetterOperations({ ...shared, service: services.deadLetters }),
    ...episodeTraceOperations({ ...shared, datasets: services.datasets, deployments: services.deployments }),
    ...verifyAnswerOperations({ key: services.signingKey }),
    ...overviewOperations({ ...shared, service: services.overview }),
    ...identityOperations({ ...shared, audit: services.audit }),
  ];
}

function notOpened(): Services {
  const refuse: object = new Proxy(() => undefined, {
    get: () => refuse,
    apply() {
      throw fatal("not_opened", "These rows only describe the operations; the app is not open.");
    },
  });
  return refuse as Services;
}

function openProvider(
  settings: Settings,
  clock: Clock,
  logger: Logger,
  closers: (() => Promise<unknown>)[],
): Provider {
  const azure = providerFromSettings(settings, logger);
  if (azure !== undefined) return azure;
  let opening: Promise<LocalProvider> | undefined;
  let isClosed = false;
  closers.push(async () => {
    isClosed = true;
    await (await opening?.catch(() => undefined))?.close();
  });
  return lazyProvider("local", async () => {
    if (isClosed) throw unavailable("app_closed", "The app is closing.");
    opening = startLocalProvider({ folder: path.join(homeFolder(settings), "provider"), clock, logger });
    const { baseURL, apiKey } = await opening;
    return createProvider({ kind: "local", baseURL, apiKey, logger });
  });
}

let options: AppOptions = {};
let current: App | undefined;

/** The app of this process, composed on first use: the functions and their host share it. */
export function appOf(): App {
  current ??= createApp(options);
  return current;
}

/** Says what the next `appOf()` is composed of, for tests and for a start with other settings. */
export function configureApp(next: AppOptions): void {
  if (current !== undefined) throw fatal("app_open", "Close the app before it is configured again.");
  options = next;
}

/** Closes the app of this process, if it was opened. */
export async function closeApp(): Promise<void> {
  const open = current;
  current = undefined;
  await open?.close();
}

/** What the command line does to the account itself, without opening the app. */
export const databaseTools = {
  provision: async (settings: Settings, asked: { maxThroughput?: number | undefined; update?: boolean }) =>
    (await import("./ledger/cosmos/provision.ts")).provisionCosmos(settings, asked),
  verify: async (settings: Settings) =>
    (await import("./ledger/cosmos/verify.ts")).verifyContainers(settings),
};
