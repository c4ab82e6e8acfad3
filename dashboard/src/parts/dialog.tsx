import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { errorText } from "../logic/api.ts";
import { useOwnName } from "./own-name.tsx";

/** A window over the page; Esc closes it, and the focus goes back to where it was. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={props.onClose}>
      <h2 id="dialog-title">{props.title}</h2>
      {props.children}
    </dialog>
  );
}

/** Asks before something is done that others will notice, and says what will happen. */
export function Confirm(props: {
  title: string;
  /** What will happen. */
  children: ComponentChildren;
  action: string;
  danger?: boolean;
  /** The label of a field for the reason; absent: none is asked for. */
  reason?: string;
  required?: boolean;
  /** Whether the record bears who did it: without a signed-in person the name is asked for. */
  named?: boolean;
  run: (given: { readonly reason?: string; readonly by?: string }) => Promise<void>;
  onClose: () => void;
}) {
  const [reason, setReason] = useState("");
  const own = useOwnName();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const run = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const by = props.named === true ? own.given : undefined;
      await props.run({
        ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
        ...(by === undefined ? {} : { by }),
      });
      if (by !== undefined) own.remember();
      props.onClose();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form onSubmit={(event) => void run(event)}>
        <div class="consequence">{props.children}</div>
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
        {error !== undefined && (
          <p class="notice bad" role="alert">
            {errorText(error)}
          </p>
        )}
        <div class="dialog-actions">
          <button type="button" class="quiet" onClick={props.onClose}>
            Cancel
          </button>
          <button type="submit" class={props.danger ? "danger" : "primary"} disabled={busy}>
            {busy ? "Working…" : props.action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
