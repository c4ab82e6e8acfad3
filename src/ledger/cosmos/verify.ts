import type { CosmosClient, IndexingPolicy } from "@azure/cosmos";
import { systemClock } from "../../kernel/clock.ts";
import { silentLogger } from "../../kernel/logger.ts";
import { CONTAINER_KEYS, type ContainerKey, containerNames } from "../containers.ts";
import { definitionOf } from "../limits.ts";
import { type Attempts, createAttempts } from "./attempts.ts";
import { type CosmosSettings, connect } from "./client.ts";
import { keyFault } from "./containers.ts";
import { keyPaths, orderFields, TRIGGER_LEASES } from "./definitions.ts";
import { codeOf, toLedgerError } from "./errors.ts";

/** One container of the account beside what the code expects of it. */
export interface ContainerCheck {
  readonly name: string;
  readonly exists: boolean;
  /** What does not work, or would go wrong. */
  readonly faults: string[];
  /** What works, but should be known. */
  readonly notes: string[];
}

/** What verification reads of a container's definition. */
export interface FoundContainer {
  readonly partitionKey?: { readonly paths?: readonly string[] | undefined } | undefined;
  readonly defaultTtl?: number | undefined;
  readonly indexingPolicy?: IndexingPolicy | undefined;
}

/**
 * Compares keys, expiry and indexing of every container with what the code expects. Reads definitions only: the data
 * role is enough.
 * @throws LightningError when the account cannot be asked
 */
export async function verifyContainers(
  settings: CosmosSettings,
  client?: CosmosClient,
): Promise<ContainerCheck[]> {
  const used = client ?? (await connect(settings)).client;
  const database = used.database(settings.cosmosDatabaseName);
  const attempts = createAttempts({
    clock: systemClock,
    logger: silentLogger,
    timeoutSeconds: settings.ledgerTimeoutSeconds,
  });
  const names = containerNames(settings);
  const check = async (
    name: string,
    look: (found: FoundContainer) => Pick<ContainerCheck, "faults" | "notes">,
  ) => {
    const found = await attempts({
      name: `read definition of ${name}`,
      what: `container "${name}"`,
      send: async () => {
        try {
          return (await database.container(name).read()).resource;
        } catch (thrown) {
          if (codeOf(thrown) === 404) return undefined;
          throw thrown;
        }
      },
    });
    return found === undefined
      ? { name, exists: false, faults: ["does not exist"], notes: [] }
      : { name, exists: true, ...look(found) };
  };
  try {
    return await Promise.all([
      ...CONTAINER_KEYS.map((c) => check(names[c], (found) => compare(c, found, settings.partitionKeyField))),
      check(TRIGGER_LEASES, ({ partitionKey }) => ({
        faults:
          partitionKey?.paths?.join() === "/id"
            ? []
            : ["has not the key /id, which the change-feed triggers need"],
        notes: [],
      })),
      checkConsistency(used, attempts),
    ]);
  } catch (thrown) {
    throw toLedgerError(thrown, { what: `the database "${settings.cosmosDatabaseName}"` });
  } finally {
    if (client === undefined) used.dispose();
  }
}

const WEAK = new Set(["session", "consistentprefix", "eventual"]);

/** The account's consistency, where it tells; under a weaker one an instance may miss what another has just written. */
async function checkConsistency(client: CosmosClient, attempts: Attempts): Promise<ContainerCheck> {
  const level: unknown = await attempts({
    name: "read account",
    what: "the account",
    send: () => client.getDatabaseAccount(),
  })
    .then(({ resource }) => resource?.consistencyPolicy)
    .catch(() => undefined);
  const name = "consistency of the account";
  if (typeof level !== "string")
    return {
      name,
      exists: true,
      faults: [],
      notes: ["is not told: it should be Strong or Bounded Staleness"],
    };
  const faults = WEAK.has(level.toLowerCase().replaceAll(" ", ""))
    ? [`is ${level}: an instance may not see what another has written; set Strong or Bounded Staleness`]
    : [];
  return { name, exists: true, faults, notes: [] };
}

/** A container's definition against the code's. */
export function compare(
  c: ContainerKey,
  found: FoundContainer,
  firstField: string,
): Pick<ContainerCheck, "faults" | "notes"> {
  const faults: string[] = [];
  const notes: string[] = [];
  const paths = found.partitionKey?.paths ?? [];
  const wrongKey = keyFault(c, paths, firstField);
  if (wrongKey !== undefined) faults.push(wrongKey);
  else if (paths.length < keyPaths(c, firstField).length)
    notes.push(
      `has the plain key ${paths.join()}: an agent's documents end at 20 GB, and an id is unique among all of them`,
    );
  const ttl = found.defaultTtl;
  if (definitionOf(c).ttl) {
    if (ttl === undefined) faults.push("lets no document expire: set its default time to live to -1");
    else if (ttl > 0)
      notes.push(`deletes documents ${ttl} s after their last write unless they say otherwise`);
  } else if (ttl !== undefined && ttl > 0) faults.push(`deletes its records ${ttl} s after their last write`);
  faults.push(...indexFaults(c, found.indexingPolicy, firstField));
  return { faults, notes };
}

function indexFaults(c: ContainerKey, policy: IndexingPolicy | undefined, firstField: string): string[] {
  if (policy?.indexingMode?.toLowerCase() === "none") return ["has no index: queries are refused"];
  const { paths, orders } = missingIndexes(c, policy, firstField);
  return [
    ...(paths.length === 0 ? [] : [`does not index ${paths.join(", ")}: queries by them read everything`]),
    ...(orders.length === 0
      ? []
      : [
          `has no composite index of ${orders.map((field) => `/${field} with /id`).join(", ")}: that order is refused`,
        ]),
  ];
}

/** Fields that are asked by and not indexed, and orders without their composite index. */
export function missingIndexes(
  c: ContainerKey,
  policy: IndexingPolicy | undefined,
  firstField: string,
): { readonly paths: string[]; readonly orders: string[] } {
  const included = new Set((policy?.includedPaths ?? []).map(({ path }) => path));
  const excluded = new Set((policy?.excludedPaths ?? []).map(({ path }) => path));
  // The most exact path decides; without any policy everything is indexed.
  const isIndexed = (field: string) => {
    const forms = [`/${field}/?`, `/${field}/[]/?`, `/${field}/*`];
    if (forms.some((form) => included.has(form))) return true;
    if (forms.some((form) => excluded.has(form))) return false;
    return included.has("/*") || included.size === 0;
  };
  const composites = (policy?.compositeIndexes ?? []).map((index) =>
    index.map(({ path, order }) => `${path} ${order === "descending" ? "descending" : "ascending"}`).join(),
  );
  const isOrdered = (field: string) =>
    ["ascending", "descending"].some((way) => composites.includes(`/${field} ${way},/id ${way}`));
  const fields = [...new Set([firstField, ...Object.keys(definitionOf(c).fields)])];
  return {
    paths: fields.filter((field) => !isIndexed(field)).map((field) => `/${field}`),
    orders: orderFields(c).filter((field) => !isOrdered(field)),
  };
}
