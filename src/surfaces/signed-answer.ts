import { signedManifest } from "../doors/manifest.ts";
import type { Operation } from "../doors/operation.ts";
import type { Clock } from "../kernel/clock.ts";

/**
 * A row with the field `manifest` answers with a signed manifest when it is asked to. It has to stand outside of all
 * that changes the answer. Other rows stay as they are.
 */
export function signedAnswer(operation: Operation, key: () => Promise<string>, clock: Clock): Operation {
  if (!("manifest" in operation.input.shape)) return operation;
  return {
    ...operation,
    async run(input, context) {
      const { manifest: isWanted, ...asked } = input;
      const reply = await operation.run(asked, context);
      if (isWanted !== true) return reply;
      const body = reply.body as object;
      return {
        ...reply,
        body: { ...body, manifest: signedManifest(await key(), clock, operation.name, asked, body) },
      };
    },
  };
}
