import { useState } from "preact/hooks";
import { useShared } from "./context.tsx";

/** The name by which reviewers tell each other apart where nobody signs in; it outlives the tab. */
export const REVIEWER = "lightning-reviewer";
/** The name under which this tab's person moves models. */
const OPERATOR = "lightning-operator";

/**
 * Under whose name something is done. A signed-in person's is known to the app and not asked for; without one the
 * name given once is offered again in this tab, and before that the reviewer's.
 */
export function useOwnName() {
  const { principal } = useShared();
  const [name, setName] = useState(
    () => sessionStorage.getItem(OPERATOR) ?? localStorage.getItem(REVIEWER) ?? "",
  );
  return {
    /** For the body of a request; undefined: none given, or the app knows better. */
    given: principal === null && name.trim() !== "" ? name.trim() : undefined,
    remember: () => sessionStorage.setItem(OPERATOR, name.trim()),
    field: principal === null && (
      <label class="field">
        <span>Your name (kept in the history)</span>
        <input
          value={name}
          maxLength={200}
          autocomplete="nickname"
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
    ),
  };
}
