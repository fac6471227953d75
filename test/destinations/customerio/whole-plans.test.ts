import { customerio } from "../../../src/destinations/customerio/index.ts";
import { wholePlans } from "../../contract/whole-plans.ts";
import { apiDescription } from "../../support/api-descriptions.ts";

const person = (n: number) => ({ match: { id: `u${n}` }, fields: { first_name: `First ${n}`, days: n } });

/** The fewest requests that 500,000 bytes each allow for operations like this one. */
const least = (operation: (n: number) => object, count = 10_000): number =>
  Math.ceil(
    Array.from({ length: count }, (_, n) => JSON.stringify(operation(n)).length + 1).reduce((a, b) => a + b) / 500_000,
  );
const identified = least((n) => ({
  type: "person",
  identifiers: { id: `u${n}` },
  action: "identify",
  attributes: person(n).fields,
}));
const deleted = least((n) => ({ type: "person", identifiers: { id: `u${n}` }, action: "delete" }));

wholePlans({
  connector: customerio,
  name: "customerio",
  secrets: ["customerio-sandbox"],
  description: { found: apiDescription(["customerio/customer-io-track-api-openapi.json"]) },
  targets: {
    person: {
      options: {},
      mode: "mirror",
      row: person,
      fuzz: ["first_name", "days", "nested", "unsubscribed"],
      costs: [
        { op: "add", least: identified },
        { op: "remove", least: deleted },
      ],
    },
    segment: {
      options: { segment: "7" },
      mode: "mirror",
      row: person,
      fuzz: ["first_name", "days"],
      costs: [
        { op: "add", least: identified + 10 },
        { op: "remove", least: 10 },
      ],
    },
    event: {
      options: { name: "purchase" },
      mode: "append",
      row: (n) => ({ match: { email: `p${n}@example.com` }, fields: { timestamp: "2026-02-01T10:00:00Z", total: n } }),
      fuzz: ["timestamp", "total", "note"],
      costs: [
        {
          op: "add",
          least: least((n) => ({
            type: "person",
            identifiers: { email: `p${n}@example.com` },
            action: "event",
            name: "purchase",
            id: "0".repeat(26),
            timestamp: 1_769_940_000,
            attributes: { total: n },
          })),
        },
      ],
    },
    erasure: {
      options: {},
      mode: "remove",
      row: (n) => ({ match: { id: `u${n}` }, fields: {} }),
      fuzz: [],
      costs: [
        {
          op: "remove",
          least: least((n) => [
            { type: "person", identifiers: { id: `u${n}` }, action: "suppress" },
            { type: "person", identifiers: { id: `u${n}` }, action: "delete" },
          ]),
        },
      ],
    },
  },
});
