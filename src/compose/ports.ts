import path from "node:path";
import { createCatalog } from "../catalog/catalog.ts";
import { MODEL_NAMES } from "../catalog/spelling.ts";
import { dataFolder, homeFolder, readSettings, type Settings } from "../config/settings.ts";
import type { Files } from "../files/files.ts";
import { filesFromSettings, leftByEarlierRelease } from "../files/from-settings.ts";
import { armHostingFromSettings } from "../hosting/arm/hosting.ts";
import type { Hosting } from "../hosting/hosting.ts";
import { watchWrites } from "../identity/writes.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { messageOf, unavailable } from "../kernel/errors.ts";
import { hostLogger } from "../kernel/invocation-log.ts";
import { type Logger, stderrLogger } from "../kernel/logger.ts";
import { lifeTimes, withLifeTimes } from "../ledger/default-ttl.ts";
import { createFeedPositions, createFeedProgress } from "../ledger/feed-progress.ts";
import { ledgerFromSettings } from "../ledger/from-settings.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { createSigningKey } from "../ledger/signing-key.ts";
import type { LocalProvider } from "../local-provider/start.ts";
import { createPrivacyService } from "../privacy/service.ts";
import { providerFromSettings } from "../provider/from-settings.ts";
import { lazyProvider } from "../provider/lazy.ts";
import { createProvider } from "../provider/openai-provider.ts";
import type { Provider } from "../provider/provider.ts";
import { logPolicy, redactedLogger } from "../redaction/redacted-logger.ts";
import { openTelemetry } from "../telemetry/open.ts";
import { noTelemetry, type Telemetry } from "../telemetry/telemetry.ts";
import { tracedProvider } from "../telemetry/traced.ts";

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

export type Opened = ReturnType<typeof openPorts>;

/** Settings → ledger, files, provider, hosting and catalog: what the services stand on, and how it is closed again. */
export function openPorts(options: AppOptions) {
  const settings = options.settings ?? readSettings();
  const clock = options.clock ?? systemClock;
  const plainLogger =
    options.logger ?? (settings.websiteSiteName === undefined ? stderrLogger : hostLogger)(settings.logLevel);
  const logger = settings.redactSecrets ? redactedLogger(plainLogger, logPolicy(settings)) : plainLogger;
  const closers: (() => Promise<unknown>)[] = [];

  const left = options.files === undefined ? leftByEarlierRelease(settings) : undefined;
  if (left !== undefined)
    logger.warn(
      `Dataset files of an earlier release may lie in ${left}, which this home does not read. If they are its own, move them to ${dataFolder(settings)}, or set LIGHTNING_DATA_DIR to that folder.`,
    );
  // A clock that is given may be a virtual one, which jumps while another thread is at work.
  const ledger =
    options.ledger ??
    withLifeTimes(
      ledgerFromSettings(settings, clock, logger, {
        writesOnThread: options.clock === undefined ? "busy" : "never",
      }),
      lifeTimes(settings),
      clock,
    );
  const watched = watchWrites(ledger);
  const files = options.files ?? filesFromSettings(settings);
  const telemetry = options.telemetry ?? openTelemetry(settings, logger);
  const untraced = options.provider ?? openProvider(settings, clock, logger, closers);
  const provider = telemetry === noTelemetry ? untraced : tracedProvider(untraced, telemetry);
  // What the local provider trains is called by its own name.
  const hosting =
    options.hosting ??
    (provider.kind === "azure" ? armHostingFromSettings(settings, undefined, clock) : undefined);
  const catalog = createCatalog({ ledger: watched.ledger, clock, logger, hosting });
  const positions = createFeedPositions();
  const progress = createFeedProgress(ledger, positions);
  const privacy = createPrivacyService({ ledger: watched.ledger, settings, clock, logger });
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
    /** Which redaction holds for an agent. */
    policyOf: privacy.policyOf,
  };
  return {
    /** What every service is given; its ledger notes who wrote what, for the audit log. */
    ports,
    watched,
    /** The ledger below the watch. */
    ledger,
    telemetry,
    positions,
    privacy,
    signingKey: createSigningKey(ledger, clock),
    // Threads open the ledger and the files anew from the settings, so they cannot stand in for others that were given.
    mayUseThreads: options.ledger === undefined && options.files === undefined && options.clock === undefined,
    closeFirst(close: () => Promise<unknown>): void {
      closers.push(close);
    },
    async close(): Promise<void> {
      for (const close of closers.toReversed()) await close();
      await ledger.close();
      await telemetry.close().catch((thrown: unknown) => {
        logger.warn("the last traces were not sent", { error: messageOf(thrown) });
      });
    },
  };
}

/** Names that the local provider's untrained model answers to: what the tables know, and what the settings call it. */
const localModels = ({ baseModel, baseModelDeployment }: Settings): string[] => [
  ...new Set([
    ...MODEL_NAMES,
    baseModel,
    ...(baseModelDeployment === undefined ? [] : [baseModelDeployment]),
  ]),
];

function openProvider(
  settings: Settings,
  clock: Clock,
  logger: Logger,
  closers: (() => Promise<unknown>)[],
): Provider {
  const azure = providerFromSettings(settings, { logger, clock });
  if (azure !== undefined) return azure;
  let opening: Promise<LocalProvider> | undefined;
  let isClosed = false;
  closers.push(async () => {
    isClosed = true;
    await (await opening?.catch(() => undefined))?.close();
  });
  return lazyProvider("local", async () => {
    if (isClosed) throw unavailable("app_closed", "The app is closing.");
    // On demand: an app with Azure OpenAI has no part of it.
    opening = import("../local-provider/start.ts").then(({ startLocalProvider }) =>
      startLocalProvider({
        folder: path.join(homeFolder(settings), "provider"),
        clock,
        logger,
        port: settings.providerPort,
        models: localModels(settings),
      }).catch((thrown: unknown) => {
        if ((thrown as NodeJS.ErrnoException).code !== "EADDRINUSE") throw thrown;
        throw unavailable(
          "provider_port_taken",
          `Port ${settings.providerPort} is taken by another program.`,
          {
            remedy: "Set LIGHTNING_PROVIDER_PORT to a free port, or to 0 for any.",
          },
        );
      }),
    );
    const { baseURL, apiKey, keyFile } = await opening;
    const provider = createProvider({
      kind: "local",
      baseURL,
      apiKey,
      logger,
      timeoutMs: settings.providerTimeoutSeconds * 1000,
    });
    return { ...provider, local: () => ({ url: baseURL, keyFile }) };
  });
}
