import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { FIRST_QUESTIONS } from "../../src/surfaces/first-questions.ts";
import { ApiError, createApi, faultsOfStart } from "./logic/api.ts";
import { duration } from "./logic/format.ts";
import { Poller } from "./logic/poller.ts";
import { Questions } from "./logic/questions.ts";
import { may } from "./logic/roles.ts";
import { address, BASE, carryInAddresses, parseRoute, type Route, type View } from "./logic/route.ts";
import type { Me, ReviewQueue, Stats } from "./logic/wire.ts";
import { Empty, Page } from "./parts/basics.tsx";
import { type Shared, SharedContext, useLive, useQuestion, useShared } from "./parts/context.tsx";
import { Bolt, Icon } from "./parts/icons.tsx";
import { KeyDialog } from "./parts/key-dialog.tsx";
import { DatasetView } from "./views/dataset.tsx";
import { DatasetsView } from "./views/datasets.tsx";
import { DeploymentsView } from "./views/deployments.tsx";
import { EpisodeView } from "./views/episode.tsx";
import { EpisodesView } from "./views/episodes.tsx";
import { EvaluationView } from "./views/evaluation.tsx";
import { EvaluationsView } from "./views/evaluations.tsx";
import { LineageView } from "./views/lineage.tsx";
import { OverviewView } from "./views/overview.tsx";
import { PipelineView } from "./views/pipeline.tsx";
import { PipelinesView } from "./views/pipelines.tsx";
import { RedactionView } from "./views/redaction.tsx";
import { ReviewView } from "./views/review.tsx";
import { RunView } from "./views/run.tsx";
import { RunsView } from "./views/runs.tsx";

/** The key lives in this tab alone and ends with it. */
const KEY = "lightning-key";

function here(): Route {
  const route = parseRoute(location.pathname, location.search);
  const { agent } = route.query;
  carryInAddresses(agent === undefined ? {} : { agent });
  return route;
}

/** Somebody without any role. */
const NOBODY: Pick<Me, "principal" | "may"> = { principal: null, may: [] };
const isRefusal = (error: unknown) => error instanceof ApiError && error.status === 403;

function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}

export function App() {
  const [route, setRoute] = useState(here);
  const [locked, setLocked] = useState(false);
  /** The question for a key was closed: looks by the clock must not bring it back, only what the person does next. */
  const [putAside, setPutAside] = useState(false);
  const [epoch, setEpoch] = useState(0);
  const [toast, setToast] = useState<{ text: string; tone: "good" | "bad" } | undefined>();

  const poller = useMemo(() => new Poller({ after, isHidden: () => document.hidden }), []);
  const questions = useMemo(() => new Questions(poller, after), [poller]);
  const api = useMemo(() => {
    const made = createApi({
      base: "/api",
      agent: () => parseRoute(location.pathname, location.search).query.agent,
      key: () => sessionStorage.getItem(KEY) ?? undefined,
      onLocked: (method) => {
        setLocked(true);
        if (method !== "GET") setPutAside(false);
      },
    });
    // On their way before anything is drawn; the view that asks the same meanwhile is told with them.
    if (here().view === "overview")
      for (const [path, query] of FIRST_QUESTIONS) made.get(path, query).catch(() => undefined);
    return made;
  }, []);
  const go = useCallback((to: string, replace = false) => {
    if (replace) history.replaceState(null, "", to);
    else history.pushState(null, "", to);
    setRoute(here());
    setPutAside(false);
    if (!replace) scrollTo(0, 0);
  }, []);
  const tell = useCallback((text: string, tone: "good" | "bad" = "good") => setToast({ text, tone }), []);

  useEffect(() => {
    const onPop = () => setRoute(here());
    const onVisible = () => poller.visibilityChanged();
    const onClick = (event: MouseEvent) => {
      if (event.defaultPrevented || event.button !== 0) return;
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      // Links in drawings have their address in an object.
      const href = link?.getAttribute("href");
      if (!href?.startsWith(`${BASE}/`) || link?.hasAttribute("download")) return;
      event.preventDefault();
      go(href);
    };
    addEventListener("popstate", onPop);
    document.addEventListener("visibilitychange", onVisible);
    document.addEventListener("click", onClick);
    return () => {
      removeEventListener("popstate", onPop);
      document.removeEventListener("visibilitychange", onVisible);
      document.removeEventListener("click", onClick);
    };
  }, [poller, go]);

  useEffect(() => {
    if (toast === undefined) return;
    const timer = setTimeout(() => setToast(undefined), 5000);
    return () => clearTimeout(timer);
  }, [toast]);

  // Until it is known who this is, and when it cannot be known, nothing is offered that may be refused. It is asked
  // again like everything else: an app that did not answer at first knows later, and roles change.
  const agent = route.query.agent ?? "";
  const asked = useQuestion(questions, `me ${agent} ${epoch}`, () => api.get<Me>("/me"));
  const me = asked.data ?? (isRefusal(asked.error) ? NOBODY : undefined);

  const hasNoRoutes = asked.error instanceof ApiError && asked.error.status === 404;
  const health = useQuestion(questions, hasNoRoutes ? `health ${epoch}` : undefined, () =>
    api.get("/health"),
  );
  const faults = faultsOfStart(health.error);

  const shared: Shared = {
    api,
    poller,
    questions,
    route,
    go,
    tell,
    epoch,
    principal: me?.principal ?? null,
    known: me !== undefined,
    can: (act) => may(me, act),
  };

  return (
    <SharedContext.Provider value={shared}>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <div class="frame">
        <Sidebar />
        <main id="main">
          {faults === undefined ? <Shown route={route} /> : <NotStarted faults={faults} />}
        </main>
      </div>
      <div class="toasts" role="status">
        {toast !== undefined && <div class={`toast ${toast.tone}`}>{toast.text}</div>}
      </div>
      {locked && !putAside && (
        <KeyDialog
          onClose={() => setPutAside(true)}
          onKey={(key) => {
            sessionStorage.setItem(KEY, key);
            setLocked(false);
            setEpoch((now) => now + 1);
          }}
        />
      )}
    </SharedContext.Provider>
  );
}

