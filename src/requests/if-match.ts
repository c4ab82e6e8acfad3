import { contentChanged, matches, tagOf } from "../doors/conditional.ts";
import { type Operation, parseInput } from "../doors/operation.ts";
import type { WatchedLedger } from "../identity/writes.ts";
import type { Ledger } from "../ledger/ledger.ts";

/**
 * Wraps a row that changes what another row shows, so that under `If-Match` it changes that state alone: the state is
 * looked at first, and the ledger then refuses to write over any document of it that was changed meanwhile.
 */
export function ifMatched(
  operation: Operation,
  rows: readonly Operation[],
  watched: Pick<WatchedLedger<Ledger>, "unchanged">,
): Operation {
  const { changes } = operation.answers ?? {};
  const shown = rows.find(({ rest }) => rest.method === "GET" && rest.path === changes);
  if (changes === undefined || shown === undefined) return operation;
  return {
    ...operation,
    async run(input, context) {
      const { ifMatch } = context;
      if (ifMatch === undefined) return operation.run(input, context);
      const asked = parseInput(
        shown,
        Object.fromEntries(Object.entries(input).filter(([name]) => namedIn(changes, name))),
      );
      return watched.unchanged(
        async () => {
          const { body } = await shown.run(asked, context);
          if (!matches(ifMatch, tagOf(JSON.stringify(body)))) throw contentChanged();
        },
        () => operation.run(input, context),
      );
    },
  };
}

const namedIn = (address: string, field: string): boolean =>
  field === "agent_id" || address.includes(`{${field}}`);
