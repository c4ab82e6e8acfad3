import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { containersJson, writtenContainersJson } from "../../infra/containers.ts";
import { appRoles } from "../../infra/entra.ts";
import { hostEnvironment } from "../../infra/start-func.ts";
import { readSettings, SETTINGS } from "../../src/config/settings.ts";
import { readAppRole } from "../../src/identity/roles.ts";
import { CONTAINER_KEYS, containerNames } from "../../src/ledger/containers.ts";
import { compare } from "../../src/ledger/cosmos/verify.ts";
import { type Bicep, readBicep } from "./bicep.ts";

/**
 * No Bicep compiler can be had where this runs, and nothing was deployed: these tests read the templates as text and
 * hold them to themselves and to the code.
 */
const ROOT = path.resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
const FILES = readdirSync(path.join(ROOT, "infra"), { recursive: true, withFileTypes: true })
  .filter(({ name }) => name.endsWith(".bicep"))
  .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
  .toSorted();
const TEMPLATES = new Map<string, Bicep>(FILES.map((file) => [file, readBicep(read(file))]));
const template = (file: string): Bicep => {
  const found = TEMPLATES.get(file);
  if (found === undefined) throw new Error(`no ${file}`);
  return found;
};
const main = template("infra/main.bicep");
const table = JSON.parse(read("infra/app/roles.json")) as Record<string, { name: string; id: string }>;

describe("the reading of templates", () => {
  it.each([
    ["output a string = missing", { used: ["missing"] }],
    ["var a = b ? c : d", { used: ["b", "c", "d"] }],
    [`var a = { b: c, d: '\${e.f}-\${g(h)}' }`, { used: ["c", "e", "h"] }],
    ["var a = 'it\\'s // no comment' // b", { used: [], faults: [] }],
    ["var a = {", { faults: ["line 1: { is not closed"] }],
    ["var a = [b)", { faults: ["line 1: ) closes [ of line 1"] }],
    ["var a = 'open\nvar b = 1", { faults: expect.arrayContaining(["line 1: a text is not closed"]) }],
  ])("sees what %s names and where it is not whole", (text, expected) => {
    expect(readBicep(text)).toMatchObject(expected);
  });
});

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
    const alone = template("infra/app/lightning-cosmos.bicep");
    expect([...alone.params].filter(([, { hasDefault }]) => !hasDefault).map(([name]) => name)).toEqual([
      "parentAccountName",
    ]);
    expect(alone.text).toContain("param databaseName string = 'agent_rl'");
    expect(alone.modules.size).toBe(0);
  });
});

describe.each(FILES)("%s", (file) => {
  const bicep = template(file);

  it("is balanced and every string is closed", () => {
    expect(bicep.faults).toEqual([]);
  });

  it("names nothing that is not declared, and declares nothing that is not used", () => {
    const declared = [
      ...bicep.params.keys(),
      ...bicep.vars,
      ...bicep.resources.keys(),
      ...bicep.modules.keys(),
    ];
    expect(new Set(declared).size).toBe(declared.length);
    expect(bicep.used.filter((name) => !declared.includes(name) && !bicep.local.has(name))).toEqual([]);
    const unused = [...bicep.params.keys(), ...bicep.vars].filter((name) => !bicep.used.includes(name));
    expect(unused).toEqual([]);
  });

  it("pins the API version of every resource and downloads no module", () => {
    for (const type of bicep.resources.values())
      expect(type).toMatch(
        /^Microsoft\.[A-Za-z]+\/[A-Za-z/]+@20\d\d-\d\d-\d\d$|^(?:config|basicPublishingCredentialsPolicies)$/,
      );
    for (const source of bicep.modules.values())
      expect(FILES).toContain(path.join(path.dirname(file), source));
  });

  it("has no role but those of the one table, and no key or password", () => {
    expect(bicep.text.match(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi) ?? []).toEqual([]);
    for (const [, name] of bicep.text.matchAll(/\broles\.(\w+)\.id/g))
      expect(Object.keys(table)).toContain(name);
    expect(bicep.text).not.toMatch(/listKeys|listAccountSas|AccountKey=|sharedKey: true|@secure/i);
  });
});

