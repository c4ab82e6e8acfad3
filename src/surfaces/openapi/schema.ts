/** The part of JSON Schema 2020-12 that the API's description is made of. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  prefixItems?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  discriminator?: { propertyName: string; mapping?: Record<string, string> };
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  propertyNames?: Schema;
  /** Its name, until it has become a component of that name. */
  "x-noun"?: string;
  "x-extensible-enum"?: unknown[];
}

/** Which way a schema goes: what a caller sends, or what is answered. */
export type Side = "input" | "output";

export const SCHEMAS = "#/components/schemas/";

/** A schema without what is only said about it: two of one such shape take the same values. */
export function shapeOf({ description: _description, ...schema }: Schema): string {
  return JSON.stringify(schema);
}
