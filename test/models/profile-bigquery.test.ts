import { describe, expect, it } from "vitest";
import { bigQueryConnection } from "../../src/models/profile-bigquery.ts";

const key = {
  type: "service_account",
  project_id: "shop",
  private_key_id: "id-of-the-key",
  private_key: "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n",
  client_email: "m@shop.iam.gserviceaccount.com",
};

describe("dbt's profile for BigQuery", () => {
  it("keeps the secret parts of a key in the environment", () => {
    const { output, env } = bigQueryConnection({
      type: "bigquery",
      project: "shop",
      location: "EU",
      credentials: JSON.stringify(key),
      maximumBytesBilled: 5,
    });
    expect(JSON.stringify(output)).not.toMatch(/secret|id-of-the-key/);
    expect(output).toMatchObject({
      method: "service-account-json",
      project: "shop",
      location: "EU",
      maximum_bytes_billed: 5,
    });
    expect(output).toHaveProperty("keyfile_json.client_email", key.client_email);
    expect(output).toHaveProperty(
      "keyfile_json.private_key",
      "{{ env_var('DBT_ENV_SECRET_MILLRACE_BIGQUERY_PRIVATE_KEY') }}",
    );
    expect(env.DBT_ENV_SECRET_MILLRACE_BIGQUERY_PRIVATE_KEY).toBe(key.private_key);
  });

  it("asks the machine for credentials where none are given, and nobody at an address of this machine", () => {
    expect(bigQueryConnection({ type: "bigquery", project: "p" }).output).toMatchObject({ method: "oauth" });
    const local = bigQueryConnection({ type: "bigquery", project: "p", apiEndpoint: "http://127.0.0.1:9050" });
    expect(local.output).toMatchObject({ method: "oauth-secrets", api_endpoint: "http://127.0.0.1:9050" });
  });

  it("refuses a key that dbt cannot use, without showing it", () => {
    for (const text of ["no json: secret", JSON.stringify({ type: "external_account", secret: "secret" })]) {
      const make = () => bigQueryConnection({ type: "bigquery", project: "p", credentials: text });
      expect(make).toThrow(/cannot sign in/);
      expect(make).not.toThrow(/secret/);
    }
  });
});
