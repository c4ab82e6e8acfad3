import { app } from "@azure/functions";
import * as df from "durable-functions";
import { appOf, withApp } from "../src/app.ts";
import { orchestrationsOf } from "../src/surfaces/durable-client.ts";

withApp(({ settings }) => {
  // Not registered while the setting is empty: the Functions host refuses a timer without a schedule.
  if (settings.retrainCron !== undefined) {
    app.timer("retrainOnSchedule", {
      schedule: "%LIGHTNING_RETRAIN_CRON%",
      extraInputs: [df.input.durableClient()],
      handler: (_timer, context) => appOf().startRetraining(orchestrationsOf(() => df.getClient(context))),
    });
  }

  // A worker that dies, an operator or a new task hub may end an orchestration under its record.
  app.timer("takeUpRecords", {
    schedule: "0 41 * * * *",
    extraInputs: [df.input.durableClient()],
    handler: async (_timer, context) => {
      await appOf().takeUpRecords(orchestrationsOf(() => df.getClient(context)));
    },
  });

  // The feed gives what waits as its episode comes; this finds what it missed, and what waits no longer.
  app.timer("settleWaitingRewards", {
    schedule: "0 23 * * * *",
    handler: async () => {
      await appOf().settleWaitingRewards();
    },
  });

  // Only where deployments are made: Azure removes idle ones after fifteen days, developer ones after one.
  if (settings.openaiAccount !== undefined) {
    app.timer("keepDeploymentsInOrder", {
      schedule: "0 17 3 * * *",
      extraInputs: [df.input.durableClient()],
      handler: (_timer, context) => appOf().keepInOrder(orchestrationsOf(() => df.getClient(context))),
    });

    app.timer("removeRejectedCandidates", {
      schedule: "0 47 * * * *",
      handler: () => appOf().removeRejected(),
    });
  }
});
