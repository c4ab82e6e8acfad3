import { oneLine } from "../logic/content.ts";
import { ENDING_OPTIONS } from "../logic/endings.ts";
import { duration } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import type { EpisodeList, EpisodeSummary } from "../logic/wire.ts";
import { Ago, Badge, Empty, Model, Page, Reward } from "../parts/basics.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { type Column, Filters, Pages, Table } from "../parts/table.tsx";
import { Told } from "../parts/text.tsx";

const COLUMNS: readonly Column<EpisodeSummary>[] = [
  {
    name: "Asked",
    wide: true,
    cell: (one) => (
      <a class="asked" href={address("episodes", one.id)}>
        <bdi>
          <Told text={oneLine(one.user_input) || "(nothing)"} />
        </bdi>
      </a>
    ),
  },
  {
    name: "Tools",
    extra: true,
    cell: (one) =>
      one.tool_names.length === 0 ? (
        <span class="muted">–</span>
      ) : (
        <span class="tags">
          {one.tool_names.slice(0, 2).map((name) => (
            <code key={name}>
              <Told text={name} />
            </code>
          ))}
          {one.tool_names.length > 2 && <span class="muted">+{one.tool_names.length - 2}</span>}
        </span>
      ),
  },
  { name: "Model", extra: true, cell: (one) => <Model name={one.model_deployment} /> },
  {
    name: "Ended",
    extra: true,
    cell: ({ ending, error_by: by }) =>
      ending === null || ending === "finished" ? (
        <span class="muted">–</span>
      ) : (
        <Badge of={by === null ? ending : `${ending} (${by})`} tone="warn" />
      ),
  },
  { name: "Took", number: true, extra: true, cell: (one) => duration(one.request_latency_ms) },
  {
    name: "Reward",
    number: true,
    cell: (one) =>
      one.reward_vetoed ? (
        <Badge of="veto" tone="bad" />
      ) : (
        <Reward value={one.reward_avg} count={one.reward_count} />
      ),
  },
  { name: "When", number: true, cell: (one) => <Ago at={one.created_at} /> },
];

export function EpisodesView() {
  const { api, route } = useShared();
  const { after, agent: _agent, ...filters } = route.query;
  const list = useLive(`episodes ${JSON.stringify(route.query)}`, () =>
    api.get<EpisodeList>("/episodes", { ...filters, limit: 25, continuation: after }),
  );
  const filtered = Object.keys(filters).length > 0;
  return (
    <Page title="Episodes" lead="What the agent was asked, what it did, and how that was judged.">
      <Filters
        view="episodes"
        filters={[
          { name: "tool_name", label: "Tool" },
          { name: "model_deployment", label: "Model" },
          { name: "session_id", label: "Session" },
          { name: "ending", label: "Ended", options: ENDING_OPTIONS },
          { name: "min_reward", label: "Reward from", type: "number" },
          { name: "start_date", label: "From", type: "date" },
          { name: "end_date", label: "Until", type: "date" },
        ]}
      />
      <Loaded of={list} lines={8}>
        {(page) =>
          page.episodes.length === 0 ? (
            filtered ? (
              <Empty title="No episode matches">
                <p>
                  <a href={address("episodes")}>Clear the filters</a>
                </p>
              </Empty>
            ) : (
              <Empty title="No episode yet">
                <p>
                  Let an agent record its work (<code>ENABLE_LIGHTNING_CAPTURE=true</code>), or send one:{" "}
                  <code>npx lightning record --help</code>
                </p>
              </Empty>
            )
          ) : (
            <>
              <Table label="Episodes" columns={COLUMNS} rows={page.episodes} keyOf={({ id }) => id} />
              <Pages view="episodes" shown={page.episodes.length} continuation={page.continuation} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
