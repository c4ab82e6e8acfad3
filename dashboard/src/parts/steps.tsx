import { words } from "../logic/format.ts";
import type { TimeStep } from "../logic/timeline.ts";
import { Ago } from "./basics.tsx";

const SAID: Readonly<Record<TimeStep["state"], string>> = {
  done: "done",
  now: "under way",
  waiting: "waits for a decision",
  failed: "ended here",
  skipped: "not asked for",
  ahead: "ahead",
};

/** Steps in a row; their state is colour, shape and word. */
export function Steps(props: { steps: readonly TimeStep[]; small?: boolean }) {
  return (
    <ol class={`steps ${props.small ? "small" : ""}`}>
      {props.steps.map((step) => (
        <li key={step.name} class={step.state} title={`${words(step.name)}: ${SAID[step.state]}`}>
          <i aria-hidden="true" />
          <span class="step-name">{words(step.name)}</span>
          <span class="hidden-text">: {SAID[step.state]}</span>
          {!props.small && (
            <span class="muted step-at">
              {step.at === undefined ? SAID[step.state] : <Ago at={step.at} />}
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}
