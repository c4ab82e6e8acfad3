import { app } from "@azure/functions";
import { appOf, withApp } from "../src/app.ts";
import { containerNames, LEASE_PREFIXES } from "../src/ledger/containers.ts";

withApp(({ settings }) => {
  const names = containerNames(settings);

  const feed = {
    connection: "COSMOS",
    databaseName: settings.cosmosDatabaseName,
    leaseContainerName: "leases",
    // Under a data role the extension cannot create containers; the template does.
    createLeaseContainerIfNotExists: false,
    startFromBeginning: true,
    // Without a policy an exception loses the batch; poison documents are set aside inside the handler instead.
    retry: {
      strategy: "exponentialBackoff",
      maxRetryCount: -1,
      minimumInterval: { seconds: 1 },
      maximumInterval: { minutes: 1 },
    },
  } as const;

  app.cosmosDB("scoreEpisodes", {
    ...feed,
    containerName: names.episodes,
    leaseContainerPrefix: LEASE_PREFIXES.episodes,
    handler: (documents: unknown[]) => appOf().feeds.handleEpisodeChanges(documents),
  });

  app.cosmosDB("aggregateRewards", {
    ...feed,
    containerName: names.rewards,
    leaseContainerPrefix: LEASE_PREFIXES.rewards,
    handler: (documents: unknown[]) => appOf().feeds.handleRewardChanges(documents),
  });
});
