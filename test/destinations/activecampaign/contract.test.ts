import { activecampaign } from "../../../src/destinations/activecampaign/index.ts";
import { type ContractRow, connectorContract } from "../../contract/connector.ts";
import { erasureContract } from "../../contract/erasure.ts";
import { openStandInCase } from "../../contract/stand-in-fixture.ts";
import { type ActiveCampaignState, contactsOf, seedContacts } from "./account.ts";

const common = {
  connector: activecampaign,
  name: "activecampaign",
  wrong: { api_key: "not-the-key" },
  secrets: ["ac-sandbox-key", "not-the-key"],
  textField: "PLAN",
  // The clock jumps while requests are under way: those of two seconds would arrive in one.
  settings: { activecampaign: { requests_per_second: 1_000 } },
} as const;
const skips = { "expired-token": "an API key does not expire" } as const;

const person = (n: number): ContractRow => ({
  key: `p${n}`,
  match: { email: `p${n}@example.com` },
  fields: { PLAN: `Plan ${n}`, first_name: `First ${n}`, SINCE: "2026-01-02" },
});
const bad = (n: number): ContractRow => ({ ...person(n), fields: { ...person(n).fields, SINCE: "a while ago" } });

connectorContract("activecampaign contact", () =>
  openStandInCase<ActiveCampaignState>({
    ...common,
    target: "contact",
    options: {},
    makeRow: person,
    makeBadRow: bad,
    read: (state) => contactsOf(state),
    skips,
  }),
);

connectorContract("activecampaign list", () =>
  openStandInCase<ActiveCampaignState>({
    ...common,
    target: "list",
    options: { list: "Lapsing" },
    makeRow: person,
    makeBadRow: bad,
    read: (state) => contactsOf(state, (one) => one.lists["2"] === "1"),
    skips,
  }),
);

connectorContract("activecampaign list, whoever left", () =>
  openStandInCase<ActiveCampaignState>({
    ...common,
    target: "list",
    options: { list: 2, resubscribe: true },
    makeRow: person,
    makeBadRow: bad,
    read: (state) => contactsOf(state, (one) => one.lists["2"] === "1"),
    skips,
  }),
);

connectorContract("activecampaign tag", () =>
  openStandInCase<ActiveCampaignState>({
    ...common,
    target: "tag",
    options: { tag: "VIP" },
    makeRow: person,
    makeBadRow: bad,
    read: (state) => contactsOf(state, (one) => Object.values(one.tags).some((id) => state.tags[id] === "VIP")),
    writes: { path: "/bulk_import$" },
    skips,
  }),
);

erasureContract("activecampaign erasure", async () => {
  let at = "";
  const fixture = await openStandInCase<ActiveCampaignState>({
    ...common,
    target: "erasure",
    options: {},
    makeRow: (n) => ({ ...person(n), fields: {} }),
    read: (state) => contactsOf(state),
    async seed(url) {
      at = url;
    },
    writes: { method: "DELETE" },
  });
  return {
    ...fixture,
    seed: (rows) =>
      seedContacts(
        at,
        rows.map((row) => String(row.match.email)),
      ),
  };
});
