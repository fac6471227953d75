import type { Relation } from "../../core/relation.ts";
import type { Grant, Grants, Need } from "../grants.ts";
import { probeReads } from "../probe-reads.ts";
import { raw } from "../sql.ts";

export interface BigQueryGrantsOptions {
  readonly project: string;
  /** The service account's e-mail, where the credentials name one. */
  readonly account?: string;
}

/** "ann@shop.com" as IAM wants it; whoever writes a prefix (group:, serviceAccount:) keeps it. */
const member = (role: string): string => {
  if (/^(user|group|serviceAccount|domain|principal|principalSet):/.test(role)) return role;
  return role.endsWith(".gserviceaccount.com") ? `serviceAccount:${role}` : `user:${role}`;
};

/** Signs that would end a name or a text in a statement, or a word in a shell. */
const plain = (text: string): string => text.replace(/[^A-Za-z0-9@._:/+-]/g, "");

/** A path in backquotes; none of its parts can hold one. https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#quoted_identifiers */
const path = (...parts: readonly string[]): string => `\`${parts.map((part) => part.replaceAll("`", "")).join(".")}\``;

/**
 * Rights on BigQuery: predefined roles, given where they reach no further than the dataset or table.
 * https://cloud.google.com/bigquery/docs/control-access-to-resources-iam, https://cloud.google.com/bigquery/docs/access-control
 */
export function bigQueryGrants({ project, account }: BigQueryGrantsOptions): Grants {
  const schemaOf = (schema: string): string => path(project, schema);
  const tableOf = ({ database, schema, name }: Relation): string => path(database ?? project, schema, name);

  function grantsOf(need: Need, role: string): Grant[] {
    const to = `to "${plain(member(role))}"`;
    switch (need.kind) {
      case "connect":
        // No statement of SQL gives a role on a project.
        return ["roles/bigquery.jobUser", "roles/bigquery.readSessionUser"].map((given) => ({
          need,
          statement: `-- gcloud projects add-iam-policy-binding ${plain(project)} --member=${plain(member(role))} --role=${given}`,
        }));
      case "temporary":
        // They belong to the session that makes them.
        return [];
      case "own":
        return [
          { need, statement: `create schema if not exists ${schemaOf(need.schema)}` },
          { need, statement: `grant \`roles/bigquery.dataEditor\` on schema ${schemaOf(need.schema)} ${to}` },
        ];
      case "use":
        // A table can be read without a right on its dataset.
        return [];
      case "read":
        return [
          {
            need,
            statement: `grant \`roles/bigquery.dataViewer\` on table ${tableOf(need.relation)} ${to}`,
            note: "a view: on view, and the tables it reads, or an authorized view; dbt keeps it with grants",
          },
        ];
    }
  }

  return {
    role: account ?? null,
    statements: (needs, role) => needs.flatMap((need) => grantsOf(need, role)),
    missing: (session, needs) => probeReads(session, needs, (relation) => raw(tableOf(relation))),
  };
}
