import { EntityId, RetryOptions } from "durable-functions";
import type { App } from "./app.ts";

/** A bit of everything: fan-out, children, retries, a timer, an entity and continue-as-new; the output tells whether all of it ran. */
export function recoveryApp(onActivity: (name: string) => void = () => {}, timerMs = 20): App {
  const failedOnce = new Set<string>();
  return {
    orchestrators: {
      *everything({ df }) {
        const { n, round } = df.getInput() as { n: number; round: number };
        const parts = yield df.Task.all([0, 1, 2].map((i) => df.callActivity("square", n + i)));
        yield df.createTimer(new Date(df.currentUtcDateTime.getTime() + timerMs));
        const child = yield df.callSubOrchestrator("child", n);
        const key = `${df.instanceId}:${round}`;
        const flaky = yield df.callActivityWithRetry("flaky", new RetryOptions(10, 10), { key, n });
        const tally = yield df.callEntity(new EntityId("tally", String(n)), "count");
        if (round === 0) {
          df.continueAsNew({ n, round: 1 });
          return undefined;
        }
        return { parts, child, flaky, tally, round };
      },
      *child({ df }) {
        return yield df.callActivity("square", df.getInput());
      },
    },
    activities: {
      square: (n: number) => {
        onActivity(`square ${n}`);
        return n * n;
      },
      flaky: ({ key, n }: { key: string; n: number }) => {
        onActivity(`flaky ${key}`);
        if (!failedOnce.has(key)) {
          failedOnce.add(key);
          throw new Error("first attempt");
        }
        return 1000 + n;
      },
    },
    entities: {
      tally: ({ df }) => {
        const count = (df.getState(() => 0) as number) + 1;
        df.setState(count);
        df.return(count);
      },
    },
  };
}

export const expectedOutput = (n: number) => ({
  parts: [n * n, (n + 1) ** 2, (n + 2) ** 2],
  child: n * n,
  flaky: 1000 + n,
  tally: 2,
  round: 1,
});
