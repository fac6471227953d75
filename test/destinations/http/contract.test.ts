import { http } from "../../../src/destinations/http/index.ts";
import { type ConnectorFixture, connectorContract } from "../../contract/connector.ts";
import { startReceiver } from "./receiver.ts";

const token = "bearer-token-of-the-test";
const secret = "signing-secret-of-the-test";

async function open(answers: "none" | "per_row", resend: "once" | "idempotent"): Promise<ConnectorFixture> {
  const receiver = await startReceiver({ token, secret, answers, maxBodyBytes: 5_000_000 });
  const account = { base_url: receiver.url, auth: { bearer: token }, sign: { secret }, check_path: "/check" };
  return {
    connector: http,
    account,
    target: "request",
    options: { resend, ...(answers === "per_row" ? { response: "per_row" } : {}) },
    makeRow: (n) => ({
      key: `k${n}`,
      match: { email: `p${n}@example.com` },
      fields: { name: `P ${n}`, city: "Leeds" },
    }),
    makeBadRow: (n) => ({
      key: `k${n}`,
      match: { email: `p${n}@example.com` },
      fields: { name: null, city: "Wilhelmina.Personal@private.example" },
    }),
    textField: "city",
    readState: async () => [...receiver.state.values()],
    misbehave: (fault) => receiver.misbehave(fault),
    behave: () => receiver.misbehave(null),
    wrongAccount: { ...account, auth: { bearer: "a-wrong-token-entirely" } },
    secrets: [token, secret, "a-wrong-token-entirely"],
    close: () => receiver.close(),
  };
}

connectorContract("http: idempotent", () => open("none", "idempotent"));
connectorContract("http: answers per row", () => open("per_row", "idempotent"));
connectorContract("http: once only", () => open("per_row", "once"));
