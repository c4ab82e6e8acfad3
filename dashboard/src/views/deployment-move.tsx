import { Model } from "../parts/basics.tsx";
import { useShared } from "../parts/context.tsx";
import { Confirm } from "../parts/dialog.tsx";

/** A move of the pointer that is asked about; without `to` a rollback returns to the base model. */
export type Asking =
  | { readonly what: "rollback"; readonly to: { readonly id: string; readonly name: string } | undefined }
  | { readonly what: "deactivate" };

/** Asks once more before the pointer moves, and moves it. `base`: the base model's name, where it is known. */
export function MoveDialog(props: {
  asking: Asking;
  from: string;
  base: string | undefined;
  agent: string;
  onClose: () => void;
}) {
  const { asking, ...rest } = props;
  return asking.what === "rollback" ? (
    <RollbackDialog to={asking.to} {...rest} />
  ) : (
    <DeactivateDialog {...rest} />
  );
}

type Target = Extract<Asking, { what: "rollback" }>["to"];

interface DialogProps {
  readonly from: string;
  readonly base: string | undefined;
  readonly agent: string;
  readonly onClose: () => void;
}

function RollbackDialog(props: DialogProps & { readonly to: Target }) {
  const { to, from, base, agent, onClose } = props;
  const { api, tell, poller } = useShared();
  const next = to?.name ?? base ?? "the base model";
  return (
    <Confirm
      title={to === undefined ? "Go back to the base model?" : "Roll back?"}
      action="Roll back"
      agent={agent}
      danger
      reason="Why (kept in the history)"
      named
      run={async ({ by, ...reason }, key) => {
        const body = {
          ...(to === undefined ? {} : { target_id: to.id }),
          ...reason,
          ...(by === undefined ? {} : { rolled_back_by: by }),
        };
        await api.post("/deployments/rollback", body, { key });
        tell(`Rolled back to ${next}.`);
        poller.wake();
      }}
      onClose={onClose}
    >
      <Move from={from} to={next} />
    </Confirm>
  );
}

function DeactivateDialog(props: DialogProps) {
  const { from, base, agent, onClose } = props;
  const { api, tell, poller } = useShared();
  return (
    <Confirm
      title="Stop using the tuned model?"
      action="Deactivate"
      agent={agent}
      danger
      reason="Why (kept in the history)"
      named
      run={async ({ by, ...reason }, key) => {
        const body = { ...reason, ...(by === undefined ? {} : { deactivated_by: by }) };
        await api.post("/deployments/deactivate", body, { key });
        tell(`${base ?? "The base model"} answers from now on.`);
        poller.wake();
      }}
      onClose={onClose}
    >
      <Move from={from} to={base ?? "the base model"} />
      <p>Rolling back later does not bring it back: promote it again for that.</p>
    </Confirm>
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
