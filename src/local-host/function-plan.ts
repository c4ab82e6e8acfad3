import { messageOf } from "../kernel/errors.ts";
import { type Environment, resolveSettings, settingOf } from "./app-settings.ts";
import type { ChangeSource } from "./change-feed/change-source.ts";
import type { FeedOptions } from "./change-feed/feed.ts";
import { isDurableClient } from "./core-api/invoker.ts";
import type { RegisteredFunction } from "./core-api/types.ts";
import { isReservedPrefix, refusedRoutes, type ShadowedRoute, shadowedRoutes } from "./http/route-clashes.ts";
import { createRouter, type Router } from "./http/router.ts";
import { uriTemplate } from "./mcp/uri-template.ts";
import { parseSchedule, type Schedule } from "./timers/schedule.ts";

/** What the host is going to do with each function of the app. */
export interface FunctionPlan {
  readonly http: readonly RegisteredFunction[];
  readonly timers: readonly { readonly fn: RegisteredFunction; readonly schedule: Schedule }[];
  readonly feeds: readonly { readonly fn: RegisteredFunction; readonly options: FeedOptions }[];
  readonly warmup: readonly RegisteredFunction[];
  readonly durable: readonly RegisteredFunction[];
  /** Tools, resources and prompts for MCP. */
  readonly mcp: readonly RegisteredFunction[];
  /** True when the app needs the durable engine. */
  readonly usesDurable: boolean;
  /** How many functions the app has. */
  readonly registered: number;
  /** Functions that will not run here, each with the reason, one line each. */
  readonly off: readonly { readonly fn: RegisteredFunction; readonly reason: string }[];
  /** Routes that an earlier function takes requests from, here and in Azure. */
  readonly shadowed: readonly ShadowedRoute[];
  /** Trigger types this host does not know, with their functions. */
  readonly unserved: ReadonlyMap<string, readonly string[]>;
  /** Input and output bindings that have no effect here, with their functions. */
  readonly unboundTypes: ReadonlyMap<string, readonly string[]>;
}

function add(map: Map<string, string[]>, type: string, name: string): void {
  map.set(type, [...(map.get(type) ?? []), name]);
}

/** Function names that Azure accepts. */
const NAME = /^[a-z][a-z0-9_-]{0,127}$/i;

/** Sorts an app's functions by what triggers them, with `%SETTING%` options filled in. */
function planFunctions(
  functions: Iterable<RegisteredFunction>,
  env: Environment,
  source: ChangeSource | undefined,
): Omit<FunctionPlan, "shadowed"> {
  const http: RegisteredFunction[] = [];
  const timers: { fn: RegisteredFunction; schedule: Schedule }[] = [];
  const feeds: { fn: RegisteredFunction; options: FeedOptions }[] = [];
  const warmup: RegisteredFunction[] = [];
  const durable: RegisteredFunction[] = [];
  const mcp: RegisteredFunction[] = [];
  const off: { fn: RegisteredFunction; reason: string }[] = [];
  const unserved = new Map<string, string[]>();
  const unboundTypes = new Map<string, string[]>();
  let usesDurable = false;
  let registered = 0;

  for (const fn of functions) {
    registered++;
    const { name } = fn.metadata;
    const bindings = Object.entries(fn.metadata.bindings);
    if (bindings.some(([, binding]) => isDurableClient(binding.type))) usesDurable = true;
    for (const [key, { type }] of bindings)
      if (key !== fn.trigger.name && type.toLowerCase() !== "http" && !isDurableClient(type))
        add(unboundTypes, type, name);
    if (!NAME.test(name)) {
      off.push({
        fn,
        reason: "its name is not one that Azure accepts (a letter, then letters, digits, _ or -)",
      });
      continue;
    }
    if (bindings.some(([, binding]) => binding.durableRequiresGrpc === true)) {
      off.push({
        fn,
        reason: "it is made with durable-functions 4, and this host serves durable-functions 3",
      });
      continue;
    }
    if (isDisabled(name, env)) {
      off.push({ fn, reason: `AzureWebJobs.${name}.Disabled is set` });
      continue;
    }
    try {
      switch (fn.trigger.binding.type.toLowerCase()) {
        case "httptrigger":
          http.push(fn);
          break;
        case "warmuptrigger":
          warmup.push(fn);
          break;
        case "orchestrationtrigger":
        case "activitytrigger":
        case "entitytrigger":
          durable.push(fn);
          usesDurable = true;
          break;
        case "mcpresourcetrigger":
          uriTemplate(text(fn.trigger.binding.uri));
          mcp.push(fn);
          break;
        case "mcptooltrigger":
        case "mcpprompttrigger":
          mcp.push(fn);
          break;
        case "timertrigger":
          timers.push({ fn, schedule: scheduleOf(fn, env) });
          break;
        case "cosmosdbtrigger":
          feeds.push({ fn, options: feedOptions(fn, env, source) });
          break;
        default:
          add(unserved, fn.trigger.binding.type, name);
      }
    } catch (thrown) {
      off.push({ fn, reason: (thrown as Error).message });
    }
  }
  return { http, timers, feeds, warmup, durable, mcp, usesDurable, registered, off, unserved, unboundTypes };
}

/** `AzureWebJobs.NAME.Disabled`, or with `__` or `_` where a shell does not take dots. */
function isDisabled(name: string, env: Environment): boolean {
  return [".", "__", "_"].some((dot) =>
    /^(true|1)$/i.test(settingOf(env, `AzureWebJobs${dot}${name}${dot}Disabled`) ?? ""),
  );
}

