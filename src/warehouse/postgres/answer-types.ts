import type { Connection, PoolClient, Submittable } from "pg";

interface RowDescription {
  readonly fields: readonly { readonly dataTypeID: number }[];
}

/**
 * Asks the server what a statement's answer will look like, without running it: COPY sends values only.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
class DescribeStatement implements Submittable {
  readonly #text: string;
  readonly #settle: PromiseWithResolvers<readonly number[]>;
  #oids: readonly number[] = [];

  constructor(text: string, settle: PromiseWithResolvers<readonly number[]>) {
    this.#text = text;
    this.#settle = settle;
  }

  submit(connection: Connection): void {
    connection.parse({ name: "", text: this.#text, types: [] }, true);
    connection.describe({ type: "S", name: "" }, true);
    connection.sync();
  }

  handleRowDescription({ fields }: RowDescription): void {
    this.#oids = fields.map(({ dataTypeID }) => dataTypeID);
  }

  handleReadyForQuery(): void {
    this.#settle.resolve(this.#oids);
  }

  handleError(error: Error): void {
    this.#settle.reject(error);
  }
}

/** Object ids of the answer's types, in column order. */
export function answerTypes(client: PoolClient, text: string): Promise<readonly number[]> {
  const settle = Promise.withResolvers<readonly number[]>();
  client.query(new DescribeStatement(text, settle));
  return settle.promise;
}
