import { OutcomeUnknown, Unavailable } from "../core/delivery-errors.ts";

/** Asks something of the platform: a question that was not answered changed nothing, so it may be asked again. */
export async function question<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof OutcomeUnknown)) throw error;
    throw new Unavailable(error.message, { hint: error.hint, retryAfterMs: error.retryAfterMs, cause: error });
  }
}
