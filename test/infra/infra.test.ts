import { copyFileSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { containersJson, writtenContainersJson } from "../../infra/containers.ts";
import { appRoles, printed } from "../../infra/entra.ts";
import { hostEnvironment } from "../../infra/start-func.ts";
import { readSettings, SETTINGS } from "../../src/config/settings.ts";
import { readAppRole } from "../../src/identity/roles.ts";
import { CONTAINER_KEYS, containerNames } from "../../src/ledger/containers.ts";
import { compare } from "../../src/ledger/cosmos/verify.ts";
import { durableSettings } from "../../src/local-host/durable/options.ts";
import { readHostConfig } from "../../src/local-host/host-config.ts";

/**
 * That the templates compile, and what they come to, is proved by Microsoft's compiler (`npm run infra:check`). These
 * tests need none: they hold the texts, and the reviewed results in `infra/snapshots/`, to the code.
 */
const ROOT = path.resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
const FILES = globSync("infra/**/*.bicep", { cwd: ROOT }).toSorted();
const SETS = globSync("infra/snapshots/*.bicepparam", { cwd: ROOT }).map((file) =>
  path.basename(file, ".bicepparam"),
);
const main = read("infra/main.bicep");
const table = JSON.parse(read("infra/app/roles.json")) as Record<string, { name: string; id: string }>;
const SETTING_NAMES = new Set(Object.values(SETTINGS).map(({ env }) => env as string));

/** The declarations of a kind in a template, and for parameters whether they have a default. */
const declared = (text: string, kind: "param" | "output") =>
  new Map(
    [...text.matchAll(new RegExp(`^${kind} (\\w+) ([^\\n]*)`, "gm"))].map(
      ([, name, rest]) => [name as string, rest?.includes("=") === true] as const,
    ),
  );

interface Resource {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly apiVersion: string;
  // biome-ignore lint/suspicious/noExplicitAny: Azure's own shapes, which the compiler has checked.
  readonly properties?: any;
}
/** What a parameter set comes to: the resources that would be asked for. */
const evaluated = (set: string) =>
  (
    JSON.parse(read(`infra/snapshots/${set}.snapshot.json`)) as {
      readonly predictedResources: readonly Resource[];
    }
  ).predictedResources;
const ofType = (set: string, type: string) => evaluated(set).filter((one) => one.type === type);
const only = (set: string, type: string): Resource => {
  const [found, ...more] = ofType(set, type);
  if (found === undefined || more.length > 0) throw new Error(`${set} has not one ${type}`);
  return found;
};
const appSettings = (set: string) =>
  ofType(set, "Microsoft.Web/sites/config").find(({ name }) => name.endsWith("/appsettings"))
    ?.properties as Readonly<Record<string, string>>;
/** The roles of a parameter set by name, each with the kind of resource that it is for and whose it is. */
const rolesOf = (set: string) =>
  evaluated(set)
    .filter(({ type }) => /\/(?:roleAssignments|sqlRoleAssignments)$/.test(type))
    .map(({ id, type, properties }) => {
      const custom = ofType(set, "Microsoft.Authorization/roleDefinitions").find((one) =>
        properties.roleDefinitionId.endsWith(one.id),
      );
      const role = Object.values(table).find((one) => properties.roleDefinitionId.endsWith(one.id));
      const scope = id.match(/providers\/(Microsoft\.\w+\/\w+)/)?.[1];
      const [, own = ""] = properties.principalId.match(/\/id-(?:(host|package)-)?\w+'/) ?? [];
      const whose = properties.principalId.startsWith("[") ? own || "app" : "deployer";
      const [, container] = id.match(/\/containers\/([\w-]+)/) ?? [];
      const place = type.endsWith("sqlRoleAssignments") ? "the ledger" : scope;
      return `${whose}: ${role?.name ?? custom?.properties.roleName} on ${place}${container === undefined ? "" : `'s ${container}`}`;
    })
    .toSorted();

describe("the template's containers", () => {
  it("are those of the code, key, indexing and expiry (when this fails: npm run docs:containers)", () => {
    expect(JSON.parse(writtenContainersJson())).toEqual(JSON.parse(containersJson()));
  });

  it("pass the check that `lightning health --containers` makes of an account", () => {
    const names = containerNames(readSettings({}));
    const made = JSON.parse(writtenContainersJson()) as { key: string; name: string; resource: object }[];
    for (const key of CONTAINER_KEYS) {
      const container = made.find((one) => one.key === key);
      expect(container?.name).toBe(names[key]);
      expect([key, compare(key, container?.resource ?? {}, "agent_id")]).toEqual([
        key,
        { faults: [], notes: [] },
      ]);
    }
    // What the triggers demand: it is theirs, not the ledger's own rl_leases.
    expect(made.find(({ name }) => name === "leases")?.resource).toMatchObject({
      partitionKey: { paths: ["/id"] },
    });
    const feed = read("functions/change-feed.ts");
    expect(feed).toContain('leaseContainerName: "leases"');
  });

  it("can be made alone with nothing but parentAccountName, as the design shows", () => {
    const alone = read("infra/app/lightning-cosmos.bicep");
    expect([...declared(alone, "param")].filter(([, hasDefault]) => !hasDefault)).toEqual([
      ["parentAccountName", false],
    ]);
    expect(alone).toContain("param databaseName string = 'agent_rl'");
    expect(alone).not.toMatch(/^module /m);
  });
});

describe.each(FILES)("%s", (file) => {
  const text = read(file);

  it("pins the API version of every resource and downloads no module", () => {
    for (const [, type] of text.matchAll(/^ *resource \w+ '([^']+)'/gm))
      expect(type).toMatch(
        /^Microsoft\.[A-Za-z]+\/[A-Za-z/]+@20\d\d-\d\d-\d\d$|^(?:config|basicPublishingCredentialsPolicies)$/,
      );
    for (const [, source] of text.matchAll(/^module \w+ '([^']+)'/gm))
      expect(FILES).toContain(path.join(path.dirname(file), source as string));
  });

  it("has no role but those of the one table, and no key or password", () => {
    expect(text.match(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi) ?? []).toEqual([]);
    expect(text).not.toMatch(/listKeys|listAccountSas|AccountKey=|sharedKey: true|@secure/i);
  });
});

describe("infra/main.bicep", () => {
  it("puts out settings of the app by their names, beside the group that azd looks for", () => {
    const outputs = [...declared(main, "output").keys()];
    expect(outputs.filter((name) => !SETTING_NAMES.has(name))).toEqual([]);
    expect(outputs).toContain("COSMOS_ACCOUNT_URI");
  });

  it("takes every parameter of main.parameters.json, and needs none that is not there", () => {
    const { parameters } = JSON.parse(read("infra/main.parameters.json")) as { parameters: object };
    const params = declared(main, "param");
    expect(Object.keys(parameters).filter((name) => !params.has(name))).toEqual([]);
    const needed = [...params].filter(([, hasDefault]) => !hasDefault).map(([name]) => name);
    expect(needed.filter((name) => !(name in parameters))).toEqual([]);
  });
});

describe.each(SETS)("the parameter set %s", (set) => {
  const settings = appSettings(set);

  it("sets what an app in Azure refuses to start without, and no name that nobody reads", () => {
    const platform =
      /^(?:AzureWebJobsStorage__|AzureFunctionsJobHost__|COSMOS__|WEBSITE_AUTH_|OVERRIDE_USE_MI_FIC|AZURE_CLIENT_ID$|APPLICATIONINSIGHTS_AUTHENTICATION_STRING$|DURABLE_TASK_SCHEDULER_CONNECTION_STRING$)/;
    const unknown = Object.keys(settings).filter((name) => !SETTING_NAMES.has(name) && !platform.test(name));
    expect(unknown).toEqual([]);
    for (const needed of [
      "COSMOS_ACCOUNT_URI",
      "AZURE_OPENAI_ENDPOINT",
      "LIGHTNING_FILES_URI",
      "COSMOS__accountEndpoint",
    ])
      expect([needed, settings[needed]]).toEqual([needed, expect.any(String)]);
    // The settings themselves take every value that needs no running Azure to be known.
    const known = Object.entries(settings).filter(
      ([name, value]) => SETTING_NAMES.has(name) && !value.startsWith("[") && name !== "LIGHTNING_AUTH",
    );
    expect(() => readSettings(Object.fromEntries(known))).not.toThrow();
  });

  it("keeps what the app writes on an instance in the writable temporary folder", () => {
    expect(settings.LIGHTNING_HOME).toMatch(/^\/tmp\/\w+$/);
    expect(settings).not.toHaveProperty("LIGHTNING_DATA_DIR");
  });

  it("gives no setting, version or name that is empty", () => {
    const empty = (value: unknown, at: string): string[] =>
      typeof value === "object" && value !== null
        ? Object.entries(value).flatMap(([key, inner]) => empty(inner, `${at}.${key}`))
        : value === ""
          ? [at]
          : [];
    expect(evaluated(set).flatMap((one) => empty(one, one.name))).toEqual([]);
  });

  it("runs the app on Flex Consumption as its identity: package, runtime, scale", () => {
    const { functionAppConfig: app, httpsOnly } = only(set, "Microsoft.Web/sites").properties;
    expect(only(set, "Microsoft.Web/serverfarms")).toMatchObject({
      sku: { name: "FC1", tier: "FlexConsumption" },
      properties: { reserved: true },
    });
    expect(httpsOnly).toBe(true);
    expect(app.deployment.storage).toMatchObject({
      type: "blobContainer",
      authentication: { type: "UserAssignedIdentity" },
    });
    expect(app.runtime).toEqual({ name: "node", version: set === "existing-accounts" ? "22" : "24" });
    expect(app.scaleAndConcurrency.instanceMemoryMB).toBeGreaterThanOrEqual(2048);
    expect(app.scaleAndConcurrency.alwaysReady).toEqual(
      set === "provisioned" ? [] : [{ name: "durable", instanceCount: 1 }],
    );
    // What Flex Consumption refuses among its settings: the runtime stands in functionAppConfig.
    expect(Object.keys(settings).join(" ")).not.toMatch(
      /FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|WEBSITE_NODE_DEFAULT_VERSION|WEBSITE_RUN_FROM_PACKAGE/,
    );
  });

  it("gives the host its storage by identity, and Durable the queues and tables with it", () => {
    for (const one of ["credential", "clientId", "blobServiceUri", "queueServiceUri", "tableServiceUri"])
      expect(settings).toHaveProperty(`AzureWebJobsStorage__${one}`);
    expect(settings).not.toHaveProperty("AzureWebJobsStorage");
  });

  it("gives each identity the roles of its part, and who deploys those of a laptop, each where they work", () => {
    const storage = "Microsoft.Storage/storageAccounts";
    const openAi = "Microsoft.CognitiveServices/accounts";
    const deployer = [
      `deployer: Cognitive Services OpenAI Contributor on ${openAi}`,
      "deployer: Cosmos DB Built-in Data Contributor on the ledger",
      `deployer: Storage Blob Data Contributor on ${storage}'s lightning-datasets`,
    ];
    expect(rolesOf(set)).toEqual(
      [
        `app: ${set === "private" ? "Cognitive Services Contributor" : `Agent Lightning deployments of ${settings.AZURE_OPENAI_ACCOUNT}`} on ${openAi}`,
        `app: Cognitive Services OpenAI Contributor on ${openAi}`,
        "app: Cosmos DB Built-in Data Contributor on the ledger",
        "app: Monitoring Metrics Publisher on Microsoft.Insights/components",
        `app: Storage Blob Data Contributor on ${storage}'s lightning-datasets`,
        `host: Storage Blob Data Owner on ${storage}`,
        `host: Storage Queue Data Contributor on ${storage}`,
        `host: Storage Table Data Contributor on ${storage}`,
        `package: Storage Blob Data Contributor on ${storage}'s app-package`,
        ...(set === "existing-accounts"
          ? ["host: Durable Task Data Contributor on Microsoft.DurableTask/schedulers"]
          : []),
        ...(set === "provisioned" ? [] : deployer),
      ].toSorted(),
    );
  });

  it("lets neither host nor app change the package that they are started from", () => {
    const app = only(set, "Microsoft.Web/sites");
    const { value, authentication } = app.properties.functionAppConfig.deployment.storage;
    const [, account] = value.match(/storageAccounts\/(\w+)/) ?? [];
    expect(authentication.userAssignedIdentityResourceId).toContain("/id-package-");
    const others = evaluated(set).filter(
      ({ id, type, properties }) =>
        /\/(?:roleAssignments|roleDefinitions)$/.test(type) &&
        id.includes(`storageAccounts/${account}`) &&
        !properties.principalId.includes("/id-package-"),
    );
    expect([account, others]).toEqual([expect.stringMatching(/^stp/), []]);
    // The host's own storage is another account, and the app asks for tokens as itself.
    expect(settings.AzureWebJobsStorage__blobServiceUri).not.toContain(account);
    expect(settings.AzureWebJobsStorage__clientId).toContain("/id-host-");
    expect(settings.AZURE_CLIENT_ID).toMatch(/\/id-(?!host-|package-)/);
  });

  it("makes a role for deployments that reaches neither keys nor anything else of the account", () => {
    const made = ofType(set, "Microsoft.Authorization/roleDefinitions");
    expect(made).toHaveLength(set === "private" ? 0 : 1);
    for (const { properties } of made) {
      const [{ actions, notActions, dataActions }] = properties.permissions;
      expect([notActions, dataActions]).toEqual([[], []]);
      for (const action of actions)
        expect(action).toMatch(
          /^Microsoft\.CognitiveServices\/accounts\/(?:read|models\/read|deployments\/(?:read|write|delete))$/,
        );
    }
  });

  it("closes what it makes to the public network where private endpoints are asked for, each with its name", () => {
    const types = ["Storage/storageAccounts", "DocumentDB/databaseAccounts", "CognitiveServices/accounts"];
    const accounts = types.flatMap((type) => ofType(set, `Microsoft.${type}`));
    const isPrivate = set === "private";
    for (const { properties } of accounts)
      expect(properties.publicNetworkAccess).toBe(isPrivate ? "Disabled" : "Enabled");
    const endpoints = ofType(set, "Microsoft.Network/privateEndpoints");
    const reached = endpoints.map(({ properties }) => {
      const [{ properties: to }] = properties.privateLinkServiceConnections;
      return `${to.privateLinkServiceId
        .split("/")
        .slice(-2)
        .join("/")
        .replace(/-?\w{13}$/, "")} ${to.groupIds}`;
    });
    expect(reached.toSorted()).toEqual(
      isPrivate
        ? [
            "accounts/oai account",
            "databaseAccounts/cosmos Sql",
            "storageAccounts/st blob",
            "storageAccounts/st queue",
            "storageAccounts/st table",
            "storageAccounts/stp blob",
          ]
        : [],
    );
    expect(ofType(set, "Microsoft.Network/privateEndpoints/privateDnsZoneGroups")).toHaveLength(
      endpoints.length,
    );
    const zones = ofType(set, "Microsoft.Network/privateDnsZones");
    expect(ofType(set, "Microsoft.Network/privateDnsZones/virtualNetworkLinks")).toHaveLength(zones.length);
    const { virtualNetworkSubnetId } = only(set, "Microsoft.Web/sites").properties;
    expect(virtualNetworkSubnetId).toEqual(isPrivate ? expect.stringMatching(/\/subnets\/app$/) : undefined);
  });

  it("makes accounts that take identities only", () => {
    for (const { properties } of ofType(set, "Microsoft.Storage/storageAccounts"))
      expect(properties.allowSharedKeyAccess).toBe(false);
    expect(only(set, "Microsoft.Insights/components").properties.DisableLocalAuth).toBe(true);
    const accounts = [
      ...ofType(set, "Microsoft.DocumentDB/databaseAccounts"),
      ...ofType(set, "Microsoft.CognitiveServices/accounts"),
    ];
    expect(accounts).toHaveLength(set === "existing-accounts" ? 0 : 2);
    for (const { properties } of accounts) expect(properties.disableLocalAuth).toBe(true);
  });

  it("makes the containers of the code", () => {
    const type = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers";
    const made = JSON.parse(writtenContainersJson()) as { name: string; resource: object }[];
    expect(ofType(set, type).map(({ properties }) => properties.resource)).toEqual(
      made.map(({ name, resource }) => ({ id: name, ...resource })),
    );
  });

  it("names a deployment for the untuned answers only where there is one", () => {
    const deployment = ofType(set, "Microsoft.CognitiveServices/accounts/deployments")[0];
    const named = set === "existing-accounts" ? "chat" : deployment?.name.split("/")[1];
    expect(settings.FOUNDRY_MODEL_DEPLOYMENT_NAME).toBe(named);
  });
});

describe("the parameter sets", () => {
  it("differ as they say: persons, Durable Task Scheduler, provisioned throughput", () => {
    expect(appSettings("entra")).toMatchObject({
      LIGHTNING_AUTH: "entra",
      LIGHTNING_RETRAIN_CRON: "0 0 3 * * *",
    });
    expect(appSettings("default")).not.toHaveProperty("LIGHTNING_AUTH");
    expect(appSettings("existing-accounts")).toMatchObject({
      AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: "azureManaged",
      AZURE_OPENAI_ACCOUNT: "oai-there",
      AZURE_RESOURCE_GROUP: "rg-there",
    });
    const account = only("provisioned", "Microsoft.DocumentDB/databaseAccounts").properties;
    expect(account).toMatchObject({ capabilities: [], consistencyPolicy: { maxStalenessPrefix: 100 } });
    const database = only("provisioned", "Microsoft.DocumentDB/databaseAccounts/sqlDatabases");
    expect(database.properties.options).toEqual({ autoscaleSettings: { maxThroughput: 4000 } });
    expect(appSettings("provisioned").LIGHTNING_EPOCHS).toBe("2");
  });
});

describe("azure.yaml and host.json", () => {
  it("name the service that the function app is tagged with, and the template that is there", () => {
    const yaml = read("azure.yaml");
    expect(yaml).toMatch(/^services:\n {2}api:\n {4}project: \.\n {4}language: ts\n {4}host: function$/m);
    expect(read("infra/app/function-app.bicep")).toContain("'azd-service-name': 'api'");
  });

  it("sends Azure everything that what runs there and its build import", () => {
    const folders = read(".funcignore")
      .split("\n")
      .filter((line) => /^[\w./-]+$/.test(line));
    const isSent = (file: string) =>
      !folders.some(
        (folder) => file === folder || file.startsWith(`${folder}/`) || file.includes(`/${folder}/`),
      );
    const files = ["functions", "src", "dashboard", "tools"].flatMap((folder) =>
      globSync(`${folder}/**/*.{ts,tsx,json}`, { cwd: ROOT })
        .filter((file) => !file.startsWith("dashboard/dist/") && !file.includes("node_modules"))
        // What makes the npm packages has no part in the app.
        .filter((file) => !file.startsWith("tools/packages/")),
    );
    // No pattern of .funcignore takes away a part of these rooms.
    expect(files.filter((file) => !isSent(file))).toEqual([]);
    for (const file of [
      "package.json",
      "package-lock.json",
      "host.json",
      "tsconfig.json",
      "tsconfig.build.json",
    ])
      expect([file, isSent(file)]).toEqual([file, true]);
    const outside: string[] = [];
    // Scripts that people run on a page beside them; no build asks for them.
    const isScript = (file: string) => /^dashboard\/(screenshots\.ts|walk\/)/.test(file);
    for (const file of files.filter((one) => /\.tsx?$/.test(one) && !isScript(one)))
      for (const [, source] of read(file).matchAll(/from "(\.[^"]+)"/g)) {
        const target = path.relative(ROOT, path.resolve(ROOT, path.dirname(file), source as string));
        if (!isSent(target)) outside.push(`${file} → ${target}`);
      }
    expect(outside).toEqual([]);
  });

  it("asks for the bundle, tracing V2, a version and OpenTelemetry", () => {
    const host = JSON.parse(read("host.json"));
    expect(host).toMatchObject({
      telemetryMode: "OpenTelemetry",
      extensionBundle: { version: "[4.36.0, 5.0.0)" },
      extensions: {
        durableTask: {
          defaultVersion: expect.any(String),
          versionMatchStrategy: "CurrentOrOlder",
          tracing: { distributedTracingEnabled: true, version: "V2" },
          maxConcurrentActivityFunctions: expect.any(Number),
        },
      },
    });
    const scheduler = JSON.parse(read("infra/host.durable-task-scheduler.json"));
    expect(scheduler.extensions.durableTask.storageProvider).toEqual({
      type: "azureManaged",
      connectionStringName: "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
    });
    // Otherwise the two are the same.
    const { storageProvider, hubName } = host.extensions.durableTask;
    Object.assign(scheduler.extensions.durableTask, { storageProvider, hubName });
    expect(scheduler).toEqual(host);
  });
});

describe.each(["host.json", "infra/host.durable-task-scheduler.json"])("%s", (file) => {
  const host = JSON.parse(read(file));

  it("is taken by the local host, which leaves nothing of it out", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "lightning-host-json-"));
    try {
      copyFileSync(path.join(ROOT, file), path.join(folder, "host.json"));
      const config = readHostConfig(folder, { TASKHUB_NAME: "agentlightning" });
      expect(config.ignored).toEqual([]);
      expect(durableSettings(config.durableTask)).toMatchObject({
        maxActivities: host.extensions.durableTask.maxConcurrentActivityFunctions,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("has activity slots left for others while one dataset is built or one model evaluated", () => {
    const slots = host.extensions.durableTask.maxConcurrentActivityFunctions;
    expect(readSettings({}).shardsAtOnce).toBeLessThan(slots);
  });
});

describe("host.json on Azure Storage", () => {
  it("takes work up again two minutes after a crash, and sees a start within seconds", () => {
    expect(JSON.parse(read("host.json")).extensions.durableTask.storageProvider).toEqual({
      partitionCount: 4,
      controlQueueVisibilityTimeout: "00:02:00",
      workItemQueueVisibilityTimeout: "00:02:00",
      maxQueuePollingInterval: "00:00:03",
    });
  });
});

describe("what the operator runs", () => {
  it("prints an app role for every role, alone and for agents, with ids that stay", () => {
    const roles = appRoles(["support"]);
    expect(roles.map(({ value }) => readAppRole(value))).not.toContain(undefined);
    expect(new Set(roles.map(({ id }) => id)).size).toBe(12);
    for (const { id } of roles)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(
      appRoles([]).every((role) => roles.some(({ id, value }) => id === role.id && value === role.value)),
    ).toBe(true);
  });

  it("prints an app registration that App Service Authentication of the template can work with", () => {
    const app = "22222222-2222-2222-2222-222222222222";
    const endpoint = "https://func-x.azurewebsites.net";
    const printedFor = (...args: string[]) => printed(args) as ReturnType<typeof JSON.parse>;
    const made = printedFor("registration", "--app", app, "--endpoint", endpoint, "support");
    const auth = ofType("entra", "Microsoft.Web/sites/config").find(({ name }) =>
      name.endsWith("/authsettingsV2"),
    )?.properties.identityProviders.azureActiveDirectory;

    // A browser comes back to where the platform listens, with an ID token.
    expect(made.web).toEqual({
      redirectUris: [`${endpoint}/.auth/login/aad/callback`],
      implicitGrantSettings: { enableIdTokenIssuance: true, enableAccessTokenIssuance: false },
    });
    // The token's audience and issuer are those that the template lets in.
    expect(auth.registration.clientId).toBe(app);
    expect(auth.validation.allowedAudiences).toEqual(expect.arrayContaining([app, ...made.identifierUris]));
    expect(auth.registration.openIdIssuer).toContain("/v2.0");
    expect(made.api.requestedAccessTokenVersion).toBe(2);
    // The scope that MCP clients are told to ask for is there, and the Azure CLI may ask for it.
    const [scope] = made.api.oauth2PermissionScopes;
    expect(appSettings("entra").WEBSITE_AUTH_PRM_DEFAULT_WITH_SCOPES).toBe(
      `${made.identifierUris[0]}/${scope.value}`,
    );
    const mcpClient = "44444444-4444-4444-4444-444444444444";
    const { api } = printedFor("clients", "--client", mcpClient);
    expect(api).toMatchObject(made.api);
    expect(api.preAuthorizedApplications).toEqual(
      ["04b07795-8ddb-461a-bbee-02f9e1bf7b46", mcpClient].map((appId) => ({
        appId,
        delegatedPermissionIds: [scope.id],
      })),
    );
    expect(made.appRoles).toHaveLength(12);
    expect(new Set([...made.appRoles, scope].map(({ id }: { id: string }) => id)).size).toBe(13);
  });

  it.each([
    [[], /registration or clients/],
    [["registration", "--endpoint", "https://a.example"], /--app/],
    [
      ["registration", "--app", "22222222-2222-2222-2222-222222222222", "--endpoint", "a.example"],
      /--endpoint/,
    ],
    [["registration", "--ap", "x"], /Unknown option/],
  ])("says what is missing for a registration: %j", (args, said) => {
    expect(() => printed(args)).toThrow(said);
  });

  it("start:func gives the host its storage and the triggers their connection, or says what is missing", () => {
    expect(() => hostEnvironment({})).toThrow(/COSMOS_ACCOUNT_URI is not set/);
    const uri = "https://localhost:8081";
    expect(hostEnvironment({ COSMOS_ACCOUNT_URI: uri })).toEqual({
      FUNCTIONS_WORKER_RUNTIME: "node",
      AzureWebJobsStorage: "UseDevelopmentStorage=true",
      COSMOS__accountEndpoint: uri,
    });
    const key = { COSMOS_ACCOUNT_URI: uri, COSMOS_AUTH_MODE: "key" };
    expect(hostEnvironment({ ...key, COSMOS_ACCOUNT_KEY: "k" }).COSMOS).toBe(
      `AccountEndpoint=${uri};AccountKey=k;`,
    );
    expect(() => hostEnvironment(key)).toThrow(/COSMOS_ACCOUNT_KEY/);
  });
});
