import { useEffect, useState } from "preact/hooks";
import { beginning, pieces } from "../logic/content.ts";
import type { Call, Turn } from "../logic/conversation.ts";
import { count } from "../logic/format.ts";

/** A stranger's text: always text, never markup; redactions and hiding characters are shown as such. */
export function Told(props: { text: string }) {
  return (
    <>
      {pieces(props.text).map((piece, n) =>
        piece.kind === "text" ? (
          piece.text
        ) : piece.kind === "redacted" ? (
          <mark key={n} class="redacted" title="Redacted before it was stored">
            {piece.text.replace(/^REDACTED:?/, "") || "redacted"}
          </mark>
        ) : (
          <span key={n} class="control" title="A character that hides or turns text">
            {piece.text}
          </span>
        ),
      )}
    </>
  );
}

/** A long text begins folded. */
export function LongText(props: { text: string; mono?: boolean; unfolded?: boolean | undefined }) {
  const [open, setOpen] = useState(props.unfolded === true);
  useEffect(() => setOpen(props.unfolded === true), [props.unfolded]);
  const start = beginning(props.text);
  const folded = start !== undefined && !open;
  return (
    <div class="long">
      {/* Each text decides its own direction, so that one of them can't turn the page. */}
      <div class={`told ${props.mono ? "mono" : ""} ${folded ? "folded" : ""}`} dir="auto">
        <Told text={folded ? start : props.text} />
      </div>
      {start !== undefined && (
        <button type="button" class="quiet small" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Fold" : `Show all ${count(props.text.length)} characters`}
        </button>
      )}
    </div>
  );
}

const WHO: Readonly<Record<string, string>> = {
  user: "User",
  assistant: "Agent",
  system: "System",
  developer: "Developer",
  tool: "Tool",
};

export function Conversation(props: { turns: readonly Turn[]; unfolded?: boolean | undefined }) {
  return (
    <ol class="conversation">
      {props.turns.map((turn, n) => (
        <li key={n} class={`turn ${turn.role}`}>
          <div class="who">{WHO[turn.role] ?? turn.role}</div>
          <div class="said">
            {turn.text !== "" && (
              <LongText text={turn.text} mono={turn.role === "tool"} unfolded={props.unfolded} />
            )}
            {turn.calls.map((call, index) => (
              <CallView key={index} call={call} unfolded={props.unfolded} />
            ))}
          </div>
        </li>
      ))}
    </ol>
  );
}

function CallView({ call, unfolded }: { call: Call; unfolded?: boolean | undefined }) {
  return (
    <div class={`call ${call.error === undefined ? "" : "failed"}`}>
      <div class="call-head">
        <span class="call-mark" aria-hidden="true">
          ƒ
        </span>
        <code>
          <Told text={call.name} />
        </code>
        {call.milliseconds !== undefined && <span class="muted">{Math.round(call.milliseconds)} ms</span>}
        {call.error !== undefined && <span class="badge bad">error</span>}
      </div>
      {call.args !== "" && call.args !== "{}" && <LongText text={call.args} mono unfolded={unfolded} />}
      {call.result !== undefined && (
        <div class="result">
          <span class="muted">result</span>
          <LongText text={call.result} mono unfolded={unfolded} />
        </div>
      )}
      {call.error !== undefined && call.error !== call.result && (
        <LongText text={call.error} mono unfolded={unfolded} />
      )}
    </div>
  );
}
