import { useState } from "preact/hooks";
import { Card, Empty, Loading, Page } from "../parts/basics.tsx";
import { useShared } from "../parts/context.tsx";
import { REVIEWER } from "../parts/own-name.tsx";
import { Desk } from "./review-desk.tsx";

export function ReviewView() {
  const { principal, can, known } = useShared();
  const [name, setName] = useState(() => localStorage.getItem(REVIEWER) ?? "");
  const reviewer = principal ?? name;
  if (!known)
    return (
      <Page title="Review">
        <Loading lines={8} />
      </Page>
    );
  if (!can("submitReview"))
    return (
      <Page title="Review">
        <Empty title="Reviewing needs the role labeller">
          <p>An owner can grant it. Everything else here can be read.</p>
        </Empty>
      </Page>
    );
  if (reviewer === "")
    return (
      <Page title="Review" lead="Read what the agent did, press one key, and the next episode is there.">
        <AskName
          onName={(value) => {
            localStorage.setItem(REVIEWER, value);
            setName(value);
          }}
        />
      </Page>
    );
  return (
    <Desk key={reviewer} reviewer={reviewer} onRename={principal === null ? () => setName("") : undefined} />
  );
}

function AskName({ onName }: { onName: (name: string) => void }) {
  const [name, setName] = useState("");
  return (
    <Card title="Who reviews?" class="narrow">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "") onName(name.trim());
        }}
      >
        <label class="field">
          <span>Your name, as it stands beside your labels</span>
          <input
            value={name}
            required
            maxLength={200}
            autocomplete="nickname"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <div class="dialog-actions">
          <button type="submit" class="primary">
            Begin
          </button>
        </div>
      </form>
    </Card>
  );
}
