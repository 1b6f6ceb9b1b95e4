/** kill -9 of the server, then a start on the same data. What the kernel had taken over survives. */
import { verb } from "./verb.ts";

export const kill = verb({
  name: "kill",
  about: "Kills the server with SIGKILL and starts it again. Needs `kill`.",
  fields: {},
  reply: "`happened`, `summary`",
  run: (_step, { session }) => session.fault("kill", (instance) => instance.kill()),
});
