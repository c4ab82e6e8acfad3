import { useEffect, useState } from "preact/hooks";
import { Dialog } from "./dialog.tsx";

/** Where App Service Authentication answers who is signed in; absent on a laptop. */
const WHO = "/.auth/me";

/** Asks for a function key once; where the platform can sign people in, offers that first. */
export function KeyDialog(props: { onKey: (key: string) => void; onClose: () => void }) {
  const [signIn, setSignIn] = useState(false);
  const [key, setKey] = useState("");
  useEffect(() => {
    fetch(WHO, { redirect: "manual" })
      .then((response) => setSignIn(response.ok || response.status === 401))
      .catch(() => setSignIn(false));
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    if (key.trim() !== "") props.onKey(key.trim());
  };
  return (
    <Dialog title="Who are you?" onClose={props.onClose}>
      {signIn && (
        <p>
          <a
            class="button primary"
            href={`/.auth/login/aad?post_login_redirect_uri=${encodeURIComponent(location.pathname + location.search)}`}
          >
            Sign in
          </a>
        </p>
      )}
      <form onSubmit={submit}>
        <label class="field">
          <span>Function key</span>
          <input
            type="password"
            value={key}
            autocomplete="off"
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <p class="muted">
          It stays in this tab and is forgotten with it. On a laptop, <code>keys.json</code> in the home
          folder has it.
        </p>
        <div class="dialog-actions">
          <button type="submit" class="primary">
            Go on
          </button>
        </div>
      </form>
    </Dialog>
  );
}
