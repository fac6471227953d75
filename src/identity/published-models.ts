/** A table that others read: its grain, what it holds, and dbt's tests of it. */
export interface PublishedModel {
  readonly name: string;
  readonly description: string;
  /** The columns, of text, that tell its rows apart; left out where one column's own test says so. */
  readonly grain?: readonly string[];
  readonly columns: readonly {
    readonly name: string;
    readonly description: string;
    readonly tests?: readonly unknown[];
  }[];
}

const profileId = "the profile, issued once and for ever";
const namespace = {
  name: "namespace",
  description: "kind of identifier; `record:<source>` for a source's own records",
};
const value = { name: "value", description: "normalised" };
const toProfile = { relationships: { arguments: { to: "ref('profile')", field: "profile_id" } } };

/** The published tables of identity, all read through one pointer. */
export const published: readonly PublishedModel[] = [
  {
    name: "identifier",
    description: "Every identifier that a record bears now.",
    grain: ["namespace", "value"],
    columns: [
      { ...namespace, tests: ["not_null"] },
      { ...value, tests: ["not_null"] },
      { name: "status", description: "`active`; or the guard that keeps it from linking", tests: ["not_null"] },
      { name: "first_seen", description: "first instant that a record bears it" },
      { name: "last_seen", description: "last instant that a record bears it" },
      { name: "records", description: "how many records bear it" },
    ],
  },
  {
    name: "identity_edge",
    description: "Evidence that two identifiers are one person: one row per pair, rule and source.",
    grain: ["a_namespace", "a_value", "b_namespace", "b_value", "rule", "source"],
    columns: [
      { name: "a_namespace", description: namespace.description, tests: ["not_null"] },
      { name: "a_value", description: value.description, tests: ["not_null"] },
      { name: "b_namespace", description: namespace.description, tests: ["not_null"] },
      { name: "b_value", description: value.description, tests: ["not_null"] },
      {
        name: "rule",
        description: "`same_record`; `must_link` or `cannot_link`: a decision; or how matching compared them",
        tests: ["not_null"],
      },
      { name: "source", description: "the source of the records; `decision`", tests: ["not_null"] },
      { name: "first_seen", description: "first observation" },
      { name: "last_seen", description: "last observation" },
      { name: "observations", description: "records that say so" },
      { name: "confidence", description: "0–1", tests: ["not_null"] },
      {
        name: "status",
        description: "`active`; `blocked`: one end may not link; `cut`: a guard put the ends into two profiles",
        tests: [{ accepted_values: { arguments: { values: ["active", "blocked", "cut"] } } }],
      },
    ],
  },
  {
    name: "identity_component",
    description: "Which profile an identifier belongs to: one row per identifier.",
    grain: ["namespace", "value"],
    columns: [
      { ...namespace, tests: ["not_null"] },
      { ...value, tests: ["not_null"] },
      { name: "profile_id", description: profileId, tests: ["not_null", toProfile] },
      {
        name: "quarantined",
        description: "1: its cluster is held back by a guard, so the assignment is an old one: leave it out",
      },
    ],
  },
  {
    name: "identifier_profile_history",
    description: "Which profile an identifier belonged to, and when.",
    columns: [
      { ...namespace, tests: ["not_null"] },
      { ...value, tests: ["not_null"] },
      { name: "profile_id", description: profileId, tests: ["not_null"] },
      { name: "valid_from", description: "instant of the run that put it there", tests: ["not_null"] },
      { name: "valid_to", description: "instant of the run that took it away; NULL: still there" },
      { name: "cause", description: "`new`, `merge`, `split`", tests: ["not_null"] },
    ],
  },
  {
    name: "profile",
    description: "Every profile that was ever issued.",
    columns: [
      { name: "profile_id", description: profileId, tests: ["unique", "not_null"] },
      {
        name: "status",
        description:
          "`active`; `merged`: see profile_alias; `erased`: no record bears any of its identifiers. A split is an event of profile_lineage and no status: the part with the anchor stays as it was",
        tests: [{ accepted_values: { arguments: { values: ["active", "merged", "split", "erased"] } } }],
      },
      { name: "quarantined", description: "1: a guard holds its cluster back; the last good assignment stands" },
      { name: "anchor_namespace", description: "the identifier that carries the id through merges and splits" },
      { name: "anchor_value", description: value.description },
      { name: "created_at", description: "instant of the run that issued it", tests: ["not_null"] },
    ],
  },
  {
    name: "profile_alias",
    description: "Every merged profile and the one it is now; never a chain.",
    columns: [
      { name: "old_profile_id", description: "the merged profile", tests: ["unique", "not_null"] },
      { name: "profile_id", description: "the profile it is now", tests: ["not_null", toProfile] },
    ],
  },
  {
    name: "profile_lineage",
    description: "What happened to profiles: created, merged, split, erased.",
    columns: [
      { name: "run", description: "number of the identity run", tests: ["not_null"] },
      { name: "happened_at", description: "instant of the run", tests: ["not_null"] },
      { name: "profile_id", description: "whom it happened to", tests: ["not_null"] },
      {
        name: "event",
        description: "what happened",
        tests: [{ accepted_values: { arguments: { values: ["create", "merge", "split", "erase"] } } }],
      },
      { name: "other_profile_id", description: "merge: into which; split: from which" },
      { name: "cause", description: "the edge, decision or guard" },
    ],
  },
  {
    name: "profile_change",
    description:
      "Whom each identity run changed: a row per profile, run and kind of change. What re-evaluates only the affected reads it.",
    columns: [
      { name: "profile_id", description: profileId, tests: ["not_null"] },
      { name: "run", description: "number of the identity run", tests: ["not_null"] },
      { name: "changed_at", description: "instant of the run", tests: ["not_null"] },
      {
        name: "change",
        description:
          "`create`; `identifiers`: won or lost some that are no other profile's; `merge`, `split`: won or lost some to another profile; `quarantine`: went into it or came out; `status`: another one",
        tests: [
          {
            accepted_values: {
              arguments: { values: ["create", "identifiers", "merge", "split", "quarantine", "status"] },
            },
          },
        ],
      },
    ],
  },
  {
    name: "identity_violation",
    description: "What guards found: one row per guard and subject.",
    columns: [
      { name: "guard", description: "which guard", tests: ["not_null"] },
      { name: "namespace", description: "of the subject; a source's name for faults of its records" },
      { name: "value", description: "of the subject" },
      { name: "evidence", description: "what was counted, against which limit", tests: ["not_null"] },
    ],
  },
];

/** Every relation that identity publishes, golden records included where there are any. */
export const publishedNames: readonly string[] = [
  ...published.map(({ name }) => name),
  "profile_golden",
  "profile_golden_provenance",
];
