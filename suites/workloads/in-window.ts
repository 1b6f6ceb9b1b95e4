/** How a writer sends: as many operations at once as its window holds, each in the history of its own client. */
import { RecordedClient } from "./recorded-client.ts";
import type { PhaseContext } from "./workload.ts";

export interface WindowOptions {
  readonly process: number;
  readonly window: number;
  /** Begins the next operation; undefined when there is none left. */
  readonly next: (client: RecordedClient) => Promise<void> | undefined;
}

/** Goes on until there is enough, nothing is left, or the server is gone; ends with every operation answered or given up. */
export async function sendInWindow({ process, window, next }: WindowOptions, context: PhaseContext): Promise<void> {
  const client = await RecordedClient.open(process, context);
  const inFlight = new Set<Promise<void>>();
  try {
    while (!context.isEnough() && !client.gone && !context.cut.aborted && !context.signal.aborted) {
      const begun = next(client);
      if (begun === undefined) {
        break;
      }
      const sent: Promise<void> = begun.finally(() => inFlight.delete(sent));
      inFlight.add(sent);
      if (inFlight.size >= window) {
        await Promise.race(inFlight);
      }
    }
    await Promise.all(inFlight);
  } finally {
    await client.close();
  }
}
