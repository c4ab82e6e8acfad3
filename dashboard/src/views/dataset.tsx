import { bytes, count, moment, percent, words } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import type { Dataset } from "../logic/wire.ts";
import { Ago, Badge, Bars, Card, Empty, Facts, Id, Page } from "../parts/basics.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { LoadedPage } from "../parts/loaded.tsx";
import { SaveButton } from "../parts/save-file.tsx";
import { TakenUp } from "../parts/taken-up.tsx";
import { DatasetExamples, SIDE_NAMES, SIDES } from "./dataset-examples.tsx";
import { DatasetFigures } from "./dataset-figures.tsx";

/** What each reason means and what can be done about it. */
const REASONS: Readonly<Record<string, string>> = {
  below_reward: "judged below the threshold",
  no_reward: "not judged",
  vetoed: "a safety check failed",
  duplicate: "the same content twice",
  over_limit: "over the limit; the best were kept",
  unfinished: "stops without an end",
  cut: "cut at a limit of tokens",
  filtered: "filtered by the provider",
  unread: "nobody read the answer",
  failed: "no answer came",
  withheld: "redaction failed, so withheld",
  reserved_for_test: "kept for a test that it stood in before",
};
const reasonText = (reason: string) =>
  REASONS[reason] ?? (reason.startsWith("invalid:") ? `invalid: ${words(reason.slice(8))}` : words(reason));

export function DatasetView({ id }: { id: string }) {
  const { api } = useShared();
  const dataset = useLive(`dataset ${id}`, () => api.get<Dataset>(`/datasets/${encodeURIComponent(id)}`));
  return (
    <LoadedPage title="Dataset" of={dataset}>
      {(one) => <DatasetPage one={one} />}
    </LoadedPage>
  );
}

function DatasetPage({ one }: { one: Dataset }) {
  return (
    <Page
      title={one.name}
      lead={
        <>
          <Badge of={one.status} /> <code class="break">{one.id}</code>
        </>
      }
      actions={
        <>
          {one.status === "ready" && (
            <SaveButton
              label="Signed lineage"
              title="What came of this dataset, as a file with a signed manifest: lightning verify-answer tells later whether it was altered"
              path={`/lineage/datasets/${encodeURIComponent(one.id)}`}
              query={{ manifest: true }}
              name={`lineage-${one.id}.json`}
            />
          )}
          <a class="button" href={address("lineage", one.id)}>
            Lineage
          </a>
        </>
      }
    >
      {(one.notices ?? []).map((text) => (
        <p key={text} class="notice warn">
          {text}
        </p>
      ))}
      <TakenUp of={one.taken_up} />
      {one.error !== undefined && <p class="notice bad">{one.error}</p>}
      {one.same_as !== undefined && (
        <p class="notice">
          Equal in content to <Id id={one.same_as} />.
        </p>
      )}
      <div class="columns two">
        <Split one={one} />
        <LeftOut one={one} />
      </div>
      {one.figures !== undefined && (
        <DatasetFigures figures={one.figures} sides={one.token_counts?.sides ?? {}} />
      )}
      <DatasetExamples dataset={one} />
      <Recipe one={one} />
    </Page>
  );
}

/** How many examples are on each side. */
function Split({ one }: { one: Dataset }) {
  const counts = { train: one.training_count, validation: one.validation_count, test: one.test_count };
  const total = SIDES.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
  return (
    <Card title="Split" note={`${count(total)} examples`}>
      <div
        class="split"
        role="img"
        aria-label={SIDES.map((name) => `${SIDE_NAMES[name]} ${counts[name] ?? 0}`).join(", ")}
      >
        {SIDES.filter((name) => (counts[name] ?? 0) > 0).map((name) => (
          <span key={name} class={`split-part ${name}`} style={{ flexGrow: counts[name] ?? 0 }} />
        ))}
      </div>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Side</th>
            <th scope="col" class="number">
              Examples
            </th>
            <th scope="col" class="number">
              Groups
            </th>
            <th scope="col" class="number">
              File
            </th>
          </tr>
        </thead>
        <tbody>
          {SIDES.map((name) => (
            <tr key={name}>
              <th scope="row">
                <i class={`swatch ${name}`} /> {SIDE_NAMES[name]}
              </th>
              <td class="number">
                {count(counts[name] ?? 0)}
                <span class="muted"> {total > 0 ? percent((counts[name] ?? 0) / total, 0) : ""}</span>
              </td>
              <td class="number">{count(one.group_counts?.[name])}</td>
              <td class="number muted">{bytes(one.files?.[name]?.bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted">Examples that share a session or a question are one group and stay on one side.</p>
    </Card>
  );
}

/** What did not become an example, and what did although it is worth a look; by reason. */
function LeftOut({ one }: { one: Dataset }) {
  const dropped = Object.entries(one.dropped ?? {}).toSorted((a, b) => b[1] - a[1]);
  const warnings = Object.entries(one.warnings ?? {});
  return (
    <Card
      title="Left out"
      note={one.given === undefined ? "" : `${count(one.kept)} of ${count(one.given)} kept`}
    >
      {dropped.length === 0 ? (
        <Empty title="Nothing was left out" />
      ) : (
        <Bars
          label="Examples left out, by reason"
          tone="warn"
          rows={dropped.map(([reason, value]) => [reasonText(reason), value] as const)}
        />
      )}
      {warnings.length > 0 && (
        <>
          <h3>Kept, and worth a look</h3>
          <Bars
            label="Warnings"
            tone="plain"
            rows={warnings.map(([reason, value]) => [words(reason), value] as const)}
          />
        </>
      )}
    </Card>
  );
}

function Recipe({ one }: { one: Dataset }) {
  return (
    <Card title="Recipe">
      <Facts
        rows={[
          ["Source", one.recipe.kind],
          ["Reward at least", one.recipe.min_reward],
          ["Sources", one.recipe.sources?.map(words).join(", ")],
          ["Period", [one.recipe.start_date, one.recipe.end_date].filter(Boolean).join(" – ")],
          ["At most", count(one.recipe.max_examples)],
          ["Also taken", one.recipe.include_endings?.map((ending) => REASONS[ending] ?? ending).join(", ")],
          ["Tools", one.recipe.include_tools ? "kept" : "left out"],
          [
            "Golden sets",
            one.recipe.include_golden?.map((golden) => (
              <>
                <Id key={golden} id={golden} />{" "}
              </>
            )),
          ],
          ["Episodes up to", moment(one.watermark.episodes)],
          ["Rewards up to", moment(one.watermark.rewards)],
          [
            "Content",
            one.content_hash === undefined ? undefined : <code>{one.content_hash.slice(0, 16)}…</code>,
          ],
          ["Asked for", <Ago key="at" at={one.created_at} />],
        ]}
      />
    </Card>
  );
}
