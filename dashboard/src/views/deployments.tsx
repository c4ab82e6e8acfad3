import { useState } from "preact/hooks";
import { plural } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import type {
  ActiveDeployment,
  DeploymentEvent,
  DeploymentList,
  Lineage,
  ShownDeployment,
} from "../logic/wire.ts";
import { Ago, Badge, Card, Empty, Facts, Id, Model, Page } from "../parts/basics.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { type Column, Pages, Table } from "../parts/table.tsx";
import { TakenUp } from "../parts/taken-up.tsx";
import { type Asking, MoveDialog } from "./deployment-move.tsx";

const WHAT: Readonly<Record<string, string>> = {
  promoted: "put into service",
  rolled_back: "rolled back",
  deactivated: "taken out of service",
};

/** Withdrawn is not superseded: somebody took it out of service, and it does not come back by itself. */
const stateWords = (one: ShownDeployment): string =>
  one.is_active ? "serving now" : one.withdrawn === undefined ? one.state : "withdrawn";

/** `chosen`: the deployment that is shown in full. `rollBackTo`: absent where nobody may roll back now. */
const columns = (
  chosen: string | undefined,
  rollBackTo: ((one: ShownDeployment) => void) | undefined,
): readonly Column<ShownDeployment>[] => [
  {
    name: "Model",
    wide: true,
    cell: (one) => (
      <a
        href={address("deployments", one.id)}
        {...(one.id === chosen ? { "aria-current": "true" as const } : {})}
      >
        <Model name={one.tuned_model} />
      </a>
    ),
  },
  {
    name: "State",
    cell: (one) => <Badge of={one.state} text={stateWords(one)} />,
  },
  {
    name: "Gate",
    extra: true,
    cell: (one) => (one.verdict === undefined ? <span class="muted">none</span> : <Badge of={one.verdict} />),
  },
  { name: "By", extra: true, cell: (one) => one.promoted_by ?? <span class="muted">–</span> },
  { name: "Promoted", number: true, cell: (one) => <Ago at={one.promoted_at ?? one.created_at} /> },
  {
    name: "",
    number: true,
    extra: true,
    cell: (one) =>
      rollBackTo !== undefined && !one.is_active && one.promoted_at !== undefined ? (
        <button type="button" class="quiet small" onClick={() => rollBackTo(one)}>
          Go back to this
        </button>
      ) : null,
  },
];

export function DeploymentsView({ id }: { id: string | undefined }) {
  const { api, route, can } = useShared();
  const [asking, setAsking] = useState<Asking>();
  const query = JSON.stringify(route.query);
  const list = useLive(`deployments ${query}`, () =>
    api.get<DeploymentList>("/deployments", { limit: 25, continuation: route.query.after }),
  );
  const active = useLive(`active ${query}`, () => api.get<ActiveDeployment>("/deployments/active"));
  const history = useLive(`events ${query}`, () => api.get<Lineage>("/lineage", { limit: 1 }));

  const names = new Map((list.data?.deployments ?? []).map((one) => [one.id, one.tuned_model]));
  const nameOf = (one: string | null) =>
    one === null ? (active.data?.base_model ?? "the base model") : (names.get(one) ?? one);
  const now = active.data;
  const before = now?.rollback_to ?? undefined;
  const next =
    before === undefined ? undefined : { id: before.deployment_id, name: nameOf(before.deployment_id) };
  const mayMove = now?.has_active_deployment === true;
  const mayRollBack = can("rollback") && mayMove;
  const rollBackTo = (one: ShownDeployment) =>
    setAsking({ what: "rollback", to: { id: one.id, name: one.tuned_model } });

  return (
    <Page
      title="Deployments"
      lead="One pointer decides which model serves. Moving it takes effect within a minute, and can be undone."
      actions={
        mayMove ? (
          <>
            {can("rollback") && (
              <button type="button" onClick={() => setAsking({ what: "rollback", to: next })}>
                Roll back
              </button>
            )}
            {can("deactivate") && (
              <button type="button" class="quiet" onClick={() => setAsking({ what: "deactivate" })}>
                Deactivate
              </button>
            )}
          </>
        ) : undefined
      }
    >
      {id !== undefined && <One id={id} found={list.data?.deployments.find((one) => one.id === id)} />}
      <Loaded of={list}>
        {(page) =>
          page.deployments.length === 0 ? (
            <Empty title="Nothing has been promoted yet">
              <p>
                The base model <b>{now?.base_model}</b> answers. A pipeline promotes a model that proved
                better; <a href={address("pipelines")}>start one</a>.
              </p>
            </Empty>
          ) : (
            <>
              <Table
                label="Deployments"
                columns={columns(id, mayRollBack ? rollBackTo : undefined)}
                rows={page.deployments}
                keyOf={(one) => one.id}
              />
              <Pages view="deployments" shown={page.deployments.length} continuation={page.continuation} />
            </>
          )
        }
      </Loaded>
      <History events={history.data?.events ?? []} nameOf={nameOf} />
      {asking !== undefined && (
        <MoveDialog
          asking={asking}
          from={nameOf(now?.deployment_id ?? null)}
          base={now?.base_model}
          agent={now?.agent_id ?? ""}
          onClose={() => setAsking(undefined)}
        />
      )}
    </Page>
  );
}

