import { z } from "zod";
import type { ExitCode } from "../core/exit.ts";
import type { SyncConfig } from "../core/sync.ts";
import { maskRow, maskValue } from "../destinations/pii.ts";
import { findInLedger, findInModel, type LedgerRow, type ModelRow } from "../plan/find-row.ts";
import { bold, dim } from "../report/paint.ts";
import { readMeta } from "../state/ensure.ts";
import { type SyncTables, syncTables } from "../state/names.ts";
import { join, sql } from "../warehouse/sql.ts";
import type { Session } from "../warehouse/warehouse.ts";
import type { App } from "./app.ts";
import { rememberedTypes } from "./pipeline/field-types.ts";
import { chooseSyncs, prepareSync } from "./pipeline/prepare.ts";
import type { VerbAction } from "./run-verb.ts";
import {
  compiledIdentity,
  type ProfileStory,
  profileDocument,
  profileLines,
  profilesOf,
  readProfiles,
} from "./why-identity.ts";
import { type Stay, segmentHistory, stayLines, staysOf } from "./why-segment.ts";

const result = z.object({
  run_id: z.string(),
  at: z.string().nullable(),
  op: z.string(),
  status: z.string(),
  code: z.string().nullable(),
  message: z.string().nullable(),
  attempt: z.number(),
  key: z.string().nullable(),
});
const reject = z.object({
  key: z.string().nullable(),
  op: z.string(),
  code: z.string(),
  message: z.string().nullable(),
  attempts: z.number(),
  first_at: z.string(),
  last_at: z.string(),
  fingerprint: z.string().nullable(),
});
const planned = z.object({
  run_id: z.string(),
  seq: z.number().nullable(),
  op: z.string(),
  code: z.string().nullable(),
  message: z.string().nullable(),
  key: z.string().nullable(),
});

interface Story {
  readonly key: string;
  /** null: the key is no profile that identity knows. */
  readonly profile: ProfileStory | null;
  readonly model: readonly ModelRow[];
  readonly ledger: readonly LedgerRow[];
  readonly plan: readonly z.infer<typeof planned>[];
  readonly rejects: readonly z.infer<typeof reject>[];
  readonly results: readonly z.infer<typeof result>[];
  readonly heldRun: { readonly id: string; readonly reasons: readonly string[] } | null;
}

/** `why SYNC KEY|IDENTIFIER`: in the model? refused? planned? sent? there? – with the runs that say so. */
export const why =
  (syncName: string, wanted: string): VerbAction =>
  async ({ open, out }) => {
    const app = await open();
    const [sync] = chooseSyncs(app, [syncName]);
    if (sync === undefined) return 2;
    const { stories, stays } = await tell(app, sync, wanted);
    const shown = app.showValues ? wanted : String(maskValue(wanted));
    const answers = stories.map((story) => ({ story, answer: answerOf(story, sync) }));
    const paint = { color: out.color };
    if (answers.length === 0) {
      out.print(`${bold(paint, sync.name)}: nothing is known of ${shown}.`);
      out.print(
        `  ${sync.source.kind} ${sync.source.name} has no row with this key or identifier, and nothing was ever sent for it.`,
      );
      if (stays === null) {
        out.print(
          "  If it should be there, look at the model: its SQL leaves it out, or the build is older than the data.",
        );
      }
    }
    for (const { story, answer } of answers) {
      out.print(`${bold(paint, `${sync.name} · key ${story.key}`)}`);
      out.print(`  ${answer}`);
      if (story.profile !== null)
        for (const line of profileLines(story.key, story.profile, app.showValues)) out.print(dim(paint, `  ${line}`));
      for (const row of story.model)
        out.print(dim(paint, `  model:  ${line({ ...row.identifiers, ...row.fields }, app.showValues)}`));
      for (const row of story.ledger) {
        out.print(
          dim(
            paint,
            `  ledger: ${row.state}, last run ${row.lastRun}${row.externalId === null ? "" : `, id there ${row.externalId}`}${Object.keys(row.identifiers).length === 0 ? "" : `, ${line(row.identifiers, app.showValues)}`}`,
          ),
        );
      }
      for (const row of story.rejects) {
        out.print(
          dim(
            paint,
            `  reject: ${row.code} ${row.message ?? ""} (${row.op}, ${row.attempts}×, first ${row.first_at}, last ${row.last_at})`,
          ),
        );
      }
      for (const row of story.results) {
        out.print(
          dim(
            paint,
            `  ${row.at ?? ""}  ${row.run_id}  ${row.op} ${row.status}${row.code === null ? "" : ` ${row.code}: ${row.message ?? ""}`}`,
          ),
        );
      }
    }
    const segment = sync.source.name;
    for (const told of stayLines(segment, stays ?? [])) out.print(dim(paint, `  ${told}`));
    if (stays !== null && !stories.some(({ model }) => model.length > 0)) {
      const who = app.identity === null ? "the profile's id" : "the same identifier";
      out.print(`  Which of the segment's conditions hold: \`millrace segment explain ${segment}\` with ${who}.`);
    }
    out.emit({
      sync: sync.name,
      found: answers.length > 0,
      segment: stays === null ? null : { name: segment, stays },
      rows: answers.map(({ story, answer }) => ({
        key: story.key,
        answer,
        identity: story.profile === null ? null : profileDocument(story.profile, app.showValues),
        in_model: story.model.length > 0,
        model: story.model.map((row) => ({
          key: row.key,
          identifiers: shownRow(row.identifiers, app.showValues),
          fields: shownRow(row.fields, app.showValues),
          refusal: row.refusal,
          stable_fp: row.stableFingerprint,
        })),
        ledger: story.ledger.map((row) => ({
          key: row.key,
          identifiers: shownRow(row.identifiers, app.showValues),
          state: row.state,
          external_id: row.externalId,
          last_run: row.lastRun,
          stable_fp: row.stableFingerprint,
        })),
        plan: story.plan,
        rejects: story.rejects,
        results: story.results,
      })),
    });
    return 0 satisfies ExitCode;
  };

