import { randomUUID } from "node:crypto";
import { z } from "zod";
import { meant } from "../../config/nearest.ts";
import { ConfigError } from "../../core/errors.ts";
import type { ExitCode } from "../../core/exit.ts";
import { type IdentityConfig, identityTraits } from "../../core/identity.ts";
import { maskValue } from "../../destinations/pii.ts";
import { goldenNamespaces } from "../../identity/golden/subjects.ts";
import { type Sql, sql } from "../../warehouse/sql.ts";
import type { Session } from "../../warehouse/warehouse.ts";
import type { App } from "../app.ts";
import { type Given, type Identifier, identifierOf, knownIdentifier, profileOf, signed } from "./identifier.ts";
import { type IdentityTables, identityTables } from "./tables.ts";

/** Whose value it is: a pin hangs on an identifier, and goes with it to whatever profile that comes to. */
interface Holder extends Identifier {
  readonly profileId: string;
}

/**
 * `identity pin PROFILE TRAIT VALUE`: the golden record has this value from the next build on, until it is unpinned. PROFILE is an
 * id of it, earlier ones too, or one of its identifiers. TRAIT may be a namespace: then VALUE is one of the profile's own identifiers.
 * Throws ConfigError on a profile, trait or identifier that there is not.
 */
export async function pin(app: App, given: Given, [profile, trait, value]: readonly (string | undefined)[]) {
  const by = signed(given);
  const name = traitOf(app.identity, trait);
  if (value === undefined || value.trim() === "")
    throw new ConfigError("a pin needs a value", { hint: "Write millrace identity pin PROFILE TRAIT VALUE." });
  return decide(app, profile, name, async (session, at, holder) => {
    const id = randomUUID();
    const relation = session.dialect.relation(at.decision);
    const now = session.dialect.now();
    if (isNamespace(app.identity, name)) await refuseForeign(session, at, holder, { namespace: name, value });
    // The newest pin of a profile's trait stands; those before it are withdrawn, and kept.
    await session.execute([
      withdraw(session, at, holder, name),
      sql`insert into ${relation} (decision, kind, a_namespace, a_value, b_namespace, b_value, who, why, decided_at, withdrawn_at)
        values (${id}, 'pin', ${holder.namespace}, ${holder.value}, ${traitNamespace(name)}, ${value}, ${by.who}, ${by.why}, ${now}, null)`,
    ]);
    const shown = app.showValues ? value : String(maskValue(value));
    app.out.print(`pinned: ${name} of profile ${holder.profileId} is ${shown} (${id}). The next build follows it.`);
    app.out.emit({ decision: id, kind: "pin", profile_id: holder.profileId, trait: name });
  });
}

/** `identity unpin PROFILE TRAIT`: from the next build on the rules of survivorship choose again. */
export async function unpin(app: App, given: Given, [profile, trait]: readonly (string | undefined)[]) {
  const by = signed(given);
  const name = traitOf(app.identity, trait);
  return decide(app, profile, name, async (session, at, holder) => {
    const [open] = await session.query(
      sql`select count(*) as n from ${session.dialect.relation(at.decision)} where ${isPinned(session, at, holder, name)}`,
      z.object({ n: z.coerce.number() }),
    );
    if (open?.n === 0) {
      throw new ConfigError(`${name} of profile ${holder.profileId} is not pinned`, {
        hint: "profile_golden_provenance has the rule `pinned` where a value is, from the build after the decision on.",
      });
    }
    const id = randomUUID();
    const now = session.dialect.now();
    // Who lets go of it, and why, is kept as a decision that is over as soon as it is made.
    await session.execute([
      withdraw(session, at, holder, name),
      sql`insert into ${session.dialect.relation(at.decision)} (decision, kind, a_namespace, a_value, b_namespace, b_value, who, why, decided_at, withdrawn_at)
        values (${id}, 'unpin', ${holder.namespace}, ${holder.value}, ${traitNamespace(name)}, null, ${by.who}, ${by.why}, ${now}, ${now})`,
    ]);
    app.out.print(`no longer pinned: ${name} of profile ${holder.profileId} (${id}). The next build follows it.`);
    app.out.emit({ decision: id, kind: "unpin", profile_id: holder.profileId, trait: name });
  });
}

