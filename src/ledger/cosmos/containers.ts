import type { Container } from "@azure/cosmos";
import { fatal, invalid } from "../../kernel/errors.ts";
import { type ContainerKey, containerNames } from "../containers.ts";
import type { PartitionKey } from "../ledger.ts";
import { definitionOf } from "../limits.ts";
import type { Attempts } from "./attempts.ts";
import type { Connection, CosmosSettings } from "./client.ts";
import { keyPaths } from "./definitions.ts";

/** A container as it is in the account. */
export interface Place {
  readonly c: ContainerKey;
  readonly name: string;
  /** By the client of this moment: to be asked for at every send. */
  readonly container: Container;
  /** Levels of the real key: fewer than ours where a container was made with the plain key. */
  readonly levels: number;
  /** The real key's values for a key or a prefix of one. */
  readonly key: (pk: readonly string[]) => string[];
  /** Whether these levels are the whole real key, so that a query stays in one partition. */
  readonly isWhole: (pk: readonly string[]) => boolean;
  /** The first key field's name in the database, when it is not `agent_id`. */
  readonly alias: string | undefined;
  /** The container's resource id: continuations of its feed belong to it. */
  readonly rid: string;
}

/**
 * Whether a container's key is one the ledger can live with: its own, or the first levels of it. Undefined: it can.
 */
export function keyFault(c: ContainerKey, paths: readonly string[], firstField: string): string | undefined {
  const wanted = keyPaths(c, firstField);
  const fits =
    paths.length >= 1 && paths.length <= wanted.length && paths.every((path, n) => path === wanted[n]);
  return fits ? undefined : `has the key ${paths.join(", ") || "(none)"} instead of ${wanted.join(", ")}`;
}

/** Reads each container's definition once, at its first use: the role that reads documents may read that too. */
export function createPlaces(
  connection: () => Promise<Connection>,
  settings: CosmosSettings,
  attempts: Attempts,
): (c: ContainerKey) => Promise<Place> {
  const names = containerNames(settings);
  const known = new Map<ContainerKey, Promise<Place>>();

  async function look(c: ContainerKey): Promise<Place> {
    const name = names[c];
    const account = await connection();
    const container = () => account.client.database(settings.cosmosDatabaseName).container(name);
    const { resource } = await attempts({
      name: `read definition of ${name}`,
      what: `container "${name}"`,
      send: async () => {
        try {
          return await container().read();
        } catch (thrown) {
          if ((thrown as { code?: unknown }).code !== 404) throw thrown;
          throw fatal("container_missing", `Cosmos DB has no container "${name}".`, {
            cause: thrown,
            remedy: "Deploy infra/, or run `lightning provision`.",
          });
        }
      },
    });
    const paths = resource?.partitionKey?.paths ?? [];
    const fault = keyFault(c, paths, settings.partitionKeyField);
    if (fault !== undefined)
      throw fatal("container_key_mismatch", `Container "${name}" ${fault}.`, {
        remedy: "A key cannot be changed: name another container, or set COSMOS_PARTITION_KEY_FIELD.",
      });
    const [own] = definitionOf(c).partitionKey;
    return {
      c,
      name,
      get container() {
        return container();
      },
      levels: paths.length,
      key: (pk) => pk.slice(0, paths.length),
      isWhole: (pk) => pk.length >= paths.length,
      alias: settings.partitionKeyField === own ? undefined : settings.partitionKeyField,
      rid: resource?._rid ?? "",
    };
  }

  return (c) => {
    definitionOf(c);
    let place = known.get(c);
    if (place === undefined) {
      place = look(c);
      known.set(c, place);
      // One that could not be read is read again next time.
      place.catch(() => known.delete(c));
    }
    return place;
  };
}

/** Whether a stored document has this key: a plain container may hold the same id under another second level. */
export const isOf = (place: Place, pk: PartitionKey, document: Record<string, unknown>): boolean =>
  definitionOf(place.c).partitionKey.every((field, level) => document[field] === pk[level]);

/** @throws invalid `bad_document` when a document has a member of the key's own name with another value. */
export function checkAlias(place: Place, document: Record<string, unknown>, first: string): void {
  if (place.alias !== undefined && Object.hasOwn(document, place.alias) && document[place.alias] !== first)
    throw invalid("bad_document", `"${place.alias}" is the partition key of "${place.name}".`, {
      field: place.alias,
    });
}