const TITLES: Readonly<Record<View, string>> = {
  overview: "Overview",
  review: "Review",
  episodes: "Episodes",
  datasets: "Datasets",
  runs: "Training runs",
  evaluations: "Evaluations",
  deployments: "Deployments",
  pipelines: "Pipelines",
  lineage: "Lineage",
  redaction: "Redaction",
};

function Shown({ route }: { route: Route }): ComponentChildren {
  const { view, id, lost } = route;
  const seen = useRef<string | undefined>(undefined);
  useEffect(() => {
    document.title = `${lost === undefined ? (id ?? TITLES[view]) : NO_SUCH_PAGE} · Agent Lightning`;
    const place = lost ?? `${view}/${id ?? ""}`;
    // After a step inside the page the focus begins at its heading, as after a new page.
    if (seen.current !== undefined && seen.current !== place)
      document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
    seen.current = place;
  }, [view, id, lost]);

  if (lost !== undefined) return <Lost path={lost} />;
  if (view === "deployments") return <DeploymentsView id={id} />;
  if (view === "lineage") return <LineageView id={id} />;
  const One = id === undefined ? undefined : ONES[view];
  if (One !== undefined && id !== undefined) return <One key={id} id={id} />;
  const All = LISTS[view];
  return <All />;
}

const NO_SUCH_PAGE = "No such page";

function Lost({ path }: { path: string }) {
  return (
    <Page title={NO_SUCH_PAGE}>
      <Empty title="Nothing is at this address">
        <p>
          <code class="break">{path}</code> is none of this page's addresses. Go to the{" "}
          <a href={address("overview")}>overview</a>, or look for a record by its id in{" "}
          <a href={address("lineage")}>lineage</a>.
        </p>
      </Empty>
    </Page>
  );
}

/** In place of every view, which would only say that it is not there. */
function NotStarted({ faults }: { faults: readonly string[] }) {
  return (
    <Page title="The app could not start">
      <div class="notice bad" role="alert">
        <ul>
          {faults.map((fault) => (
            <li key={fault}>{fault}</li>
          ))}
        </ul>
      </div>
      <p>
        Correct these settings and restart the app. The documentation lists every setting with its default
        (docs/settings.md).
      </p>
    </Page>
  );
}

type Listed = Exclude<View, "deployments" | "lineage">;
const LISTS: Readonly<Record<Listed, () => ComponentChildren>> = {
  overview: OverviewView,
  review: ReviewView,
  episodes: EpisodesView,
  datasets: DatasetsView,
  runs: RunsView,
  evaluations: EvaluationsView,
  pipelines: PipelinesView,
  redaction: RedactionView,
};
const ONES: Partial<Record<Listed, (props: { id: string }) => ComponentChildren>> = {
  episodes: EpisodeView,
  datasets: DatasetView,
  runs: RunView,
  evaluations: EvaluationView,
  pipelines: PipelineView,
};

