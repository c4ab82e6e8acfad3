import type { Prompt, Resource, ResourceTemplateType, Tool } from "@modelcontextprotocol/server";
import type { RegisteredFunction } from "../core-api/types.ts";
import { type UriTemplate, uriTemplate } from "./uri-template.ts";

/** A function behind an MCP trigger, with the way it is listed. */
export interface Served<Listed> {
  readonly fn: RegisteredFunction;
  readonly listed: Listed;
}

/** Resources of one kind, distinguished by their URIs. */
interface ServedTemplate extends Served<ResourceTemplateType> {
  readonly template: UriTemplate;
}

export interface McpParts {
  readonly tools: ReadonlyMap<string, Served<Tool>>;
  /** By address in lower case. */
  readonly resources: ReadonlyMap<string, Served<Resource>>;
  /** In the order in which they are looked at. */
  readonly templates: readonly ServedTemplate[];
  readonly prompts: ReadonlyMap<string, Served<Prompt>>;
}

interface Property {
  readonly propertyName: string;
  readonly propertyType: string;
  readonly description?: string;
  readonly isRequired?: boolean;
  readonly isArray?: boolean;
  readonly enumValues?: readonly string[];
}

/** What an app's MCP triggers say of themselves. @throws Error for options that are not what the library writes */
export function mcpParts(functions: readonly RegisteredFunction[]): McpParts {
  const tools = new Map<string, Served<Tool>>();
  const resources = new Map<string, Served<Resource>>();
  const templates: ServedTemplate[] = [];
  const prompts = new Map<string, Served<Prompt>>();
  for (const fn of functions) {
    const { binding } = fn.trigger;
    const text = (name: string) => {
      const value = binding[name];
      return typeof value === "string" && value.trim() !== "" ? value : undefined;
    };
    const meta = text("metadata");
    const described = {
      ...(text("title") === undefined ? {} : { title: text("title") }),
      ...(text("description") === undefined ? {} : { description: text("description") }),
      ...(meta === undefined ? {} : { _meta: JSON.parse(meta) as Record<string, unknown> }),
    };
    if (/^mcpToolTrigger$/i.test(binding.type)) {
      const name = text("toolName") ?? fn.metadata.name;
      const output = text("resultSchema");
      const schema = {
        inputSchema: inputSchema(text("toolProperties")),
        ...(output === undefined ? {} : { outputSchema: JSON.parse(output) as Tool["outputSchema"] }),
      };
      tools.set(name, { fn, listed: { name, ...described, ...schema } });
    } else if (/^mcpResourceTrigger$/i.test(binding.type)) {
      const uri = text("uri") ?? "";
      const name = text("resourceName") ?? fn.metadata.name;
      const mimeType = text("mimeType");
      const { size } = binding;
      const type = mimeType === undefined ? {} : { mimeType };
      const template = uriTemplate(uri);
      if (template !== undefined)
        templates.push({ fn, template, listed: { uriTemplate: uri, name, ...described, ...type } });
      else {
        const more = typeof size === "number" ? { ...type, size } : type;
        resources.set(uri.toLowerCase(), { fn, listed: { uri, name, ...described, ...more } });
      }
    } else {
      const name = text("promptName") ?? fn.metadata.name;
      const args = JSON.parse(text("promptArguments") ?? "[]") as NonNullable<Prompt["arguments"]>;
      prompts.set(name, { fn, listed: { name, ...described, arguments: args } });
    }
  }
  return { tools, resources, templates, prompts };
}

function inputSchema(toolProperties: string | undefined): Tool["inputSchema"] {
  const properties = JSON.parse(toolProperties ?? "[]") as Property[];
  const shown: Record<string, unknown> = Object.fromEntries(
    properties.map(({ propertyName, propertyType: type, description, isArray, enumValues }) => {
      const one = { type, ...(enumValues === undefined ? {} : { enum: enumValues }) };
      const about = description === undefined ? {} : { description };
      return [
        propertyName,
        isArray === true ? { type: "array", items: one, ...about } : { ...one, ...about },
      ];
    }),
  );
  const required = properties
    .filter(({ isRequired }) => isRequired === true)
    .map(({ propertyName }) => propertyName);
  return { type: "object", properties: shown as NonNullable<Tool["inputSchema"]["properties"]>, required };
}
