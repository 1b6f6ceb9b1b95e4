/**
 * The system requests that an ordinary account may make: who am I, how is my account. The rest of `$SYS.REQ` belongs to the system
 * account, and as on the official server nobody answers it here.
 */

import type { Broker } from "../broker/broker.ts";
import type { InboundMessage } from "../broker/service.ts";
import type { Clock } from "../ports.ts";
import { SERVER_VERSION } from "../version.ts";
import { rfc3339 } from "./json-time.ts";

export interface SystemIdentity {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly domain: string | undefined;
  readonly jetStream: boolean;
}

/** Bits of `flags` in the official server's events: 1 = JetStream is on. */
const FLAG_JETSTREAM = 1;

export function serveSystemRequests(broker: Broker, identity: SystemIdentity, clock: Clock): void {
  const { account } = broker;
  let sequence = 0;

  function answer(request: InboundMessage, data: unknown): void {
    sequence++;
    const server = {
      name: identity.name,
      host: identity.host,
      id: identity.id,
      ...(identity.domain === undefined ? {} : { domain: identity.domain }),
      ver: SERVER_VERSION,
      ...(identity.jetStream ? { jetstream: true, flags: FLAG_JETSTREAM } : { jetstream: false, flags: 0 }),
      seq: sequence,
      time: rfc3339(clock.nowNs()),
    };
    account.respond(request, Buffer.from(JSON.stringify({ server, data })), 0);
  }

  account.subscribe("$SYS.REQ.USER.INFO", (request) => {
    answer(request, { user: request.client?.user ?? "", account: account.name, account_name: account.name });
  });
  account.subscribe("$SYS.REQ.ACCOUNT.PING.STATZ", (request) => {
    answer(request, { server_id: identity.id, now: rfc3339(clock.nowNs()), account_statz: [accountStatz(broker)] });
  });
}

function accountStatz({ account, connections, traffic }: Broker): Record<string, unknown> {
  const elsewhere = { gateways: none, routes: none, leafs: none };
  return {
    acc: account.name,
    name: account.name,
    conns: connections.size,
    leafnodes: 0,
    total_conns: connections.size,
    num_subscriptions: account.index.size,
    sent: { msgs: traffic.outMessages, bytes: traffic.outBytes, ...elsewhere },
    received: { msgs: traffic.inMessages, bytes: traffic.inBytes, ...elsewhere },
    slow_consumers: traffic.slowConsumers,
  };
}

const none = { msgs: 0, bytes: 0 };
