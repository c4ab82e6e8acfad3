import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { errorText } from "../logic/api.ts";
import { ago, count, moment, shortId, shortModel, signed, words } from "../logic/format.ts";
import { address, type View, viewOfId } from "../logic/route.ts";
import { useNow } from "./context.tsx";
import { Told } from "./text.tsx";

type Tone = "good" | "bad" | "warn" | "accent" | "plain";

export function Page(props: {
  title: ComponentChildren;
  lead?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <>
      <header class="page-head">
        <div>
          <h1 tabIndex={-1}>{props.title}</h1>
          {props.lead !== undefined && <p class="lead">{props.lead}</p>}
        </div>
        {props.actions !== undefined && <div class="actions">{props.actions}</div>}
      </header>
      {props.children}
    </>
  );
}

export function Card(props: {
  title?: ComponentChildren;
  note?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}) {
  return (
    <section class={`card ${props.class ?? ""}`}>
      {props.title !== undefined && (
        <div class="card-head">
          <h2>{props.title}</h2>
          {props.note !== undefined && <span class="muted">{props.note}</span>}
        </div>
      )}
      {props.children}
    </section>
  );
}

/** What there is to say where nothing is yet. */
export function Empty(props: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{props.title}</p>
      {props.children}
    </div>
  );
}

export function Failure(props: { error: unknown; retry?: () => void }) {
  return (
    <div class="notice bad" role="alert">
      <span>{errorText(props.error)}</span>
      {props.retry !== undefined && (
        <button type="button" class="quiet" onClick={props.retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Grey lines in the place of what is being fetched. */
export function Loading(props: { lines?: number }) {
  return (
    <div class="loading" role="status">
      <span class="hidden-text">Loading</span>
      {Array.from({ length: props.lines ?? 4 }, (_, n) => (
        <span key={n} class="skeleton" />
      ))}
    </div>
  );
}

const TONES: Readonly<Record<string, Tone>> = {
  pass: "good",
  succeeded: "good",
  ready: "good",
  active: "good",
  promoted: "good",
  finished: "plain",
  healthy: "good",
  fail: "bad",
  failed: "bad",
  rejected: "bad",
  gate_failed: "bad",
  unhealthy: "bad",
  inconclusive: "warn",
  gate_inconclusive: "warn",
  approval_timeout: "warn",
  waiting_for_approval: "warn",
  degraded: "warn",
  running: "accent",
  building: "accent",
  probing: "accent",
};

/** A word about a state, with its colour; the word alone says it too. */
export function Badge(props: { of: string; tone?: Tone; text?: string }) {
  return (
    <span class={`badge ${props.tone ?? TONES[props.of] ?? "plain"}`}>{props.text ?? words(props.of)}</span>
  );
}

export function Reward(props: { value: number | null | undefined; count?: number | undefined }) {
  const { value } = props;
  const tone =
    value === null || value === undefined ? "none" : value > 0 ? "good" : value < 0 ? "bad" : "plain";
  return (
    <span class={`reward ${tone}`}>
      {signed(value)}
      {props.count !== undefined && props.count > 1 && <small> of {props.count}</small>}
    </span>
  );
}

/** A record's id as a link to where it is shown. */
export function Id(props: { id: string | null | undefined; view?: View; full?: boolean }) {
  if (!props.id) return <span class="muted">–</span>;
  const view = props.view ?? viewOfId(props.id);
  const text = props.full ? props.id : shortId(props.id);
  return view === undefined ? (
    <code title={props.id}>{text}</code>
  ) : (
    <a class="id" href={address(view, props.id)} title={props.id}>
      {text}
    </a>
  );
}

/** A model's name, in short; the whole on pointing. */
export function Model(props: { name: string | null | undefined }) {
  return props.name ? (
    <span class="model" title={props.name}>
      {shortModel(props.name)}
    </span>
  ) : (
    <span class="muted">–</span>
  );
}

export function Ago(props: { at: string | undefined | null }) {
  const now = useNow();
  if (!props.at) return <span class="muted">–</span>;
  return (
    <time dateTime={props.at} title={moment(props.at)}>
      {ago(props.at, now)}
    </time>
  );
}

export function Facts(props: { rows: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {props.rows
        .filter(([, value]) => value !== undefined && value !== null && value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

export function Copy(props: { text: string; label: string }) {
  const [said, setSaid] = useState<string>();
  const copy = async () => {
    // Away from this machine and without TLS a browser has no clipboard for pages.
    const done = await navigator.clipboard?.writeText(props.text).then(
      () => true,
      () => false,
    );
    setSaid(done ? "Copied" : "Not copied");
    setTimeout(() => setSaid(undefined), 1500);
  };
  return (
    <button type="button" class="quiet small" onClick={() => void copy()}>
      {said ?? props.label}
    </button>
  );
}

/** Horizontal bars of counts, the largest first. */
export function Bars(props: { rows: readonly (readonly [string, number])[]; tone?: Tone; label: string }) {
  const most = Math.max(1, ...props.rows.map(([, value]) => value));
  return (
    <ul class="bars" aria-label={props.label}>
      {props.rows.map(([name, value]) => (
        <li key={name}>
          <span class="bar-name">
            <Told text={name} />
          </span>
          <span class="bar-track">
            <span class={`bar ${props.tone ?? "accent"}`} style={{ width: `${(value / most) * 100}%` }} />
          </span>
          <span class="bar-value">{count(value)}</span>
        </li>
      ))}
    </ul>
  );
}

export function Keys(props: { keys: readonly string[] }) {
  return (
    <span class="keys">
      {props.keys.map((key, n) => (key === "–" ? <i key={n}>–</i> : <kbd key={n}>{key}</kbd>))}
    </span>
  );
}
