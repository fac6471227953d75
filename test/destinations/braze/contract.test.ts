import type { Row } from "../../../src/core/value.ts";
import { braze } from "../../../src/destinations/braze/index.ts";
import { connectorContract } from "../../contract/connector.ts";
import { erasureContract } from "../../contract/erasure.ts";
import { openStandInCase, type StandInCase } from "../../contract/stand-in-fixture.ts";
import { type BrazeState, group, seedUsers } from "./workspace.ts";

const common = {
  connector: braze,
  name: "braze",
  wrong: { api_key: "not-the-key" },
  secrets: ["braze-sandbox", "not-the-key"],
} as const satisfies Partial<StandInCase<BrazeState>>;
const noRenewal = "an API key does not expire";
const users = (state: BrazeState): readonly Row[] =>
  Object.values(state.users).map((user) => ({
    ...user.attributes,
    external_id: user.external_id,
    user_alias: user.aliases[0]?.alias_name ?? null,
  }));

connectorContract("braze user by external id", () =>
  openStandInCase<BrazeState>({
    ...common,
    target: "user",
    options: {},
    textField: "favourite",
    makeRow: (n) => ({ key: `u${n}`, match: { external_id: `u${n}` }, fields: { favourite: `thing ${n}`, days: n } }),
    makeBadRow: (n) => ({ key: `u${n}`, match: { external_id: "x".repeat(1_000) + n }, fields: { favourite: "bad" } }),
    skips: { "expired-token": noRenewal },
    read: users,
  }),
);

for (const [by, options] of [
  ["email", {}],
  ["user_alias", { alias_label: "customer" }],
] as const) {
  connectorContract(`braze user by ${by}`, () =>
    openStandInCase<BrazeState>({
      ...common,
      target: "user",
      options,
      mode: "upsert",
      textField: "first_name",
      makeRow: (n) => ({ key: `u${n}`, match: { [by]: `p${n}@example.com` }, fields: { first_name: `F ${n}` } }),
      ...(by === "email"
        ? {
            makeBadRow: (n: number) => ({
              key: `u${n}`,
              match: { email: `no address ${n}` },
              fields: { first_name: "F" },
            }),
          }
        : {}),
      skips: {
        "expired-token": noRenewal,
        "update-only": "Braze is asked for users by external id only",
        ...(by === "email"
          ? { remove: "several profiles may have an address", "remove-absent": "several profiles may have an address" }
          : {}),
      },
      read: users,
    }),
  );
}

for (const [target, table, fields] of [
  ["event", "events", { time: "2026-02-01T10:00:00Z" }],
  ["purchase", "purchases", { time: "2026-02-01T10:00:00Z", product_id: "sku-1", currency: "EUR", price: 12.5 }],
] as const) {
  connectorContract(`braze ${target}`, () =>
    openStandInCase<BrazeState>({
      ...common,
      target,
      options: target === "event" ? { name: "Placed Order" } : {},
      mode: "append",
      textField: "properties.note",
      makeRow: (n) => ({
        key: `e${n}`,
        match: { external_id: `u${n}` },
        fields: { ...fields, "properties.note": `note ${n}` },
      }),
      makeBadRow: (n) => ({
        key: `e${n}`,
        match: { external_id: `u${n}` },
        fields: { ...fields, time: "a while ago", "properties.note": "bad" },
      }),
      skips: { "expired-token": noRenewal, "null-written": "an event is never changed" },
      read: (state) =>
        state[table].map((one) => ({
          external_id: one.external_id ?? null,
          ...Object.fromEntries(
            Object.entries(Object(one.properties)).map(([k, v]) => [`properties.${k}`, v as string]),
          ),
        })),
    }),
  );
}

const noFields = "a subscription has no fields";
connectorContract("braze subscription group", () =>
  openStandInCase<BrazeState>({
    ...common,
    target: "subscription_group",
    options: { group },
    fieldless: true,
    textField: "note",
    makeRow: (n) => ({ key: `p${n}`, match: { email: `p${n}@example.com` }, fields: {} }),
    makeBadRow: (n) => ({ key: `p${n}`, match: { email: `no address ${n}` }, fields: {} }),
    skips: {
      "expired-token": noRenewal,
      update: noFields,
      unicode: noFields,
      "null-written": noFields,
      "null-skipped": noFields,
      oversize: noFields,
    },
    read: (state) =>
      Object.entries(state.subscriptions)
        .filter(([, status]) => status === "subscribed")
        .map(([name]) => ({ email: name.split("/email:")[1] ?? null })),
  }),
);

for (const [by, options] of [
  ["external_id", {}],
  ["user_alias", { alias_label: "customer" }],
] as const) {
  erasureContract(`braze erasure by ${by}`, async () => {
    const fixture = await openStandInCase<BrazeState>({
      ...common,
      target: "erasure",
      options,
      textField: "",
      makeRow: (n) => ({ key: `u${n}`, match: { [by]: `u${n}` }, fields: {} }),
      read: users,
    });
    return { ...fixture, seed: (rows) => seedUsers(fixture, options, rows) };
  });
}
