import { ConfigError, GrantMissing, MillraceError } from "../core/errors.ts";
import type { Relation } from "../core/relation.ts";
import { type Grants, type Need, needsOf } from "../warehouse/grants.ts";
import type { App } from "./app.ts";
import { profilesReadBy } from "./pipeline/quarantine.ts";
import type { VerbAction } from "./run-verb.ts";

/** `grants`: statements for an administrator, in order. Connects to nothing. */
export const grants =
  (options: { readonly role?: string }): VerbAction =>
  async ({ open }) => {
    const app = await open();
    const rights = await app.grants();
    const { needs, unknown } = await needsOfProject(app);
    const role = options.role ?? rights.role;
    const [probe] = rights.statements(needs, role ?? "role");
    if (probe === undefined) {
      app.out.note("this warehouse knows no roles: whoever may read and write its file and folder may do everything");
      app.out.emit({ role: null, statements: [], unknown });
      return 0;
    }
    if (role === null) {
      throw new ConfigError("`warehouse:` does not say who Millrace is", { hint: "millrace grants --role NAME" });
    }
    const list = rights.statements(needs, role);
    for (const { statement, note } of list) {
      const end = statement.startsWith("--") ? "" : ";";
      app.out.print(`${statement}${end}${note === undefined ? "" : ` -- ${note}`}`);
    }
    for (const sync of unknown)
      app.out.note(`${sync}: its model is not built yet, so where it will stand is not known`);
    if (app.models !== null) {
      app.out.note(
        "dbt builds with the same role: it must also read your sources, and create tables in the models' schemas",
      );
    }
    app.out.emit({ role, statements: list.map(({ statement }) => statement), unknown });
    return 0;
  };

/** What the project's role must be allowed, and the syncs whose model dbt has not named yet. */
export async function needsOfProject(
  app: App,
): Promise<{ readonly needs: readonly Need[]; readonly unknown: readonly string[] }> {
  const models: Relation[] = [];
  const unknown: string[] = [];
  for (const sync of app.syncs) {
    try {
      models.push(await app.relation(sync));
      const profiles = await profilesReadBy(app, sync);
      if (profiles !== null) models.push(profiles);
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      unknown.push(sync.name);
    }
  }
  return { needs: needsOf(app.tables.schema, models), unknown };
}

/** What is missing, in the words of the statements that give it. */
export function lacking(rights: Grants, need: Need, role: string): GrantMissing {
  const statements = rights.statements([need], role).map(({ statement }) => statement);
  return new GrantMissing(`${role} lacks: ${statements.filter((text) => text.startsWith("grant")).join("; ")}`, {
    hint: "`millrace grants` prints all that it needs.",
  });
}
