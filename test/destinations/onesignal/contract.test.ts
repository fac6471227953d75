import type { Row } from "../../../src/core/value.ts";
import { onesignal } from "../../../src/destinations/onesignal/index.ts";
import { connectorContract } from "../../contract/connector.ts";
import { erasureContract } from "../../contract/erasure.ts";
import { openStandInCase, type StandInCase } from "../../contract/stand-in-fixture.ts";

interface User {
  readonly identity: Readonly<Record<string, string>>;
  readonly properties: Row;
  readonly tags: Row;
  readonly subscriptions: readonly { readonly type: string; readonly token: string; readonly enabled: boolean }[];
}
interface State {
  readonly users: Readonly<Record<string, User>>;
}

const common = {
  connector: onesignal,
  name: "onesignal",
  wrong: { api_key: "not-the-key" },
  secrets: ["onesignal-sandbox", "not-the-key"],
} as const satisfies Partial<StandInCase<State>>;
const noRenewal = "an API key does not expire";

/** Under the names that a sync uses. */
const flat = ({ identity, properties, tags }: User): Row => ({
  ...properties,
  ...Object.fromEntries(Object.entries(tags).map(([name, value]) => [`tags.${name}`, value])),
  ...identity,
});
const users = (state: State): readonly Row[] => Object.values(state.users).map(flat);

for (const label of ["external_id", "customer_no"]) {
  connectorContract(`onesignal user by ${label}`, () =>
    openStandInCase<State>({
      ...common,
      target: "user",
      options: {},
      textField: "tags.note",
      makeRow: (n) => ({
        key: `u${n}`,
        match: { [label]: `u/${n}` },
        fields: { "tags.note": `note ${n}`, country: "DE" },
      }),
      makeBadRow: (n) => ({
        key: `u${n}`,
        match: { [label]: `u/${n}` },
        fields: { "tags.note": "bad", language: "klingon" },
      }),
      skips: { "expired-token": noRenewal },
      read: users,
    }),
  );

  erasureContract(`onesignal erasure by ${label}`, async () => {
    const fixture = await openStandInCase<State>({
      ...common,
      writes: { method: "DELETE" },
      target: "erasure",
      options: {},
      textField: "",
      makeRow: (n) => ({ key: `u${n}`, match: { [label]: `u/${n}` }, fields: {} }),
      read: users,
    });
    const { base_url, app_id } = Object(fixture.account) as { base_url: string; app_id: string };
    return {
      ...fixture,
      makeUnreadableRow: () => ({ key: "bad", match: { [label]: ".." }, fields: {} }),
      async seed(rows) {
        for (const row of rows) {
          const reply = await fetch(`${base_url}/apps/${app_id}/users`, {
            method: "POST",
            headers: { authorization: "Key onesignal-sandbox" },
            body: JSON.stringify({ identity: row.match }),
          });
          if (!reply.ok) throw new Error(await reply.text());
        }
      },
    };
  });
}

const noText = "a subscription has no text of its own";
connectorContract("onesignal subscription", () =>
  openStandInCase<State>({
    ...common,
    target: "subscription",
    options: { type: "Email" },
    textField: "note",
    fieldless: true,
    makeRow: (n) => ({ key: `s${n}`, match: { external_id: `u${n}`, token: `p${n}@example.com` }, fields: {} }),
    makeBadRow: (n) => ({ key: `s${n}`, match: { external_id: `u${n}`, token: `no address ${n}` }, fields: {} }),
    skips: {
      "expired-token": noRenewal,
      update: noText,
      unicode: noText,
      "null-written": noText,
      "null-skipped": noText,
      oversize: noText,
    },
    read: (state) =>
      Object.values(state.users).flatMap((user) =>
        user.subscriptions.map(({ token }) => ({ external_id: user.identity.external_id ?? null, token })),
      ),
  }),
);
