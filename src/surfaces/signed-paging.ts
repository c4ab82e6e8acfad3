import { timingSafeEqual } from "node:crypto";
import type { Operation } from "../doors/operation.ts";
import { badRequest } from "../kernel/errors.ts";
import { hmacSha256 } from "../kernel/hashing.ts";

/** Hex digits of a signature that are kept: 128 bits. */
const SIGNATURE = 32;

/**
 * A list whose continuation leaves signed, through whatever door, and is taken back only as it left, by the same
 * operation for the same agent. Rows without paging stay as they are.
 */
export function signedPaging(operation: Operation, key: () => Promise<string>): Operation {
  if (!("continuation" in operation.input.shape)) return operation;
  const sign = async (token: string, agentId: unknown) =>
    hmacSha256(await key(), JSON.stringify([operation.name, agentId ?? null, token])).slice(0, SIGNATURE);

  /** @throws bad_request `bad_continuation` */
  async function open(signed: string, agentId: unknown): Promise<string> {
    const token = signed.slice(0, -SIGNATURE - 1);
    const given = Buffer.from(signed.slice(token.length));
    const wanted = Buffer.from(`.${await sign(token, agentId)}`);
    if (given.length === wanted.length && timingSafeEqual(given, wanted)) return token;
    throw badRequest("bad_continuation", "The continuation is not one that this list has given.", {
      field: "continuation",
      remedy: "Send it back as it came, to the same list of the same agent, or start again without one.",
    });
  }

  return {
    ...operation,
    async run(input, context) {
      const { continuation, agent_id } = input as { continuation?: string; agent_id?: unknown };
      const opened =
        continuation === undefined ? input : { ...input, continuation: await open(continuation, agent_id) };
      const reply = await operation.run(opened, context);
      const body = reply.body as { continuation?: unknown };
      if (typeof body.continuation !== "string") return reply;
      const signature = await sign(body.continuation, agent_id);
      return { ...reply, body: { ...body, continuation: `${body.continuation}.${signature}` } };
    },
  };
}
