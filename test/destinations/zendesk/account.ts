import type { Row } from "../../../src/core/value.ts";

interface Rec {
  readonly active: boolean;
  readonly fields: Row & { readonly user_fields?: Row; readonly organization_fields?: Row };
}

/** The stand-in's state. */
export interface ZendeskState {
  readonly users: Readonly<Record<string, Rec>>;
  readonly organizations: Readonly<Record<string, Rec>>;
  readonly erased: readonly number[];
}

/** Live records under the names of a sync. */
export function recordsOf(state: ZendeskState, kind: "users" | "organizations"): readonly Row[] {
  const prefix = kind === "users" ? "user_fields" : "organization_fields";
  return Object.values(state[kind])
    .filter((one) => one.active)
    .map(({ fields: { user_fields: users, organization_fields: organizations, ...fields } }) => ({
      ...fields,
      ...Object.fromEntries(
        Object.entries(users ?? organizations ?? {}).map(([name, value]) => [`${prefix}.${name}`, value]),
      ),
    }));
}

/** Makes users, as an administrator would. */
export async function seedUsers(url: string, users: readonly Row[]): Promise<void> {
  for (let from = 0; from < users.length; from += 100) {
    const reply = await fetch(`${url}/api/v2/users/create_or_update_many`, {
      method: "POST",
      headers: { authorization: "Bearer sandbox-oauth" },
      body: JSON.stringify({ users: users.slice(from, from + 100) }),
    });
    if (!reply.ok) throw new Error(await reply.text());
  }
}
