import { useState } from "preact/hooks";
import { plural } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import type { ActiveDeployment, DeploymentList, Lineage, ShownDeployment } from "../logic/wire.ts";
import { Ago, Badge, Card, Empty, Facts, Failure, Id, Loading, Model, Page } from "../parts/basics.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { type Column, Pages, Table } from "../parts/table.tsx";

type Asking =
  | { readonly what: "rollback"; readonly to: { readonly id: string; readonly name: string } | undefined }
  | { readonly what: "deactivate" };

const WHAT: Readonly<Record<string, string>> = {
  promoted: "put into service",
  rolled_back: "rolled back",
  deactivated: "taken out of service",
};

export function DeploymentsView({ id }: { id: string | undefined }) {
  const { api, route, can, tell, poller } = useShared();
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

  const columns: readonly Column<ShownDeployment>[] = [
    {
      name: "Model",
      wide: true,
      cell: (one) => (
        <a
          href={address("deployments", one.id)}
          {...(one.id === id ? { "aria-current": "true" as const } : {})}
        >
          <Model name={one.tuned_model} />
        </a>
      ),
    },
    {
      name: "State",
      cell: (one) => <Badge of={one.state} text={one.is_active ? "serving now" : one.state} />,
    },
    {
      name: "Gate",
      extra: true,
      cell: (one) =>
        one.verdict === undefined ? <span class="muted">none</span> : <Badge of={one.verdict} />,
    },
    { name: "By", extra: true, cell: (one) => one.promoted_by ?? <span class="muted">–</span> },
    { name: "Promoted", number: true, cell: (one) => <Ago at={one.promoted_at ?? one.created_at} /> },
    {
      name: "",
      number: true,
      extra: true,
      cell: (one) =>
        can("rollback") && mayMove && !one.is_active && one.promoted_at !== undefined ? (
          <button
            type="button"
            class="quiet small"
            onClick={() => setAsking({ what: "rollback", to: { id: one.id, name: one.tuned_model } })}
          >
            Go back to this
          </button>
        ) : null,
    },
  ];

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
      {list.error !== undefined && <Failure error={list.error} retry={list.reload} />}
      {list.data === undefined ? (
        list.error === undefined && <Loading lines={6} />
      ) : list.data.deployments.length === 0 ? (
        <Empty title="Nothing has been promoted yet">
          <p>
            The base model <b>{now?.base_model}</b> answers. A pipeline promotes a model that proved better;{" "}
            <a href={address("pipelines")}>start one</a>.
          </p>
        </Empty>
      ) : (
        <>
          <Table label="Deployments" columns={columns} rows={list.data.deployments} keyOf={(one) => one.id} />
          <Pages
            view="deployments"
            shown={list.data.deployments.length}
            continuation={list.data.continuation}
          />
        </>
      )}
      {(history.data?.events.length ?? 0) > 0 && (
        <Card title="History" note={plural(history.data?.events.length ?? 0, "move")}>
          <ol class="history">
            {(history.data?.events ?? []).toReversed().map((event) => (
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
      )}
      {asking?.what === "rollback" && (
        <Confirm
          title={asking.to === undefined ? "Go back to the base model?" : "Roll back?"}
          action="Roll back"
          danger
          reason="Why (kept in the history)"
          named
          run={async ({ by, ...reason }) => {
            await api.post("/deployments/rollback", {
              ...(asking.to === undefined ? {} : { target_id: asking.to.id }),
              ...reason,
              ...(by === undefined ? {} : { rolled_back_by: by }),
            });
            tell(`Rolled back to ${asking.to?.name ?? now?.base_model ?? "the base model"}.`);
            poller.wake();
          }}
          onClose={() => setAsking(undefined)}
        >
          <Move
            from={nameOf(now?.deployment_id ?? null)}
            to={asking.to?.name ?? now?.base_model ?? "the base model"}
          />
        </Confirm>
      )}
      {asking?.what === "deactivate" && (
        <Confirm
          title="Stop using the tuned model?"
          action="Deactivate"
          danger
          reason="Why (kept in the history)"
          named
          run={async ({ by, ...reason }) => {
            await api.post("/deployments/deactivate", {
              ...reason,
              ...(by === undefined ? {} : { deactivated_by: by }),
            });
            tell(`${now?.base_model ?? "The base model"} answers from now on.`);
            poller.wake();
          }}
          onClose={() => setAsking(undefined)}
        >
          <Move from={nameOf(now?.deployment_id ?? null)} to={now?.base_model ?? "the base model"} />
          <p>Rolling back later does not bring it back: promote it again for that.</p>
        </Confirm>
      )}
    </Page>
  );
}

/** What a move of the pointer does. */
function Move({ from, to }: { from: string; to: string }) {
  return (
    <>
      <p class="move">
        <span>
          <small>serves now</small>
          <b>
            <Model name={from} />
          </b>
        </span>
        <span aria-hidden="true">→</span>
        <span>
          <small>will serve</small>
          <b>
            <Model name={to} />
          </b>
        </span>
      </p>
      <p>Agents are told within a minute. Nothing is deleted.</p>
    </>
  );
}

function One({ id, found }: { id: string; found: ShownDeployment | undefined }) {
  const { api } = useShared();
  const trace = useLive(`deployment ${id}`, () =>
    api.get<Lineage>(`/lineage/deployments/${encodeURIComponent(id)}`),
  );
  const one = found ?? trace.data?.lineage[0];
  if (one === undefined)
    return trace.error === undefined ? <Loading lines={3} /> : <Failure error={trace.error} />;
  return (
    <Card
      title={<Model name={one.tuned_model} />}
      note={<Badge of={one.state} text={one.is_active ? "serving now" : one.state} />}
    >
      {one.warnings.map((warning) => (
        <p key={warning} class="notice warn">
          {warning}
        </p>
      ))}
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