describe("infra/main.bicep", () => {
  it("gives every module what it asks for, and asks of it only what it has", () => {
    for (const [name, source] of main.modules) {
      const called = template(path.join("infra", source));
      const given = main.moduleParams.get(name) ?? [];
      expect([name, given.filter((one) => !called.params.has(one))]).toEqual([name, []]);
      const needed = [...called.params].filter(([, { hasDefault }]) => !hasDefault).map(([one]) => one);
      expect([name, needed.filter((one) => !given.includes(one))]).toEqual([name, []]);
      for (const [, output] of main.text.matchAll(new RegExp(`\\b${name}\\.outputs\\.(\\w+)`, "g")))
        expect([name, [...called.outputs]]).toEqual([name, expect.arrayContaining([output])]);
    }
  });

  it("puts out settings of the app by their names, beside the group that azd looks for", () => {
    const names = Object.values(SETTINGS).map(({ env }) => env as string);
    expect([...main.outputs].filter((name) => !names.includes(name))).toEqual([]);
    expect(main.outputs).toContain("COSMOS_ACCOUNT_URI");
  });

  it("sets what an app in Azure refuses to start without, and no name that nobody reads", () => {
    const block = main.text.slice(
      main.text.indexOf("var schedulerSettings"),
      main.text.indexOf("// Each name is a setting"),
    );
    const set = [...block.matchAll(/^\s*([A-Z][A-Za-z]*_[A-Za-z_]+): /gm)].map((match) => match[1] as string);
    const inline = [...block.matchAll(/\{ ([A-Z_]+): /g)].map((match) => match[1] as string);
    const names = new Set(Object.values(SETTINGS).map(({ env }) => env as string));
    const platform =
      /^(?:AzureWebJobsStorage__|AzureFunctionsJobHost__|COSMOS__|WEBSITE_AUTH_|OVERRIDE_USE_MI_FIC|AZURE_CLIENT_ID$|APPLICATIONINSIGHTS_AUTHENTICATION_STRING$|DURABLE_TASK_SCHEDULER_CONNECTION_STRING$)/;
    expect([...set, ...inline].filter((name) => !names.has(name) && !platform.test(name))).toEqual([]);
    for (const needed of [
      "COSMOS_ACCOUNT_URI",
      "AZURE_OPENAI_ENDPOINT",
      "LIGHTNING_FILES_URI",
      "COSMOS__accountEndpoint",
    ])
      expect(set).toContain(needed);
    expect(inline).toContain("LIGHTNING_BASE_MODEL");
  });

  it("takes every parameter of main.parameters.json, and needs none that is not there", () => {
    const { parameters } = JSON.parse(read("infra/main.parameters.json")) as { parameters: object };
    expect(Object.keys(parameters).filter((name) => !main.params.has(name))).toEqual([]);
    const needed = [...main.params].filter(([, { hasDefault }]) => !hasDefault).map(([name]) => name);
    expect(needed.filter((name) => !(name in parameters))).toEqual([]);
  });

  it("runs the app on Flex Consumption as its identity: package, runtime, scale", () => {
    const { text } = template("infra/app/function-app.bicep");
    const squeezed = text.replaceAll(/\s+/g, " ");
    for (const part of [
      "sku: { name: 'FC1' tier: 'FlexConsumption' }",
      "reserved: true",
      "type: 'blobContainer' value: packageContainerUri authentication: { type: 'UserAssignedIdentity' userAssignedIdentityResourceId: identityId }",
      "runtime: { name: 'node' version: nodeVersion }",
      "instanceMemoryMB: instanceMemoryMB maximumInstanceCount: maximumInstanceCount alwaysReady:",
      "name: 'durable' instanceCount: alwaysReadyDurableInstances",
      "httpsOnly: true",
    ])
      expect(squeezed).toContain(part);
    // What Flex Consumption refuses among its settings: the runtime stands in functionAppConfig.
    expect(main.text + text).not.toMatch(
      /FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|WEBSITE_NODE_DEFAULT_VERSION|WEBSITE_RUN_FROM_PACKAGE|linuxFxVersion/,
    );
    expect(main.params.get("nodeVersion")).toBeDefined();
    expect(main.text).toContain("param nodeVersion string = '24'");
  });

  it("gives the host its storage by identity, and Durable the queues and tables with it", () => {
    for (const setting of ["credential", "clientId", "blobServiceUri", "queueServiceUri", "tableServiceUri"])
      expect(main.text).toMatch(new RegExp(`^ +AzureWebJobsStorage__${setting}: `, "m"));
    expect(main.text).not.toMatch(/^ +AzureWebJobsStorage: /m);
  });

  it("gives the identity the roles it works with, each where it works", () => {
    const rolesIn = (file: string) => [
      ...new Set([...template(file).text.matchAll(/\broles\.(\w+)\.id/g)].map((match) => match[1])),
    ];
    expect(rolesIn("infra/app/storage.bicep")).toEqual([
      "storageBlobDataOwner",
      "storageQueueDataContributor",
      "storageTableDataContributor",
    ]);
    expect(rolesIn("infra/app/openai-access.bicep")).toEqual([
      "cognitiveServicesOpenAiContributor",
      "cognitiveServicesContributor",
    ]);
    expect(rolesIn("infra/app/lightning-cosmos.bicep")).toEqual(["cosmosDbBuiltInDataContributor"]);
    expect(rolesIn("infra/app/durable-task-scheduler.bicep")).toEqual(["durableTaskDataContributor"]);
    expect(rolesIn("infra/app/monitoring.bicep")).toEqual(["monitoringMetricsPublisher"]);
  });

  it("makes accounts that take identities only", () => {
    expect(template("infra/app/storage.bicep").text).toContain("allowSharedKeyAccess: false");
    for (const file of ["infra/app/cosmos-account.bicep", "infra/app/openai.bicep"])
      expect(template(file).text).toContain("disableLocalAuth: true");
    expect(template("infra/app/monitoring.bicep").text).toContain("DisableLocalAuth: true");
  });
});

describe("azure.yaml and host.json", () => {
  it("name the service that the function app is tagged with, and the template that is there", () => {
    const yaml = read("azure.yaml");
    expect(yaml).toMatch(/^services:\n {2}api:\n {4}project: \.\n {4}language: ts\n {4}host: function$/m);
    expect(template("infra/app/function-app.bicep").text).toContain("'azd-service-name': 'api'");
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
      readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(?:ts|tsx|json)$/.test(entry.name))
        .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
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
