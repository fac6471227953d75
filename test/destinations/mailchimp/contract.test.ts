import type { Row } from "../../../src/core/value.ts";
import { mailchimp } from "../../../src/destinations/mailchimp/index.ts";
import { type ContractRow, connectorContract } from "../../contract/connector.ts";
import { erasureContract } from "../../contract/erasure.ts";
import { openStandInCase, type StandInCase } from "../../contract/stand-in-fixture.ts";
import { type MailchimpState, seedEmails, seedMembers } from "./account.ts";

const audience = "Newsletter";
const common = {
  connector: mailchimp,
  name: "mailchimp",
  wrong: { api_key: "not-the-key-us6" },
  secrets: ["sandbox-us6", "not-the-key-us6", Buffer.from("millrace:sandbox-us6").toString("base64")],
} as const;
const noRenewal = "an API key does not expire";

const person = (n: number): ContractRow => ({
  key: `p${n}`,
  match: { email: `p${n}@example.com` },
  fields: { FNAME: `First ${n}`, DAYS: n },
});
const live = (state: MailchimpState) => state.members.filter((member) => member.status !== "archived");
const asRow = (member: MailchimpState["members"][number]): Row => ({ email: member.email, ...member.merge_fields });

const member: StandInCase<MailchimpState> = {
  ...common,
  target: "member",
  options: { audience, status: "subscribed" },
  textField: "FNAME",
  makeRow: person,
  makeBadRow: (n) => ({ ...person(n), fields: { ...person(n).fields, DAYS: "a while" } }),
  read: (state) => live(state).map(asRow),
  skips: { "expired-token": noRenewal },
};

connectorContract("mailchimp member", () => openStandInCase(member));

connectorContract("mailchimp member (by OAuth, transactional)", () =>
  openStandInCase({
    ...member,
    account: { api_key: undefined as unknown as string, access_token: "sandbox-token" },
    wrong: { access_token: "not-the-token" },
    options: { audience: "a1b2c3d4e5", status: "transactional", tags: ["synced"] },
  }),
);

connectorContract("mailchimp tag", () =>
  openStandInCase<MailchimpState>({
    ...common,
    target: "tag",
    options: { audience, tag: "Lapsing" },
    textField: "",
    fieldless: true,
    makeRow: (n) => ({ ...person(n), fields: {} }),
    makeBadRow: (n) => ({ key: `x${n}`, match: { email: `stranger${n}@example.com` }, fields: {} }),
    read: (state) => live(state).flatMap((one) => (one.tags.includes("Lapsing") ? [asRow(one)] : [])),
    seed: (url) => seedMembers(url, 200),
    skips: {
      "expired-token": noRenewal,
      update: "a row is there or not: there is no field to change",
      unicode: "rows have no text",
      "null-written": "rows have no field",
      "null-skipped": "rows have no field",
      oversize: "rows have no field",
    },
  }),
);

connectorContract("mailchimp event", () =>
  openStandInCase<MailchimpState>({
    ...common,
    target: "event",
    options: { audience, event: "purchased" },
    mode: "append",
    textField: "properties.note",
    makeRow: (n) => ({ ...person(n), fields: { "properties.note": `Order ${n}` } }),
    makeBadRow: (n) => ({
      ...person(n),
      match: { email: `stranger${n}@example.com` },
      fields: { "properties.note": "x" },
    }),
    read: (state) =>
      state.events.map((event) => ({ email: event.email, "properties.note": event.properties.note ?? null })),
    seed: (url) => seedMembers(url, 200),
    skips: {
      "expired-token": noRenewal,
      "null-written": "an event is never changed",
    },
  }),
);

erasureContract("mailchimp erasure", async () => {
  let at = "";
  const fixture = await openStandInCase<MailchimpState>({
    ...common,
    target: "erasure",
    options: { audience },
    textField: "",
    makeRow: (n) => ({ ...person(n), fields: {} }),
    read: (state) => state.members.map(asRow),
    async seed(url) {
      at = url;
    },
  });
  return {
    ...fixture,
    seed: (rows) =>
      seedEmails(
        at,
        rows.map((row) => String(row.match.email)),
      ),
  };
});