function option(fn: RegisteredFunction, name: string, env: Environment): string {
  const resolved = resolveSettings(text(fn.trigger.binding[name]), env);
  if (!resolved.ok) throw new Error(`its ${name} ${resolved.reason}`);
  return resolved.value;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function scheduleOf(fn: RegisteredFunction, env: Environment): Schedule {
  return parseSchedule(option(fn, "schedule", env), settingOf(env, "WEBSITE_TIME_ZONE") || "UTC");
}

function feedOptions(
  fn: RegisteredFunction,
  env: Environment,
  source: ChangeSource | undefined,
): FeedOptions {
  const { feedPollDelay, maxItemsPerInvocation, startFromBeginning } = fn.trigger.binding;
  const { changeFeedMode, startFromTime } = fn.trigger.binding;
  const run = `POST /admin/functions/${fn.metadata.name} with {"input": "[…]"} runs it`;
  if (changeFeedMode !== undefined && changeFeedMode !== "LatestVersion")
    throw new Error(`the change feed mode ${JSON.stringify(changeFeedMode)} is not served here; ${run}`);
  if (startFromTime !== undefined)
    throw new Error("startFromTime is not served here; startFromBeginning, and without it from now, are");
  if (source === undefined) throw new Error(`there is no Cosmos DB here; ${run}`);
  const container = option(fn, "containerName", env);
  if (!source.has(container)) throw new Error(`the container '${container}' is not one of the change feeds`);
  return {
    container,
    leasePrefix: option(fn, "leaseContainerPrefix", env),
    pollDelayMs: positive(feedPollDelay, 5000),
    maxItems: positive(maxItemsPerInvocation, 100),
    startFromBeginning: startFromBeginning === true,
  };
}

function positive(value: unknown, fallback: number): number {
  return typeof value === "number" && value > 0 ? value : fallback;
}

/** The plan and its routes; a route that Azure would refuse puts its own function off, not the app. */
export function planApp(
  functions: Iterable<RegisteredFunction>,
  routePrefix: string,
  source: ChangeSource | undefined,
): { plan: FunctionPlan; router: Router } {
  const plan = planFunctions(functions, process.env, source);
  const off = [...plan.off];
  const refused = refusedRoutes(plan.http);
  const http = plan.http.filter((fn) => {
    const reason = refused.get(fn) ?? unreadableRoute(fn, routePrefix);
    if (reason !== undefined) off.push({ fn, reason });
    return reason === undefined;
  });
  const router = createRouter(http, routePrefix);
  return { plan: { ...plan, http, off, shadowed: shadowedRoutes(router.routes) }, router };
}

function unreadableRoute(fn: RegisteredFunction, routePrefix: string): string | undefined {
  try {
    createRouter([fn], routePrefix);
    return undefined;
  } catch (thrown) {
    return `${messageOf(thrown)} Azure maps all routes at once and catches no error of one, so that the whole app may not start there`;
  }
}

/** What a person should know before relying on this host: one line for each thing that will not run here. */
export function complaints(plan: FunctionPlan, routePrefix: string): string[] {
  const lines = plan.off.map(
    ({ fn, reason }) => `Function '${fn.metadata.name}' is off: ${reason.replace(/\.$/, "")}.`,
  );
  for (const fn of [...plan.http, ...plan.mcp]) lines.push(...unfilled(fn));
  for (const { route, by } of plan.shadowed)
    lines.push(
      `Function '${by.fn.metadata.name}' (${by.template.text}) takes requests from '${route.fn.metadata.name}' ` +
        `(${route.template.text}): Azure tries routes in the order of the functions' names and takes the first that ` +
        "matches. Constrain its parameter, or give another route.",
    );
  if (plan.http.length > 0 && isReservedPrefix(routePrefix))
    lines.push(
      `host.json: below extensions.http.routePrefix "${routePrefix}" no function can be reached, here and in Azure: ` +
        "the host answers these addresses itself.",
    );
  if (plan.registered === 0)
    lines.push(
      'The app registers no function. Look whether the files that package.json names in "main" are those that do.',
    );
  if (plan.unserved.size > 0)
    lines.push(
      `Triggers not served locally: ${listed(plan.unserved)}. The rest of the app runs, and ` +
        "POST /admin/functions/<name> with an input runs one of them.",
    );
  if (plan.unboundTypes.size > 0)
    lines.push(`Bindings without effect locally: ${listed(plan.unboundTypes)}.`);
  return lines;
}

/**
 * The host maps routes from the trigger's attribute as it is written (WebScriptHostHttpRoutesManager), and the MCP
 * extension reads its attributes likewise: neither asks the name resolver.
 */
const TAKEN_AS_WRITTEN = ["route", "toolName", "resourceName", "uri", "promptName"];

function* unfilled({ metadata, trigger }: RegisteredFunction): Iterable<string> {
  for (const name of TAKEN_AS_WRITTEN) {
    const value = text(trigger.binding[name]);
    // Not the escapes of an address: %C3%A3.
    const setting = /%(?![\da-f]{2}%)([a-z_][\w.:-]*)%/i.exec(value)?.[1];
    if (setting !== undefined)
      yield `Function '${metadata.name}': its ${name} ${JSON.stringify(value)} is taken as it stands, here and in ` +
        `Azure: settings are not filled in there. Put it together from process.env.${setting} where the app ` +
        "registers the function.";
  }
}

function listed(map: ReadonlyMap<string, readonly string[]>): string {
  return [...map].map(([type, names]) => `${type} (${[...new Set(names)].join(", ")})`).join(", ");
}
