import { randomUUID } from "node:crypto";
import { ConfigError } from "../../core/errors.ts";
import type { ExitCode } from "../../core/exit.ts";
import { sql } from "../../warehouse/sql.ts";
import type { Session } from "../../warehouse/warehouse.ts";
import type { App } from "../app.ts";
import {
  type Given,
  type Identifier,
  identifierOf,
  type KnownIdentifier,
  knownIdentifier,
  shownIdentifier,
  signed,
} from "./identifier.ts";
import { type IdentityTables, identityTables } from "./tables.ts";

type Words = readonly (string | undefined)[];
type Kind = "must_link" | "cannot_link";

/** `identity merge A B`: they are one person, whatever guards say. */
export const merge = (app: App, given: Given, words: Words) => decide(app, given, "must_link", words);

/** `identity split A B`: they are two. */
export const split = (app: App, given: Given, words: Words) => decide(app, given, "cannot_link", words);

/** Writes a decision about two identifiers; the next build follows it. Throws ConfigError on one that nothing bears, and on one given twice. */
async function decide(app: App, given: Given, kind: Kind, [first, second]: Words): Promise<ExitCode> {
  const asked = [identifierOf(first, app.identity), identifierOf(second, app.identity)] as const;
  const { who, why } = signed(given);
  const at = await identityTables(app);
  const id = randomUUID();
  const warehouse = await app.warehouse();
  const notes = await warehouse.session(
    "write",
    async (session) => {
      const a = await borne(session, at, asked[0]);
      const b = await borne(session, at, asked[1]);
      if (a.namespace === b.namespace && a.value === b.value)
        throw new ConfigError("both are one identifier", {
          hint: "A decision is about two: write one identifier of each of the two people.",
        });
      const to = session.dialect.relation(at.decision);
      const now = session.dialect.now();
      // The newest decision about a pair stands; what was decided before is withdrawn, and kept.
      const pair = sql`kind in ('must_link', 'cannot_link')
      and ((a_namespace = ${a.namespace} and a_value = ${a.value} and b_namespace = ${b.namespace} and b_value = ${b.value})
      or (a_namespace = ${b.namespace} and a_value = ${b.value} and b_namespace = ${a.namespace} and b_value = ${a.value}))`;
      await session.transaction(() =>
        session.execute([
          sql`update ${to} set withdrawn_at = ${now} where withdrawn_at is null and ${pair}`,
          sql`insert into ${to} (decision, kind, a_namespace, a_value, b_namespace, b_value, who, why, decided_at, withdrawn_at)
          values (${id}, ${kind}, ${a.namespace}, ${a.value}, ${b.namespace}, ${b.value}, ${who}, ${why}, ${now}, null)`,
        ]),
      );
      return notesOf(kind, [a, b], app.showValues);
    },
    app.signal,
  );
  app.out.print(`decided: ${kind === "must_link" ? "one person" : "two people"} (${id}). The next build follows it.`);
  for (const note of notes) app.out.print(`  ${note}`);
  app.out.emit({ decision: id, kind, notes });
  return 0;
}

/** A decision about an identifier that nothing bears would wait for ever, and a slip of the pen be found by nobody. */
async function borne(session: Session, at: IdentityTables, asked: Identifier): Promise<KnownIdentifier> {
  const found = await knownIdentifier(session, at, asked);
  if (found !== null) return found;
  throw new ConfigError(`no record bears this ${asked.namespace}`, {
    hint: "Write it normalised, as the table `identifier` has it: `millrace identity explain` says what is known of it.",
  });
}

/** What the next build will make of the decision that one would not expect. */
function notesOf(kind: Kind, both: readonly [KnownIdentifier, KnownIdentifier], showValues: boolean): string[] {
  const notes = both
    .filter(({ status }) => status !== "active")
    .map(
      (each) => `${shownIdentifier(each, showValues)} links nobody (${each.status}): the decision waits until it may`,
    );
  const [{ profileId: one }, { profileId: other }] = both;
  const together = one !== null && one === other;
  if (kind === "must_link" && together) notes.push("they are one person already; the decision keeps them so");
  if (kind === "cannot_link" && !together) notes.push("they are not one person now; the decision keeps them so");
  return notes;
}
