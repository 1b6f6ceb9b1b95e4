/**
 * A message on its way through the broker. A connection has one for everything it publishes; services draw theirs from a pool, because a
 * service may publish while another message is being handed to it.
 */
import type { OutgoingMessage } from "../protocol/outgoing-message.ts";
import { PublishFrame } from "../protocol/publish-frame.ts";
import type { Subject } from "../store/stream-store.ts";
import type { Account, ClientIdentity, InboundMessage } from "./service.ts";

const NO_OCTETS = Buffer.alloc(0);

export class Message extends PublishFrame implements InboundMessage, OutgoingMessage {
  /** Set before a service sees the message. */
  subject!: Subject;
  account: Account;
  client: ClientIdentity | undefined;
  subjectOctets: Uint8Array = NO_OCTETS;
  replyOctets: Uint8Array = NO_OCTETS;
  /** Published inside the server, not by a client. */
  fromService = false;
  /** The store epoch that the message shows; 0 = none. */
  epoch = 0;

  constructor(account: Account, client: ClientIdentity | undefined) {
    super();
    this.account = account;
    this.client = client;
  }

  replyText(): string | undefined {
    return this.replyEnd > this.replyStart ? this.buffer.toString("utf8", this.replyStart, this.replyEnd) : undefined;
  }
}