interface Told {
  readonly stories: readonly Story[];
  /** Of the profiles that `wanted` leads to in the sync's segment; null: it has no history of one. */
  readonly stays: readonly Stay[] | null;
}

async function tell(app: App, sync: SyncConfig, wanted: string): Promise<Told> {
  const prepared = await prepareSync(app, sync);
  const fieldTypes = (await rememberedTypes(app, prepared)) ?? prepared.target.fields.known;
  const relation = await app.relation(sync);
  const [newest] = await (await app.store()).runs({ sync: sync.name, limit: 1 });
  const heldRun =
    newest?.status === "held" || newest?.status === "planned" ? { id: newest.id, reasons: newest.heldFor } : null;
  const byProfile = sync.key === "profile_id";
  const segment = await segmentHistory(app, sync);
  // Others may be asked about before dbt has ever run.
  const people = byProfile || segment !== null ? await compiledIdentity(app) : null;
  const identity = byProfile ? people : null;
  const warehouse = await app.warehouse();
  return warehouse.session(
    "read",
    async (session) => {
      const led = identity === null ? [] : await profilesOf(session, identity, wanted);
      const own = syncTables(app.tables.schema, sync.name, session.dialect.traits.maxIdentifier);
      const known = (await readMeta(session, app.tables)) !== null && (await session.describe(own.ledger)) !== null;
      const model = (await findInModel(session, sync, relation, fieldTypes, [wanted, ...led])) ?? [];
      const asked = [wanted, ...led, ...model.flatMap((row) => (row.key === null ? [] : [row.key]))];
      const ledger = known ? await findInLedger(session, sync, own, asked) : [];
      const keys = [...new Set([...asked, ...ledger.map((row) => row.key)])].filter((key) => key !== null);
      const past = known ? await history(session, app, sync, own, keys) : { plan: [], rejects: [], results: [] };
      const profiles = identity === null ? null : await readProfiles(session, identity, keys);
      const members = async () => (byProfile ? keys : people === null ? [] : profilesOf(session, people, wanted));
      const stays = segment === null ? null : await staysOf(app, session, { ...segment, members });
      const stories = keys
        .map(
          (key): Story => ({
            key,
            profile: profiles?.get(key) ?? null,
            model: model.filter((row) => row.key === key),
            ledger: ledger.filter((row) => row.key === key),
            plan: past.plan.filter((row) => row.key === key),
            rejects: past.rejects.filter((row) => row.key === key),
            results: past.results.filter((row) => row.key === key),
            heldRun,
          }),
        )
        .filter(
          (story) =>
            story.profile !== null ||
            story.model.length + story.ledger.length + story.plan.length + story.rejects.length + story.results.length >
              0,
        );
      return { stories, stays };
    },
    app.signal,
  );
}

