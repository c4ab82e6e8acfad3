import { pauseMs } from "../../doors/waiting.ts";
import type { Hosting, HostProgress } from "../../hosting/hosting.ts";
import { type Clock, toIso } from "../../kernel/clock.ts";
import { isLightningError, messageOf } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/logger.ts";
import type { Hosted, HostedRef } from "./contract.ts";
import { begun, made, provisioning } from "./moves.ts";
import { ROOM_AGAIN_SECONDS } from "./quota.ts";
import { type HostedRecord, type Provisioned, requestOf } from "./record.ts";

/** Azure makes a deployment in minutes; one that takes longer than this will not come. */
const PATIENCE_MS = 2 * 3_600_000;
const LOOK_AGAIN_SECONDS = 10;

export interface ProvisionDeps {
  readonly record: HostedRecord;
  readonly noRoom: (ref: HostedRef, one: Hosted, message: string) => Promise<Provisioned>;
  readonly hosting: Hosting;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One step towards a deployment: asks for it, or looks how far it is. Idempotent, and it never waits. */
export function createProvision({ record, noRoom, hosting, clock, logger }: ProvisionDeps) {
  const { set, tell, fail } = record;

  /** Asks the provider for the deployment. What was asked for is in the ledger before the request leaves. */
  async function begin(ref: HostedRef, one: Hosted): Promise<Provisioned> {
    // One try began with its first request; repeating it does not make it younger.
    const requestedAt = one.state === "provisioning" ? one.requested_at : toIso(clock.now());
    await set(ref, (now) => begun(now, requestedAt));
    return follow(ref, one, () => hosting.begin(requestOf(one)));
  }

  async function follow(ref: HostedRef, one: Hosted, ask: () => Promise<HostProgress>): Promise<Provisioned> {
    let progress: HostProgress;
    try {
      progress = await ask();
    } catch (thrown) {
      if (!isLightningError(thrown)) throw thrown;
      if (thrown.code === "deployment_quota") return noRoom(ref, one, thrown.message);
      if (thrown.kind !== "unavailable") return fail(thrown.code, ref, told(thrown.message, thrown.remedy));
      logger.warn("Azure Resource Manager did not take a request", { error: messageOf(thrown) });
      // A pause that Azure Resource Manager asks for (429) is a durable wait like any other, however long.
      const asked = thrown.retryAfterMs === undefined ? 0 : pauseMs(0, thrown.retryAfterMs) / 1000;
      return making(one, asked);
    }
    switch (progress.kind) {
      case "made":
        await set(ref, made);
        await tell(ref, "probing");
        return { kind: "made" };
      case "failed":
        if (progress.code === "deployment_quota") return noRoom(ref, one, progress.message);
        return fail(progress.code, ref, progress.message);
      case "making": {
        const { operation } = progress;
        if (operation !== undefined && operation !== one.operation)
          await set(ref, (now) => provisioning(now, operation));
        return making(one);
      }
      case "absent":
      case "removing":
        return making(one, ROOM_AGAIN_SECONDS);
    }
  }

  const making = (one: Hosted, seconds = 0): Provisioned => {
    const age = (clock.now() - Date.parse(one.requested_at)) / 1000;
    return {
      kind: "making",
      look_again_seconds: Math.max(seconds, Math.min(60, Math.max(LOOK_AGAIN_SECONDS, age / 10))),
    };
  };

  return async (ref: HostedRef): Promise<Provisioned> => {
    const one = await record.get(ref);
    await tell(ref, "provisioning");
    const isOurs = one.state === "provisioning";
    const late = isOurs && clock.now() - Date.parse(one.requested_at) > PATIENCE_MS;
    const giveUp = () =>
      fail(
        "provisioning_timeout",
        ref,
        `The deployment was not made within ${PATIENCE_MS / 3_600_000} hours.`,
      );
    let seen: HostProgress;
    try {
      seen = await hosting.look(requestOf(one), one.operation);
    } catch (thrown) {
      const answer = await follow(ref, one, async () => {
        throw thrown;
      });
      return late && answer.kind === "making" ? giveUp() : answer;
    }
    // What is left of an earlier try says nothing about this one.
    if (late && seen.kind !== "made") return giveUp();
    if (seen.kind === "absent" || (seen.kind === "failed" && !isOurs)) return begin(ref, one);
    return follow(ref, one, () => Promise.resolve(seen));
  };
}

const told = (message: string, remedy: string | undefined) =>
  remedy === undefined ? message : `${message} ${remedy}`;
