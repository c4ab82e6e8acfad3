import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { errorText } from "../logic/api.ts";
import { useOwnName } from "./own-name.tsx";
import { useSentKey } from "./sent-key.ts";
import { useWork, type Work } from "./work.ts";

/** A window over the page; Esc closes it, and the focus goes back to where it was. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  // The question for a key may come over another window.
  const title = useId();
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={title} onClose={props.onClose}>
      <h2 id={title}>{props.title}</h2>
      {props.children}
    </dialog>
  );
}

/** A window with a form. A refusal is shown, and what was filled in stays. */
export function FormDialog(props: {
  title: string;
  work: Work;
  submit: () => Promise<void>;
  /** What the one button says that does it; absent: there is none. */
  action?: string | undefined;
  /** What it says while it is done. */
  doing?: string;
  danger?: boolean;
  /** Other buttons, between Cancel and the one. */
  more?: ComponentChildren;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const { work, action } = props;
  const submit = (event: Event) => {
    event.preventDefault();
    // Enter in a field sends a form that has no button for it.
    if (action !== undefined) void work.run(props.submit);
  };
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form onSubmit={submit}>
        {props.children}
        {work.error !== undefined && (
          <p class="notice bad" role="alert">
            {errorText(work.error)}
          </p>
        )}
        <div class="dialog-actions">
          <button type="button" class="quiet" onClick={props.onClose}>
            Cancel
          </button>
          {props.more}
          {action !== undefined && (
            <button type="submit" class={props.danger ? "danger" : "primary"} disabled={work.busy}>
              {work.busy ? (props.doing ?? action) : action}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}

/** Asks before something is done that others will notice, and says what will happen. */
export function Confirm(props: {
  title: string;
  /** What will happen. */
  children: ComponentChildren;
  action: string;
  danger?: boolean;
  /** The agent it is about. */
  agent: string;
  /** The label of a field for the reason; absent: none is asked for. */
  reason?: string;
  required?: boolean;
  /** Whether the record bears who did it: without a signed-in person the name is asked for. */
  named?: boolean;
  /** `key`: the Idempotency-Key of this very request. */
  run: (given: { readonly reason?: string; readonly by?: string }, key: string) => Promise<void>;
  onClose: () => void;
}) {
  const { agent } = props;
  const [reason, setReason] = useState("");
  const own = useOwnName();
  const work = useWork();
  const keyOf = useSentKey();
  const submit = async () => {
    const by = props.named === true ? own.given : undefined;
    const given = {
      ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
      ...(by === undefined ? {} : { by }),
    };
    await props.run(given, keyOf(given));
    if (by !== undefined) own.remember();
    props.onClose();
  };
  return (
    <FormDialog
      title={props.title}
      work={work}
      submit={submit}
      action={props.action}
      doing="Working…"
      danger={props.danger === true}
      onClose={props.onClose}
    >
      <div class="consequence">
        <p class="muted">
          Agent <b>{agent}</b>
        </p>
        {props.children}
      </div>
      {props.reason !== undefined && (
        <label class="field">
          <span>{props.reason}</span>
          <textarea
            rows={2}
            value={reason}
            required={props.required === true}
            maxLength={2000}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
      )}
      {props.named === true && own.field}
    </FormDialog>
  );
}