async function history(
  session: Session,
  app: App,
  sync: SyncConfig,
  own: SyncTables,
  keys: readonly string[],
): Promise<Pick<Story, "plan" | "rejects" | "results">> {
  const { dialect } = session;
  const among = sql`key in (${join(keys.map((key) => sql`${key}`))})`;
  const text = (name: string) =>
    sql`${dialect.text(dialect.ident(name), { name, type: "timestamp", nativeType: "TIMESTAMP" })} as ${dialect.ident(name)}`;
  const hasPlan = (await session.describe(own.plan)) !== null;
  return {
    plan: hasPlan
      ? await session.query(
          sql`select run_id, seq, op, code, message, key from ${dialect.relation(own.plan)} where op <> 'clear' and ${among} limit 50`,
          planned,
        )
      : [],
    rejects: await session.query(
      sql`select key, op, code, message, attempts, ${text("first_at")}, ${text("last_at")}, fingerprint from ${dialect.relation(own.rejects)} where ${among} limit 50`,
      reject,
    ),
    results: await session.query(
      sql`select run_id, ${text("at")}, op, status, code, message, attempt, key from ${dialect.relation(app.tables.results)}
        where sync = ${sync.name} and ${among} order by run_id desc limit 50`,
      result,
    ),
  };
}

/** One sentence. The first that applies. */
function answerOf(story: Story, sync: SyncConfig): string {
  const inModel = story.model.length > 0;
  const present = story.ledger.find((row) => row.state === "present");
  const unknown = story.ledger.find((row) => row.state === "unknown");
  const [refused] = story.model.filter((row) => row.refusal !== null);
  const planRefusal = story.plan.find((row) => row.op === "refuse");
  const standing = story.rejects.find((row) => row.op !== "refuse");
  const waiting =
    story.heldRun !== null && story.plan.some((row) => row.run_id === story.heldRun?.id && row.seq !== null);
  const there =
    present === undefined ? "It is not at the destination." : `The destination has it (run ${present.lastRun}).`;
  if (unknown !== undefined)
    return `It was sent in run ${unknown.lastRun} and never answered: decide with \`millrace resolve ${unknown.lastRun}\`.`;
  if (story.profile?.quarantined)
    return `Its profile is quarantined: a guard of identity holds its cluster back (identity_violation says which). Until that is mended it is neither sent, updated nor removed. ${there}`;
  if (story.model.length > 1)
    return `Refused, DUPLICATE_KEY: the model has this key ${story.model.length} times. ${there}`;
  if (refused?.refusal) return `Refused before sending, ${refused.refusal.code}: ${refused.refusal.message}. ${there}`;
  if (inModel && planRefusal !== undefined)
    return `Refused before sending, ${planRefusal.code}: ${planRefusal.message}. ${there}`;
  if (standing !== undefined) {
    const again =
      sync.rejects.retry === "always"
        ? "It is tried again by every run."
        : `It is tried again when the row changes, or by \`millrace retry ${sync.name}\`.`;
    return `The platform refused its ${standing.op}, ${standing.code}: ${(standing.message ?? "").replace(/\.?$/, ".")} ${standing.op === "remove" ? "It is tried again by every run." : again} ${there}`;
  }
  if (waiting)
    return `It is in plan ${story.heldRun?.id}, which waits for approval${story.heldRun?.reasons.length ? ` (${story.heldRun.reasons.join("; ")})` : ""}. ${there}`;
  if (inModel && present !== undefined) {
    const same = story.model[0]?.stableFingerprint === present.stableFingerprint;
    return same
      ? `Delivered in run ${present.lastRun}; nothing has changed since.`
      : `Delivered in run ${present.lastRun}; the model has changed since: the next run updates it.`;
  }
  if (inModel) {
    const last = story.results[0];
    const told = last?.status === "retry" ? ` The last try failed (${last.code ?? ""}: ${last.message ?? ""}).` : "";
    return sync.mode === "remove"
      ? `The model lists it for removal: the next run removes it.${told}`
      : `It is in the model and not at the destination yet: the next run sends it.${told}`;
  }
  if (present !== undefined) {
    return sync.mode === "mirror"
      ? `It has left the model: the next run removes it (delivered in run ${present.lastRun}).`
      : `It has left the model; mode ${sync.mode} keeps it at the destination (run ${present.lastRun}).`;
  }
  if (story.ledger.some((row) => row.state === "removed"))
    return `It left the model and was removed in run ${story.ledger[0]?.lastRun}.`;
  return `It is not in ${sync.source.kind} ${sync.source.name}, and the destination does not have it.`;
}

const shownRow = (row: ModelRow["fields"], show: boolean) => (show ? row : maskRow(row));
const line = (row: ModelRow["fields"], show: boolean): string =>
  Object.entries(shownRow(row, show))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
