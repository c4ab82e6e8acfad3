import { shown } from "../logic/content.ts";
import { turnsOf } from "../logic/conversation.ts";
import { correctionText } from "../logic/correctable.ts";
import { endedText, faultText } from "../logic/endings.ts";
import { count, duration, signed, words } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import type { Episode, RewardList } from "../logic/wire.ts";
import { Ago, Card, Copy, Empty, Facts, Page, Reward } from "../parts/basics.tsx";
import { type Live, useLive, useShared } from "../parts/context.tsx";
import { Loaded, LoadedPage } from "../parts/loaded.tsx";
import { SaveButton } from "../parts/save-file.tsx";
import { Conversation, LongText, Told } from "../parts/text.tsx";

const told = (text: string | undefined) => text && <Told text={text} />;

export function EpisodeView({ id }: { id: string }) {
  const { api } = useShared();
  const path = `/episodes/${encodeURIComponent(id)}`;
  const episode = useLive(`episode ${id}`, () => api.get<Episode>(path));
  const rewards = useLive(`rewards ${id}`, () =>
    api.get<RewardList>("/rewards", { episode_id: id, limit: 50 }),
  );
  return (
    <LoadedPage title="Episode" of={episode}>
      {(one) => <EpisodePage one={one} rewards={rewards} />}
    </LoadedPage>
  );
}

function EpisodePage({ one, rewards }: { one: Episode; rewards: Live<RewardList> }) {
  const redacted = Object.entries(one.redaction?.counts ?? {});
  return (
    <Page
      title="Episode"
      lead={
        <>
          <code class="break">{one.id}</code> <Copy text={one.id} label="Copy" />
        </>
      }
      actions={
        <>
          {one.session_id !== undefined && (
            <a class="button" href={address("episodes", undefined, { session_id: one.session_id })}>
              Session
            </a>
          )}
          <a class="button" href={address("lineage", one.id)}>
            What became of it
          </a>
        </>
      }
    >
      <div class="columns two-one">
        <Card title="Conversation">
          <Conversation turns={turnsOf(one)} />
          {one.error !== undefined && (
            <div class="notice bad">
              <Told text={one.error} />
            </div>
          )}
        </Card>
        <div class="stack">
          <Judgements one={one} rewards={rewards} />
          <Card title="Facts">
            <Facts
              rows={[
                ["When", <Ago key="at" at={one.created_at} />],
                ["Model", told(one.model_deployment)],
                ["Ended", endedText(one)],
                ["Fault", faultText(one.error_by)],
                ["Took", one.request_latency_ms === undefined ? undefined : duration(one.request_latency_ms)],
                [
                  "First token after",
                  one.first_token_ms === undefined ? undefined : duration(one.first_token_ms),
                ],
                ["Tokens", tokensText(one.token_usage)],
                ["Cost", one.cost_usd === undefined ? undefined : `$${one.cost_usd}`],
                ["Session", told(one.session_id)],
                ["Correlation", told(one.correlation_id)],
                ["Response", told(one.response_id)],
                ["Trace", told(one.trace_id)],
                ["Only the provider has", told(one.missing?.join(", "))],
                ["Penalty", one.reward_penalty ? signed(one.reward_penalty) : undefined],
                [
                  "Redacted",
                  redacted.length === 0
                    ? "nothing"
                    : redacted.map(([kind, n]) => `${words(kind)} ×${n}`).join(", "),
                ],
                [
                  "Cut",
                  one.truncated === undefined
                    ? undefined
                    : Object.entries(one.truncated)
                        .map(([field, n]) => `${field}: ${count(n)} characters`)
                        .join(", "),
                ],
              ]}
            />
          </Card>
          {one.parts !== undefined && <Parts parts={one.parts} />}
          {Object.keys(one.metadata).length > 0 && (
            <Card title="Metadata">
              <LongText text={shown(one.metadata)} mono />
            </Card>
          )}
        </div>
      </div>
    </Page>
  );
}

/** Pictures and long texts that lie in files; the conversation shows where, by their hashes. */
const Parts = ({ parts }: { parts: readonly string[] }) => (
  <Card title="In files" note={count(parts.length)}>
    <p class="muted">The conversation holds the beginnings of texts, and hashes.</p>
    <ul class="judgements">
      {parts.map((part) => (
        <li key={part}>
          <code>{part.slice(0, 12)}…</code>
          <SaveButton label="Download" title={part} path={`/parts/${part}`} name={`${part}.bin`} />
        </li>
      ))}
    </ul>
  </Card>
);

/** All tokens, and of them those that cost less or are not in the answer. */
function tokensText(usage: Episode["token_usage"]): string | undefined {
  if (usage?.total_tokens === undefined) return undefined;
  const { total_tokens: total, cached_tokens: cached, reasoning_tokens: reasoning } = usage;
  const parts = [cached ? `${count(cached)} cached` : "", reasoning ? `${count(reasoning)} reasoning` : ""];
  const said = parts.filter(Boolean).join(", ");
  return said === "" ? count(total) : `${count(total)} (${said})`;
}

/** The episode's mean reward and the judgements behind it. */
function Judgements({ one, rewards }: { one: Episode; rewards: Live<RewardList> }) {
  return (
    <Card title="Judgement" note={<Reward value={one.reward_avg ?? null} count={one.reward_count} />}>
      {one.reward_vetoed === true && (
        <p class="notice bad">A safety check failed: this episode stays out of every dataset.</p>
      )}
      <Loaded of={rewards} lines={2}>
        {({ rewards: given }) =>
          given.length === 0 ? (
            <Empty title="Not judged yet">
              <p>
                <a href={address("review")}>Review episodes</a>
              </p>
            </Empty>
          ) : (
            <ul class="judgements">
              {given.map((reward) => (
                <Judged
                  key={reward.id}
                  reward={reward}
                  isReplaced={given.some(({ supersedes }) => supersedes === reward.id)}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Card>
  );
}

/** One judgement; what was taken back or replaced by a later one counts no more, and looks so. */
function Judged({ reward, isReplaced }: { reward: RewardList["rewards"][number]; isReplaced: boolean }) {
  const gone = reward.withdrawn ? "taken back" : isReplaced ? "replaced" : undefined;
  return (
    <li class={gone === undefined ? "" : "withdrawn"}>
      <span class="row-main">
        <b>{words(reward.source)}</b>
        <span class="muted">
          {reward.evaluator === null ? "" : <Told text={`${reward.evaluator} · `} />}
          <Ago at={reward.created_at} />
        </span>
      </span>
      <span>{gone ?? <Reward value={reward.value} />}</span>
      {Array.isArray(reward.metadata.tags) && (
        <span class="tags full">
          {reward.metadata.tags.map(shown).map((tag) => (
            <code key={tag}>
              <Told text={tag} />
            </code>
          ))}
        </span>
      )}
      {reward.comments !== undefined && (
        <span class="full">
          <LongText text={reward.comments} />
        </span>
      )}
      {correctionText(reward.metadata.correction) !== "" && (
        <div class="full correction">
          <span class="muted">
            should have {typeof reward.metadata.correction === "string" ? "said" : "done"}
          </span>
          <LongText text={correctionText(reward.metadata.correction)} />
        </div>
      )}
    </li>
  );
}
