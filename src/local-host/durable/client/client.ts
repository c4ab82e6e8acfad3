import { notFound } from "../../../kernel/errors.ts";
import { isTerminal } from "../history/history.ts";
import type { ClientDeps } from "./deps.ts";
import { createPurges } from "./purge.ts";
import { createRewind } from "./rewind-instances.ts";
import { createSends } from "./send.ts";
import { createStarts } from "./start.ts";

/** What Durable clients ask of the engine; each promise settles when the change is on disk. */
export type DurableClient = ReturnType<typeof createClient>;

export function createClient(deps: ClientDeps) {
  const { store, dispatcher, clock } = deps;
  return {
    ...createStarts(deps),
    ...createSends(deps),
    ...createPurges(deps),
    rewind: createRewind(deps),

    /** Resolves true when the instance has ended, false after `ms` on the host's clock or when the host stops. */
    waitForEnd: (id: string, ms: number): Promise<boolean> =>
      new Promise((resolve, reject) => {
        const instance = store.instance(id);
        if (instance === undefined)
          return reject(notFound("unknown_instance", `No instance with ID '${id}'.`));
        if (isTerminal(instance.status)) return resolve(true);
        const cancel = clock.after(ms, () => {
          stop();
          resolve(false);
        });
        const stop = dispatcher.whenEnded(id, (ended) => {
          cancel();
          resolve(ended);
        });
      }),
  };
}
