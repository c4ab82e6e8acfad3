import type { DurableClient } from "durable-functions";
import type { Orchestrations } from "../doors/operation.ts";
import { isMoving } from "../doors/runtime-status.ts";
import { messageOf, unavailable } from "../kernel/errors.ts";

/**
 * The operations' view of the Durable client that the host binds to a function. The SDK makes an HTTP client with each
 * of its own, so it is made when an operation first needs one: most never do.
 * @param origin where the engine's addresses are told to lie, for whoever asked there; absent: where the host says
 */
export function orchestrationsOf(open: () => DurableClient, origin?: string): Orchestrations {
  let opened: DurableClient | undefined;
  const client = () => {
    opened ??= open();
    return opened;
  };
  const status: Orchestrations["status"] = async (instanceId) => {
    try {
      const found = await client().getStatus(instanceId);
      return {
        runtimeStatus: found.runtimeStatus,
        customStatus: found.customStatus,
        output: found.output,
      };
    } catch (thrown) {
      // The SDK throws for 404 and tells it from a fault only in the text of the error.
      if (/\b404\b/.test(messageOf(thrown))) return undefined;
      throw away(thrown);
    }
  };
  return {
    status,
    async start(orchestration, input, instanceId = orchestration.instanceId(input)) {
      try {
        await client().startNew(orchestration.name, { instanceId, input });
      } catch (thrown) {
        // Refused because it runs already, or the answer was lost: either way, what counts is whether it is there.
        const there = await status(instanceId);
        if (there === undefined || !isMoving(there)) throw away(thrown);
      }
    },
    async raise(instanceId, event, data) {
      try {
        await client().raiseEvent(instanceId, event, data);
      } catch (thrown) {
        // Events only wake up; a finished or unknown instance has nothing to wake.
        if (!messageOf(thrown).startsWith("No instance with ID")) throw away(thrown);
      }
    },
    async terminate(instanceId, reason) {
      try {
        // The SDK puts the reason into the address as it is.
        await client().terminate(instanceId, encodeURIComponent(reason));
      } catch (thrown) {
        if (!messageOf(thrown).startsWith("No instance with ID")) throw away(thrown);
      }
    },
    urls(instanceId) {
      const payload = client().createHttpManagementPayload(instanceId);
      return Object.fromEntries(
        Object.entries(payload)
          .filter((entry): entry is [string, string] => entry[0] !== "id" && typeof entry[1] === "string")
          .map(([name, url]) => [
            name,
            origin === undefined ? url : url.replace(/^https?:\/\/[^/?#]+/, origin),
          ]),
      );
    },
  };
}

function away(cause: unknown) {
  return unavailable("orchestrations_unavailable", "The durable engine does not answer.", {
    remedy: "Try again; look at the host's log if it stays so.",
    retryAfterMs: 2000,
    cause,
  });
}
