import { toIso } from "../../../kernel/clock.ts";
import { conflict, invalid, notFound } from "../../../kernel/errors.ts";
import { isTerminal, statusName } from "../history/history.ts";
import { executionIdOf, startMessage } from "../store/new-instance.ts";
import type { ClientDeps } from "./deps.ts";

/** Begins orchestrations, new ones and those that are to run once more. */
export function createStarts(deps: ClientDeps) {
  const { store, dispatcher, clock, defaultVersion, newId } = deps;

  /** @param options `startAt`: when it is to begin, ms since the epoch */
  const start = async (
    name: string,
    input: string | null,
    options: {
      readonly id?: string | undefined;
      readonly version?: string | undefined;
      readonly startAt?: number | undefined;
    } = {},
  ) => {
    const id = options.id ?? newId();
    checkId(id);
    const createdAt = clock.now();
    const instance = {
      id,
      executionId: executionIdOf(newId()),
      name,
      version: options.version ?? defaultVersion,
      input,
      createdAt,
      startAt: options.startAt,
    };
    await store.write(
      () => {
        const existing = store.instance(id);
        if (existing !== undefined && !isTerminal(existing.status) && !deps.replacesRunning)
          throw conflict(
            "instance_exists",
            `An Orchestration instance with the status ${statusName(existing.status)} already exists.`,
          );
        store.create(instance, existing);
        return store.addMessage(startMessage(instance, null, toIso(createdAt)));
      },
      undefined,
      (message) => {
        dispatcher.reset(id);
        dispatcher.deliver(message);
        return true;
      },
    );
    return id;
  };

  return {
    start,

    /** Starts the same orchestration with the same input again, under a new id or, when it is over, the same. */
    restart: async (id: string, withNewId: boolean): Promise<string> => {
      const instance = store.instance(id);
      if (instance === undefined)
        throw notFound("unknown_instance", `No instance with ID '${id}' was found.`);
      return start(instance.name, instance.input, {
        id: withNewId ? undefined : id,
        version: instance.version,
      });
    },
  };
}

/**
 * The rules that Durable Functions states for ids of orchestrations, and its .NET client holds to. The extension's HTTP
 * API, by which the JavaScript client starts, looks at none of them (3.19.0): an id that other storage or an entity's
 * place would come to harm by is refused here.
 */
function checkId(id: string): void {
  // On DurableTask.AzureStorage 2.11.2 one of blanks stops the work of the whole partition.
  if (id.trim() === "" || id.length > 100) throw badId("must have 1 to 100 characters, and not only blanks");
  if (id.startsWith("@")) throw badId("must not start with '@', as those of entities do");
  if (/[/\p{Cc}]/u.test(id)) throw badId("must not contain '/' or control characters");
}

const badId = (why: string) =>
  invalid("instance_id", `The instance ID ${why}. Azure starts it and says nothing.`, {
    field: "instanceId",
  });
