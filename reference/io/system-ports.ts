/** The ports of the real machine, together. */
import type { Ports } from "../ports.ts";
import { systemClock } from "./clock.ts";
import { systemDisk } from "./disk.ts";
import { systemNet } from "./net.ts";
import { systemRandom } from "./random.ts";
import { systemTurns } from "./turns.ts";

export function systemPorts(): Ports {
  return { clock: systemClock(), disk: systemDisk, net: systemNet, random: systemRandom(), turns: systemTurns };
}
