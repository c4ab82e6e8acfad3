import type { CosmosClient, IndexingPolicy } from "@azure/cosmos";
import { systemClock } from "../../kernel/clock.ts";
import { forbidden, isLightningError } from "../../kernel/errors.ts";
import { silentLogger } from "../../kernel/logger.ts";
import { CONTAINER_KEYS, type ContainerKey, containerNames } from "../containers.ts";
import { definitionOf } from "../limits.ts";
import { createAttempts } from "./attempts.ts";
import { type CosmosSettings, connect } from "./client.ts";
import { indexingPolicy, TRIGGER_LEASES, wantedContainer } from "./definitions.ts";
import { codeOf, toLedgerError } from "./errors.ts";
import { compare, type FoundContainer, missingIndexes } from "./verify.ts";

export interface ProvisionOptions {
  /** Autoscale maximum of the database in RU/s, shared by its containers; absent: serverless accounts take none. */
  readonly maxThroughput?: number | undefined;
  /** Give existing containers the expiry and indexes they lack. A key cannot be changed. */
  readonly update?: boolean | undefined;
  readonly client?: CosmosClient | undefined;
}

export interface Provisioned {
  readonly name: string;
  readonly state: "created" | "existed" | "updated";
  /** What an existing container still lacks. */
  readonly faults: string[];
}

const refusal = (cause?: unknown) =>
  forbidden(
    "provision_needs_key",
    "An Entra data role cannot create databases or containers: that is the control plane's.",
    {
      cause,
      remedy:
        "Deploy infra/ (azd provision); or set COSMOS_AUTH_MODE=key and COSMOS_ACCOUNT_KEY where the account allows keys.",
    },
  );

/**
 * Creates the database, the ledger's containers and the triggers' leases where they are missing; deletes nothing.
 * @throws LightningError forbidden `provision_needs_key` with COSMOS_AUTH_MODE=aad
 */
export async function provisionCosmos(
  settings: CosmosSettings,
  { maxThroughput, update = false, client }: ProvisionOptions = {},
): Promise<Provisioned[]> {
  if (settings.cosmosAuthMode === "aad") throw refusal();
  const used = client ?? (await connect(settings)).client;
  const names = containerNames(settings);
  const attempts = createAttempts({
    clock: systemClock,
    logger: silentLogger,
    timeoutSeconds: settings.ledgerTimeoutSeconds,
  });
  // What was made although its answer was lost is found to be there by the next send.
  const ask = <T>(name: string, send: () => Promise<T>) => attempts({ name, what: `"${name}"`, send });
  try {
    const { database } = await ask(settings.cosmosDatabaseName, () =>
      used.databases.createIfNotExists({
        id: settings.cosmosDatabaseName,
        ...(maxThroughput === undefined ? {} : { maxThroughput }),
      }),
    );
    const done: Provisioned[] = [];
    for (const c of CONTAINER_KEYS) {
      const name = names[c];
      const wanted = wantedContainer(c, name, settings.partitionKeyField);
      const isNew = await ask(name, () =>
        database.containers.create(wanted).then(
          () => true,
          (thrown: unknown) => {
            if (codeOf(thrown) !== 409) throw thrown;
            return false;
          },
        ),
      );
      done.push(
        isNew ? { name, state: "created", faults: [] } : await settle(c, database.container(name), name),
      );
    }
    const leases = await ask(TRIGGER_LEASES, () =>
      database.containers.createIfNotExists({ id: TRIGGER_LEASES, partitionKey: { paths: ["/id"] } }),
    );
    done.push({ name: TRIGGER_LEASES, state: leases.statusCode === 201 ? "created" : "existed", faults: [] });
    return done;
  } catch (thrown) {
    if (isLightningError(thrown) && codeOf(thrown.cause) === 403) throw refusal(thrown.cause);
    throw toLedgerError(thrown, { what: `the database "${settings.cosmosDatabaseName}"` });
  } finally {
    if (client === undefined) used.dispose();
  }

  /** An existing container: what it lacks is reported, or added. */
  async function settle(
    c: ContainerKey,
    container: ReturnType<ReturnType<CosmosClient["database"]>["container"]>,
    name: string,
  ): Promise<Provisioned> {
    const { resource } = await ask(name, () => container.read());
    const found: FoundContainer = resource ?? {};
    const { faults } = compare(c, found, settings.partitionKeyField);
    if (faults.length === 0 || !update || resource === undefined) return { name, state: "existed", faults };
    const ttl = definitionOf(c).ttl && found.defaultTtl === undefined ? { defaultTtl: -1 } : {};
    const policy = completed(c, found.indexingPolicy, settings.partitionKeyField);
    const { resource: next } = await ask(name, () =>
      container.replace({ ...resource, ...ttl, indexingPolicy: policy }),
    );
    return { name, state: "updated", faults: compare(c, next ?? {}, settings.partitionKeyField).faults };
  }
}

/** A policy with what the code needs added; what it has beyond that stays. */
function completed(c: ContainerKey, policy: IndexingPolicy | undefined, firstField: string): IndexingPolicy {
  const wanted = indexingPolicy(c, firstField);
  const { paths, orders } = missingIndexes(c, policy, firstField);
  const isFor = (path: string) => paths.some((field) => path.startsWith(`${field}/`));
  return {
    ...policy,
    indexingMode: "consistent",
    includedPaths: [
      ...(policy?.includedPaths ?? []),
      ...(wanted.includedPaths ?? []).filter(({ path }) => isFor(path)),
    ],
    excludedPaths: (policy?.excludedPaths ?? []).filter(({ path }) => !isFor(path)),
    compositeIndexes: [
      ...(policy?.compositeIndexes ?? []),
      ...(wanted.compositeIndexes ?? []).filter(([first]) =>
        orders.some((field) => first?.path === `/${field}`),
      ),
    ],
  };
}
