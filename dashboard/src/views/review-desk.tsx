import { useEffect, useRef, useState } from "preact/hooks";
import { turnsOf } from "../logic/conversation.ts";
import { count, moment, plural, words } from "../logic/format.ts";
import { KEY_HELP } from "../logic/review-keys.ts";
import { address } from "../logic/route.ts";
import type { Offer, ReviewQueue } from "../logic/wire.ts";
import { Card, Empty, Keys, Page, Reward } from "../parts/basics.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { Conversation } from "../parts/text.tsx";
import { Corrections } from "./review-corrections.tsx";
import { Judgement, type JudgementFields } from "./review-judgement.tsx";
import { Rules } from "./review-rules.tsx";
import { type DeskState, useDesk } from "./review-state.ts";
import { useReviewKeys } from "./use-review-keys.ts";

/** One episode at a time, and what is to be said about it. */
export function Desk({ reviewer, onRename }: { reviewer: string; onRename: (() => void) | undefined }) {
  const { api, can, route } = useShared();
  const agent = route.query.agent ?? "";
  const queue = useLive(`queue ${agent}`, () => api.get<ReviewQueue>("/review"));
  const desk = useDesk(reviewer);
  const { offer, error, done } = desk;
  const [unfolded, setUnfolded] = useState(false);
  const [dialog, setDialog] = useState<"keys" | "rules" | "corrections">();
  const fields = {
    tags: useRef<HTMLInputElement>(null),
    correction: useRef<HTMLTextAreaElement>(null),
    note: useRef<HTMLTextAreaElement>(null),
  };
  const inHand = offer?.episode_id;
  // Each episode begins folded.
  useEffect(() => setUnfolded(false), [inHand]);

  useReviewKeys(desk, fields, {
    fold: () => setUnfolded((now) => !now),
    help: () => setDialog("keys"),
  });

  const waiting = queue.data?.waiting;
  const corrected = queue.data?.corrections ?? 0;
  return (
    <Page
      title="Review"
      lead={
        <>
          {waiting === undefined ? "…" : `${plural(waiting, "episode")} not reviewed`} · you are{" "}
          {onRename === undefined ? (
            <b>{reviewer}</b>
          ) : (
            <button type="button" class="link" title="Somebody else reviews" onClick={onRename}>
              {reviewer}
            </button>
          )}
        </>
      }
      actions={
        <>
          {corrected > 0 && (
            <button type="button" class="quiet" onClick={() => setDialog("corrections")}>
              Corrections <span class="count">{count(corrected)}</span>
            </button>
          )}
          {can("setReviewRules") && (
            <button type="button" class="quiet" onClick={() => setDialog("rules")}>
              Rules
            </button>
          )}
          <button type="button" class="quiet" onClick={() => setDialog("keys")}>
            Keys <kbd>?</kbd>
          </button>
        </>
      }
    >
      <Loaded of={{ data: offer, error, reload: () => void desk.next() }} lines={10}>
        {(given) =>
          given === null ? (
            <NothingLeft desk={desk} />
          ) : (
            <InHand desk={desk} offer={given} fields={fields} unfolded={unfolded} />
          )
        }
      </Loaded>
      <div class="hidden-text" role="status">
        {done.length > 0 ? `Judged ${done.length}. ` : ""}
        {offer ? "Next episode." : ""}
      </div>
      {dialog === "keys" && <KeyHelp onClose={() => setDialog(undefined)} />}
      {dialog === "rules" && queue.data !== undefined && (
        <Rules queue={queue.data} onClose={() => setDialog(undefined)} onSaved={queue.reload} />
      )}
      {dialog === "corrections" && <Corrections corrected={corrected} onClose={() => setDialog(undefined)} />}
    </Page>
  );
}

/** The episode in hand beside what can be said about it. */
function InHand(props: { desk: DeskState; offer: Offer; fields: JudgementFields; unfolded: boolean }) {
  const { desk, offer, fields, unfolded } = props;
  const { done } = desk;
  return (
    <div class={`desk ${desk.busy ? "busy" : ""}`} aria-busy={desk.busy}>
      <Card class="desk-episode">
        <div class="offer-head">
          <Why offer={offer} />
          {offer.blind ? (
            <span class="badge plain">blind</span>
          ) : (
            <Reward value={offer.episode.reward_avg ?? null} count={offer.episode.reward_count} />
          )}
          <a class="muted" href={address("episodes", offer.episode_id)}>
            open
          </a>
        </div>
        <Conversation key={offer.episode_id} turns={turnsOf(offer.episode)} unfolded={unfolded} />
      </Card>
      <div class="desk-tools">
        <Judgement desk={desk} offer={offer} fields={fields} />
        <p class="muted desk-note">
          Yours until {moment(offer.leased_until).slice(11, 16)}
          {done.length > 0 ? ` · ${count(done.length)} judged in this sitting` : ""}
        </p>
      </div>
    </div>
  );
}

function NothingLeft({ desk }: { desk: DeskState }) {
  const { done } = desk;
  return (
    <Empty title="Nothing is left for you">
      <p>
        {done.length > 0 ? `You judged ${plural(done.length, "episode")}. ` : ""}
        What you judged or skipped is left to others; what others have in hand comes back when their time is
        up.
      </p>
      <p>
        <button type="button" onClick={() => void desk.next()}>
          Look again
        </button>{" "}
        {done.length > 0 && (
          <button type="button" class="quiet" onClick={() => void desk.undo()}>
            Undo <kbd>Z</kbd>
          </button>
        )}
      </p>
    </Empty>
  );
}

function KeyHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="key-help">
        {KEY_HELP.map(({ keys, does }) => (
          <div key={does}>
            <dt>
              <Keys keys={keys} />
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <div class="dialog-actions">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

const WHY: Readonly<Record<string, string>> = {
  random: "drawn at random",
  low_reward: "low reward",
  disagreement: "its judges disagree",
  new_tool: "a tool nobody has reviewed",
  newest: "the newest that waits",
  again: "taken back",
};

function Why({ offer }: { offer: Offer }) {
  return (
    <span class="why-offered">
      <span class="badge accent">{WHY[offer.why.reason] ?? words(offer.why.reason)}</span>
      {offer.why.text !== undefined && <span class="muted">{offer.why.text}</span>}
    </span>
  );
}
