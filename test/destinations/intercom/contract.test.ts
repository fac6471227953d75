import type { Row } from "../../../src/core/value.ts";
import { intercom } from "../../../src/destinations/intercom/index.ts";
import { connectorContract } from "../../contract/connector.ts";
import { erasureContract } from "../../contract/erasure.ts";
import { openStandInCase, type StandInCase } from "../../contract/stand-in-fixture.ts";
import { activeContacts, flatContact, type IntercomState, post } from "./workspace.ts";

const common = {
  connector: intercom,
  name: "intercom",
  wrong: { access_token: "not-the-token" },
  secrets: ["intercom-sandbox", "not-the-token"],
  // A search changes nothing, and its trouble is another.
  writes: { method: "POST", path: "^/(contacts|companies|events)$|/archive$" },
} as const satisfies Partial<StandInCase<IntercomState>>;
const noRenewal = "an access token does not expire";

const byId = {
  makeRow: (n: number) => ({
    key: `u${n}`,
    match: { external_id: `u${n}` },
    fields: { name: `Name ${n}`, "custom_attributes.days": n },
  }),
  makeBadRow: (n: number) => ({
    key: `u${n}`,
    match: { external_id: `u${n}` },
    fields: { name: "N", "custom_attributes.days": "many" },
  }),
};
const byEmail = {
  makeRow: (n: number) => ({ key: `u${n}`, match: { email: `p${n}@example.com` }, fields: { name: `Name ${n}` } }),
  makeBadRow: (n: number) => ({ key: `u${n}`, match: { email: `no address ${n}` }, fields: { name: "N" } }),
};

for (const [by, rows] of Object.entries({ external_id: byId, email: byEmail })) {
  connectorContract(`intercom contact by ${by}`, () =>
    openStandInCase<IntercomState>({
      ...common,
      ...rows,
      target: "contact",
      options: {},
      textField: "name",
      skips: { "expired-token": noRenewal },
      read: (state) => activeContacts(state).map(flatContact),
    }),
  );
  connectorContract(`intercom tag by ${by}`, () =>
    openStandInCase<IntercomState>({
      ...common,
      ...rows,
      target: "tag",
      options: { tag: "Lapsing" },
      textField: "name",
      skips: { "expired-token": noRenewal },
      read(state) {
        const tag = state.tags.find((one) => one.name === "Lapsing")?.id ?? "";
        return activeContacts(state)
          .filter((contact) => contact.tags.includes(tag))
          .map(flatContact);
      },
    }),
  );
}

connectorContract("intercom company", () =>
  openStandInCase<IntercomState>({
    ...common,
    target: "company",
    options: {},
    textField: "name",
    makeRow: (n) => ({ key: `c${n}`, match: { company_id: `c${n}` }, fields: { name: `Company ${n}`, size: n } }),
    makeBadRow: (n) => ({ key: `c${n}`, match: { company_id: `c${n}` }, fields: { name: "x", size: 1.5 } }),
    skips: { "expired-token": noRenewal },
    read: (state) => Object.values(state.companies).map(({ company_id, fields }) => ({ ...fields, company_id })),
  }),
);

const noText = "a membership has no text of its own";
for (const by of ["external_id", "email"] as const) {
  const contact = (n: number): Row => ({ [by]: by === "email" ? `p${n}@example.com` : `u${n}` });
  connectorContract(`intercom company_member by ${by}`, () =>
    openStandInCase<IntercomState>({
      ...common,
      writes: { method: "POST", path: "/companies$" },
      target: "company_member",
      options: {},
      textField: "none",
      fieldless: true,
      makeRow: (n) => ({ key: `m${n}`, match: { ...contact(n), company_id: `c${n % 5}` }, fields: {} }),
      makeBadRow: (n) => ({ key: `m${n}`, match: { ...contact(n), company_id: "nowhere" }, fields: {} }),
      skips: {
        "expired-token": noRenewal,
        update: noText,
        unicode: noText,
        "null-written": noText,
        "null-skipped": noText,
        oversize: noText,
      },
      async seed(url) {
        const companies = Array.from({ length: 5 }, (_, n) => ({ company_id: `c${n}`, name: `Company ${n}` }));
        await post(url, "/companies", companies);
        await post(
          url,
          "/contacts",
          Array.from({ length: 200 }, (_, n) => contact(n)),
        );
      },
      read: (state) =>
        activeContacts(state).flatMap((one) =>
          one.companies.map((id) => ({ [by]: one[by], company_id: state.companies[id]?.company_id ?? null })),
        ),
    }),
  );
}

connectorContract("intercom event", () =>
  openStandInCase<IntercomState>({
    ...common,
    target: "event",
    options: { event: "placed-order" },
    mode: "append",
    textField: "metadata.note",
    makeRow: (n) => ({
      key: `e${n}`,
      match: { external_id: `u${n % 200}` },
      fields: {
        created_at: new Date(Date.UTC(2026, 1, 1) + n * 1_000).toISOString(),
        "metadata.note": `note ${n}`,
        "metadata.n": n,
      },
    }),
    makeBadRow: (n) => ({ key: `e${n}`, match: { external_id: "nobody" }, fields: { "metadata.note": "bad" } }),
    skips: { "expired-token": noRenewal, "null-written": "an event is never changed" },
    seed: (url) =>
      post(
        url,
        "/contacts",
        Array.from({ length: 200 }, (_, n) => ({ external_id: `u${n}` })),
      ),
    read: (state) =>
      state.events.map((one) => ({
        external_id: one.user_id ?? null,
        "metadata.note": (Object(one.metadata) as Row).note ?? null,
      })),
  }),
);

for (const by of ["external_id", "email"] as const) {
  erasureContract(`intercom erasure by ${by}`, async () => {
    const fixture = await openStandInCase<IntercomState>({
      ...common,
      writes: { method: "DELETE" },
      target: "erasure",
      options: {},
      textField: "",
      makeRow: (n) => ({ key: `u${n}`, match: { [by]: `p${n}@example.com` }, fields: {} }),
      read: (state) => Object.values(state.contacts).map(flatContact),
    });
    const { base_url } = Object(fixture.account) as { base_url: string };
    return {
      ...fixture,
      seed: (rows) =>
        post(
          base_url,
          "/contacts",
          rows.map((row) => row.match),
        ),
    };
  });
}
