/** Stops the server gracefully and starts it on the same data. Connections and subscriptions of the case end and are made anew when used. */
import { verb } from "./verb.ts";

export const restart = verb({
  name: "restart",
  about: "Stops the server gracefully and starts it again. Needs `restart`.",
  fields: {},
  reply: "`happened`, `summary`",
  run: (_step, { session }) => session.fault("restart", (instance) => instance.stop()),
});
