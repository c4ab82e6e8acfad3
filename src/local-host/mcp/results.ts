import type { CallToolResult, GetPromptResult, ReadResourceResult } from "@modelcontextprotocol/server";
import type { WireData } from "../core-api/types.ts";

type Value = WireData | null | undefined;
type Content = CallToolResult["content"];

const textOf = (value: Value): string | undefined => {
  const plain = value?.string ?? value?.json ?? value?.int ?? value?.double;
  return plain === undefined ? undefined : String(plain);
};

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The library's envelope `{type, content, structuredContent?}` opened; anything else is text. */
export function toolResult(value: Value): CallToolResult {
  const text = textOf(value);
  const envelope = parsed(text) as
    | { type?: unknown; content?: unknown; structuredContent?: unknown }
    | undefined;
  if (typeof envelope?.type !== "string" || typeof envelope.content !== "string")
    return { content: text === undefined ? [] : [{ type: "text", text }] };
  const content = parsed(envelope.content);
  const structured = parsed(
    typeof envelope.structuredContent === "string" ? envelope.structuredContent : undefined,
  );
  return {
    content: (Array.isArray(content) ? content : [content]) as Content,
    ...(structured === undefined ? {} : { structuredContent: structured }),
  };
}

export function resourceResult(uri: string, mimeType: string | undefined, value: Value): ReadResourceResult {
  const about = { uri, ...(mimeType === undefined ? {} : { mimeType }) };
  if (value?.bytes !== undefined)
    return { contents: [{ ...about, blob: Buffer.from(value.bytes).toString("base64") }] };
  const text = textOf(value) ?? "";
  const own = (parsed(text) as { contents?: unknown } | null | undefined)?.contents;
  return { contents: Array.isArray(own) ? (own as ReadResourceResult["contents"]) : [{ ...about, text }] };
}

/** A prompt is a result of MCP's own form, or a text, which becomes the user's message. */
export function promptResult(value: Value): GetPromptResult {
  const text = textOf(value) ?? "";
  const own = parsed(text) as { messages?: unknown } | null | undefined;
  if (Array.isArray(own?.messages)) return own as GetPromptResult;
  return { messages: [{ role: "user", content: { type: "text", text } }] };
}
