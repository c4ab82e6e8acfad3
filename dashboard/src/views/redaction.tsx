import { useState } from "preact/hooks";
import { count, plural } from "../logic/format.ts";
import type { RedactionRules, RedactionTest, RescanList } from "../logic/wire.ts";
import { Ago, Badge, Card, Empty, Facts, Failure, Page } from "../parts/basics.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { LongText } from "../parts/text.tsx";
import { useWork } from "../parts/work.ts";

type Rule = RedactionRules["rules"][number];
type Rescan = RescanList["rescans"][number];

const RULES: readonly Column<Rule>[] = [
  { name: "Rule", cell: (one) => one.name },
  { name: "Pattern", wide: true, cell: (one) => <code class="break">{one.pattern}</code> },
  { name: "Pseudonym", cell: (one) => (one.pseudonym ? "yes" : "no") },
  { name: "In use", cell: (one) => (one.enabled ? "yes" : "no") },
];

const RESCANS: readonly Column<Rescan>[] = [
  { name: "State", cell: (one) => <Badge of={one.status} /> },
  {
    name: "Looked at",
    cell: ({ tallies }) =>
      Object.entries(tallies)
        .map(([what, { read, of }]) => `${what.replaceAll("_", " ")} ${count(read)} of ${count(of)}`)
        .join(", "),
    wide: true,
  },
  {
    name: "With findings",
    number: true,
    cell: ({ tallies }) => count(Object.values(tallies).reduce((sum, { changed }) => sum + changed, 0)),
  },
  { name: "Datasets to build anew", number: true, cell: (one) => count(one.stale_datasets.length) },
  { name: "Started", number: true, cell: (one) => <Ago at={one.created_at} /> },
];

/** What redaction finds in a text, the agent's own rules, and the re-scans of what is stored. */
export function RedactionView() {
  const { api, route, can } = useShared();
  const agent = route.query.agent ?? "";
  const rules = useLive(`redaction rules ${agent}`, () => api.get<RedactionRules>("/redaction/rules"));
  const rescans = useLive(`rescans ${agent}`, () => api.get<RescanList>("/redaction/rescans", { limit: 5 }));
  return (
    <Page
      title="Redaction"
      lead="What is replaced before anything is stored, and what of it is the owner’s own."
    >
      {can("testRedaction") && <Trial />}
      <Card title="Rules of your own">
        <Loaded of={rules} lines={2}>
          {(found) => (
            <>
              <Facts
                rows={[
                  ["Redaction", found.redaction_version],
                  ["Pseudonyms", found.pseudonyms.join(", ") || "none"],
                ]}
              />
              {found.rules.length === 0 ? (
                <Empty title="There are none for this agent">
                  <p>
                    An owner sets them: <code>lightning redaction set-rules --file rules.json</code>
                  </p>
                </Empty>
              ) : (
                <Table label="Rules" columns={RULES} rows={found.rules} keyOf={({ name }) => name} />
              )}
            </>
          )}
        </Loaded>
      </Card>
      <Card title="Re-scans of what is stored">
        <Loaded of={rescans} lines={2}>
          {({ rescans: found }) =>
            found.length === 0 ? (
              <Empty title="Nothing has been re-scanned">
                <p>
                  After a change of the rules an owner holds what is stored to them:{" "}
                  <code>lightning redaction rescan</code>
                </p>
              </Empty>
            ) : (
              <Table label="Re-scans" columns={RESCANS} rows={found} keyOf={({ id }) => id} />
            )
          }
        </Loaded>
      </Card>
    </Page>
  );
}

/** A text that is looked through; nothing of it is stored. */
function Trial() {
  const { api } = useShared();
  const [text, setText] = useState("");
  const [found, setFound] = useState<RedactionTest>();
  const work = useWork();
  const submit = (event: Event) => {
    event.preventDefault();
    void work.run(async () => setFound(await api.post<RedactionTest>("/redaction/test", { text })));
  };
  return (
    <Card title="Try a text">
      <form onSubmit={submit}>
        <label class="field">
          <span>Text, which is looked through and not stored</span>
          <textarea
            rows={4}
            required
            maxLength={1_000_000}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary" disabled={work.busy}>
          {work.busy ? "Looking…" : "Look through it"}
        </button>
      </form>
      {work.error !== undefined && <Failure error={work.error} />}
      {found !== undefined && (
        <div role="status">
          <p>
            {found.found === 0
              ? "Nothing was found."
              : `${plural(found.found, "value was", "values were")} found: ${Object.entries(found.counts)
                  .map(([kind, times]) => `${kind.replaceAll("_", " ")} ${count(times)}`)
                  .join(", ")}.`}
          </p>
          {typeof found.redacted === "string" && <LongText text={found.redacted} />}
        </div>
      )}
    </Card>
  );
}