const GROUPS: readonly (readonly [string, readonly View[]])[] = [
  ["", ["overview"]],
  ["Judge", ["review", "episodes"]],
  ["Improve", ["datasets", "runs", "evaluations"]],
  ["Serve", ["deployments", "pipelines", "lineage"]],
  ["Guard", ["redaction"]],
];

function Sidebar() {
  const { api, route } = useShared();
  const agent = route.query.agent ?? "";
  const stats = useLive(`stats ${agent}`, () => api.get<Stats>("/stats"), true);
  const review = useLive(`queue ${agent}`, () => api.get<ReviewQueue>("/review"), true);
  const waiting = stats.data?.statistics.pipelines_waiting_for_approval ?? 0;
  const badges: Partial<Record<View, string>> = {
    ...(waiting > 0 ? { pipelines: String(waiting) } : {}),
    ...((review.data?.waiting ?? 0) > 0 ? { review: shorter(review.data?.waiting ?? 0) } : {}),
  };
  const list = useRef<HTMLElement>(null);
  const counted = Object.values(badges).join();
  // On a narrow screen the views stand in a row that scrolls: the one that is shown is to be seen.
  useEffect(() => {
    const current = list.current?.querySelector("[aria-current]");
    if (current !== null && current !== undefined && list.current !== null)
      list.current.scrollLeft +=
        current.getBoundingClientRect().left - list.current.getBoundingClientRect().left - 60;
    // A count that comes later moves what stands after it.
  }, [route.view, counted]);
  return (
    <aside class="side">
      <a class="brand" href={address("overview")}>
        <Bolt />
        <span>Agent Lightning</span>
      </a>
      <nav ref={list} aria-label="Views">
        {GROUPS.map(([group, views]) => (
          <div key={group} class="nav-group">
            {group !== "" && <div class="nav-title">{group}</div>}
            {views.map((view) => (
              <a
                key={view}
                href={address(view)}
                {...(route.view === view && route.lost === undefined
                  ? { "aria-current": "page" as const }
                  : {})}
              >
                <Icon of={view} />
                <span>{TITLES[view]}</span>
                {badges[view] !== undefined && <span class="count">{badges[view]}</span>}
              </a>
            ))}
          </div>
        ))}
      </nav>
      <Standing stats={stats.data} error={stats.error} />
    </aside>
  );
}

const shorter = (value: number) => (value > 999 ? `${Math.floor(value / 1000)}k` : String(value));

/** Which agent this is about, and whether the app keeps up. */
function Standing({ stats, error }: { stats: Stats | undefined; error: unknown }) {
  const { go, principal } = useShared();
  const [choosing, setChoosing] = useState(false);
  const lag =
    stats === undefined ? 0 : Math.max(stats.feeds.episodes.lag_seconds, stats.feeds.rewards.lag_seconds);
  const tone = error !== undefined ? "bad" : lag > 60 ? "warn" : "good";
  const text =
    error !== undefined ? "No answer" : lag > 5 ? `Feeds ${duration(lag * 1000)} behind` : "Feeds up to date";
  const choose = (event: Event) => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem("agent");
    const value = field instanceof HTMLInputElement ? field.value.trim() : "";
    carryInAddresses(value === "" ? {} : { agent: value });
    setChoosing(false);
    go(address("overview"));
  };
  return (
    <div class="standing">
      {choosing ? (
        <form onSubmit={choose}>
          <label class="field">
            <span>Agent</span>
            <input name="agent" defaultValue={stats?.agent_id ?? ""} autocomplete="off" maxLength={100} />
          </label>
          <button type="submit" class="small">
            Show
          </button>
        </form>
      ) : (
        <button type="button" class="agent" title="Look at another agent" onClick={() => setChoosing(true)}>
          <span class="muted">Agent</span>
          <b>{stats?.agent_id ?? "…"}</b>
        </button>
      )}
      <div class={`pulse ${tone}`}>
        <i aria-hidden="true" />
        {text}
      </div>
      {principal !== null && (
        <div class="muted principal" title={principal}>
          {principal.replace(/ \([\da-f-]{36}\)$/, "")}
        </div>
      )}
    </div>
  );
}