async function decide(
  app: App,
  profile: string | undefined,
  trait: string,
  write: (session: Session, at: IdentityTables, holder: Holder) => Promise<void>,
): Promise<ExitCode> {
  const at = await identityTables(app);
  const warehouse = await app.warehouse();
  await warehouse.session(
    "write",
    (session) => session.transaction(async () => write(session, at, await holderOf(app, session, at, profile, trait))),
    app.signal,
  );
  return 0;
}

function traitOf(config: IdentityConfig | null, trait: string | undefined): string {
  const known = config === null ? [] : [...identityTraits(config), ...goldenNamespaces(config)];
  if (trait !== undefined && known.includes(trait)) return trait;
  throw new ConfigError(trait === undefined ? "a trait is missing" : `identity.yml has no trait "${trait}"`, {
    hint: trait === undefined ? "Write PROFILE TRAIT." : meant(trait, known, "traits"),
  });
}

const isNamespace = (config: IdentityConfig | null, name: string): boolean =>
  config !== null && goldenNamespaces(config).includes(name);

async function refuseForeign(
  session: Session,
  at: IdentityTables,
  { profileId }: Holder,
  own: Identifier,
): Promise<void> {
  if ((await profileOf(session, at.component, own)) === profileId) return;
  throw new ConfigError(`the value is no ${own.namespace} of profile ${profileId}`, {
    hint: "Only an identifier that the profile has can be pinned; write it normalised, as identity_component has it.",
  });
}

async function holderOf(
  app: App,
  session: Session,
  at: IdentityTables,
  profile: string | undefined,
  trait: string,
): Promise<Holder> {
  if (profile === undefined)
    throw new ConfigError("a profile is missing", { hint: "Write its id, or one of its identifiers." });
  const unknown = (hint: string) => new ConfigError(`there is no such profile to pin ${trait} of`, { hint });
  if (profile.includes(":")) {
    const found = await knownIdentifier(session, at, identifierOf(profile, app.identity));
    if (found === null) throw unknown("No record bears this identifier; write it normalised, as `identifier` has it.");
    if (found.profileId === null)
      throw unknown("The identifier belongs to no profile: `millrace identity explain` says why.");
    return { namespace: found.namespace, value: found.value, profileId: found.profileId };
  }
  const of = session.dialect.relation;
  // The anchor, which keeps the profile's id, or else whichever identifier comes first.
  const [found] = await session.query(
    sql`select c.namespace, c.value, c.profile_id from ${of(at.component)} as c
      inner join ${of(at.profile)} as p on p.profile_id = c.profile_id
      where c.profile_id = coalesce((select profile_id from ${of(at.alias)} where old_profile_id = ${profile}), ${profile})
      order by case when c.namespace = p.anchor_namespace and c.value = p.anchor_value then 0 else 1 end, c.namespace, c.value
      limit 1`,
    z.object({ namespace: z.string(), value: z.string(), profile_id: z.string() }),
  );
  if (found === undefined) {
    const [erased] = await session.query(
      sql`select status from ${of(at.profile)} where profile_id = ${profile}`,
      z.object({ status: z.string() }),
    );
    throw erased === undefined
      ? unknown("Write an id as the table `profile` has it, or an identifier as namespace:value.")
      : new ConfigError(`profile ${profile} is ${erased.status}: it has no identifier to pin ${trait} on`, {
          hint: "No record bears any of its identifiers. It wakes when one returns; pin it then.",
        });
  }
  return { namespace: found.namespace, value: found.value, profileId: found.profile_id };
}

const traitNamespace = (trait: string): string => `trait:${trait}`;

/** Pins of the trait on any identifier of the profile. */
const isPinned = ({ dialect }: Session, at: IdentityTables, { profileId }: Holder, trait: string): Sql =>
  sql`kind = 'pin' and withdrawn_at is null and b_namespace = ${traitNamespace(trait)} and exists (
    select 1 from ${dialect.relation(at.component)} as c
    where c.profile_id = ${profileId} and c.namespace = a_namespace and c.value = a_value
  )`;

const withdraw = (session: Session, at: IdentityTables, holder: Holder, trait: string): Sql =>
  sql`update ${session.dialect.relation(at.decision)} set withdrawn_at = ${session.dialect.now()}
    where ${isPinned(session, at, holder, trait)}`;
