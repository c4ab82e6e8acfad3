import { turnsOf } from "../logic/conversation.ts";
import { bytes, count, percent, shortId, words } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import type { Dataset, Episode } from "../logic/wire.ts";
import { Ago, Badge, Bars, Card, Empty, Facts, Failure, Id, Loading, Page } from "../parts/basics.tsx";
import { useLive, useOnce, useShared } from "../parts/context.tsx";
import { Conversation } from "../parts/text.tsx";

const SIDES = ["train", "validation", "test"] as const;
const SIDE_NAMES = { train: "Train", validation: "Validate", test: "Test" } as const;

/** What each reason means and what can be done about it. */
const REASONS: Readonly<Record<string, string>> = {
  below_reward: "judged below the threshold",
  no_reward: "not judged",
  vetoed: "a safety check failed",
  duplicate: "the same content twice",
  over_limit: "over the limit; the best were kept",
  withheld: "redaction failed, so withheld",
};
const reasonText = (reason: string) =>
  REASONS[reason] ?? (reason.startsWith("invalid:") ? `invalid: ${words(reason.slice(8))}` : words(reason));

export function DatasetView({ id }: { id: string }) {
  const { api, route } = useShared();
  const path = `/datasets/${encodeURIComponent(id)}`;
  const dataset = useLive(`dataset ${id}`, () => api.get<Dataset>(path));
  const side = SIDES.find((one) => one === route.query.side) ?? "train";
  const ready = dataset.data?.files?.[side] !== undefined;
  const examples = useOnce(ready ? `examples ${id} ${side}` : undefined, () =>
    api.head(`${path}/files/${side}`, 10),
  );
  if (dataset.data === undefined)
    return (
      <Page title="Dataset">
        {dataset.error === undefined ? (
          <Loading lines={8} />
        ) : (
          <Failure error={dataset.error} retry={dataset.reload} />
        )}
      </Page>
    );
  const one = dataset.data;
  const counts = { train: one.training_count, validation: one.validation_count, test: one.test_count };
  const total = SIDES.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
  const dropped = Object.entries(one.dropped ?? {}).toSorted((a, b) => b[1] - a[1]);
  const warnings = Object.entries(one.warnings ?? {});
  return (
    <Page
      title={one.name}
      lead={
        <>
          <Badge of={one.status} /> <code class="break">{one.id}</code>
        </>
      }
      actions={
        <a class="button" href={address("lineage", one.id)}>
          Lineage
        </a>
      }
    >
      {one.error !== undefined && <p class="notice bad">{one.error}</p>}
      {one.same_as !== undefined && (
        <p class="notice">
          Equal in content to <Id id={one.same_as} />.
        </p>
      )}
      <div class="columns two">
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
        <Card
          title="Left out"
          note={one.episode_count === undefined ? "" : `of ${count(one.episode_count)} that were looked at`}
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
      </div>
      <Card
        title="Examples"
        note={
          <span class="tabs" role="group" aria-label="Side">
            {SIDES.filter((name) => (counts[name] ?? 0) > 0).map((name) => (
              <a
                key={name}
                href={address("datasets", id, { side: name })}
                {...(name === side ? { "aria-current": "true" as const } : {})}
              >
                {SIDE_NAMES[name]}
              </a>
            ))}
          </span>
        }
      >
        {!ready ? (
          <Empty
            title={one.status === "ready" ? "This side is empty" : "They appear when the build is done"}
          />
        ) : examples.data === undefined ? (
          examples.error === undefined ? (
            <Loading />
          ) : (
            <Failure error={examples.error} />
          )
        ) : (
          <ol class="examples">
            {examples.data.map((line, n) => (
              <li key={n}>
                <details>
                  <summary>{headline(line)}</summary>
                  <Conversation turns={turnsOf(parsed(line))} />
                </details>
              </li>
            ))}
          </ol>
        )}
        <p class="muted">The first ten of the file.</p>
      </Card>
      <Card title="Recipe">
        <Facts
          rows={[
            ["Source", one.recipe.kind],
            ["Reward from", one.recipe.min_reward],
            ["Sources", one.recipe.sources?.map(words).join(", ")],
            ["Period", [one.recipe.start_date, one.recipe.end_date].filter(Boolean).join(" – ")],
            ["At most", count(one.recipe.max_examples)],
            ["Tools", one.recipe.include_tools ? "kept" : "left out"],
            ["Golden sets", one.recipe.include_golden?.map(shortId).join(", ")],
            ["Episodes up to", one.watermark.episodes],
            ["Rewards up to", one.watermark.rewards],
            [
              "Content",
              one.content_hash === undefined ? undefined : <code>{one.content_hash.slice(0, 16)}…</code>,
            ],
            ["Asked for", <Ago key="at" at={one.created_at} />],
          ]}
        />
      </Card>
    </Page>
  );
}

type Line = Pick<Episode, "messages">;
function parsed(line: string): Line {
  try {
    const value = JSON.parse(line) as Line;
    return { messages: Array.isArray(value.messages) ? value.messages : [] };
  } catch {
    return { messages: [{ role: "user", content: line }] };
  }
}
function headline(line: string): string {
  const turn = turnsOf(parsed(line)).find(({ role }) => role === "user");
  return turn === undefined ? "(no question)" : turn.text.slice(0, 160);
}