/** The moves of the pointer, the newest first. */
function History(props: { events: readonly DeploymentEvent[]; nameOf: (id: string | null) => string }) {
  const { events, nameOf } = props;
  if (events.length === 0) return null;
  return (
    <Card title="History" note={plural(events.length, "move")}>
      <ol class="history">
        {events.toReversed().map((event) => (
          <li key={event.id} class={event.what}>
            <i aria-hidden="true" />
            <span>
              <b>
                <Model name={nameOf(event.what === "promoted" ? event.to : event.from)} />
              </b>{" "}
              {WHAT[event.what]}
              {event.what !== "promoted" && (
                <>
                  ;{" "}
                  <b>
                    <Model name={nameOf(event.to)} />
                  </b>{" "}
                  serves instead
                </>
              )}
              {event.reason !== undefined && <span class="why">“{event.reason}”</span>}
            </span>
            <span class="muted">
              {event.by === undefined ? "" : `${event.by} · `}
              <Ago at={event.created_at} />
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}

/** One deployment in full: as the list has it, else as its lineage tells. */
function One({ id, found }: { id: string; found: ShownDeployment | undefined }) {
  const { api } = useShared();
  const trace = useLive(`deployment ${id}`, () =>
    api.get<Lineage>(`/lineage/deployments/${encodeURIComponent(id)}`),
  );
  const one = found ?? trace.data?.lineage[0];
  return (
    <Loaded of={{ data: one, error: one === undefined ? trace.error : undefined }} lines={3}>
      {(known) => <Shown one={known} />}
    </Loaded>
  );
}

function Shown({ one }: { one: ShownDeployment }) {
  return (
    <Card title={<Model name={one.tuned_model} />} note={<Badge of={one.state} text={stateWords(one)} />}>
      {one.warnings.map((warning) => (
        <p key={warning} class="notice warn">
          {warning}
        </p>
      ))}
      <TakenUp of={one.taken_up} />
      {one.error !== undefined && <p class="notice bad">{one.error}</p>}
      <Facts
        rows={[
          [
            "Deployment",
            <code key="c" class="break">
              {one.id}
            </code>,
          ],
          ["Called as", one.deployment_name],
          ["Run", <Id key="r" id={one.training_run_id} />],
          ["Evaluation", one.evaluation_id === undefined ? "none" : <Id id={one.evaluation_id} />],
          ["Verdict", one.verdict],
          ["Overridden because", one.override_reason],
          ["Promoted by", one.promoted_by],
          ["Withdrawn because", one.withdrawn?.reason],
        ]}
      />
      <p class="links">
        <a href={address("lineage", one.id)}>Lineage</a>
        <a href={address("deployments")}>Close</a>
      </p>
    </Card>
  );
}
