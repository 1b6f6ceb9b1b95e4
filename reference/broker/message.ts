/**
 * A message on its way through the broker. A connection has one for everything it publishes; services draw theirs from a pool, because a
 * service may publish while another message is being handed to it.
 */
import { hashOctets } from "../protocol/octets.ts";
import type { OutgoingMessage } from "../protocol/outgoing-message.ts";
import { PublishFrame } from "../protocol/publish-frame.ts";
import type { InternedSubject } from "./interned-subject.ts";
import type { Account, ClientIdentity, InboundMessage } from "./service.ts";
import type { SubjectTable } from "./subject-table.ts";

const NO_OCTETS = Buffer.alloc(0);

/** The account that a message is published in. */
export type SubjectSpace = Account & { readonly subjects: SubjectTable };

export class Message extends PublishFrame implements InboundMessage, OutgoingMessage {
  readonly account: SubjectSpace;
  client: ClientIdentity | undefined;
  subjectOctets: Uint8Array = NO_OCTETS;
  replyOctets: Uint8Array = NO_OCTETS;
  /** Published inside the server, not by a client. */
  fromService = false;
  /** The store epoch that the message shows; 0 = none. */
  epoch = 0;
  #subject: InternedSubject | undefined;

  constructor(account: SubjectSpace, client: ClientIdentity | undefined) {
    super();
    this.account = account;
    this.client = client;
  }

  /** Interned when somebody asks: acknowledgements, of which no two have the same subject, never are. */
  get subject(): InternedSubject {
    if (this.#subject === undefined) {
      const { buffer, subjectStart, subjectEnd } = this;
      this.#subject = this.account.subjects.intern(buffer, subjectStart, subjectEnd, hashOctets(buffer, subjectStart, subjectEnd));
    }
    return this.#subject;
  }

  /** The frame was filled anew. */
  renewed(): void {
    this.#subject = undefined;
  }

  replyText(): string | undefined {
    return this.replyEnd > this.replyStart ? this.buffer.toString("utf8", this.replyStart, this.replyEnd) : undefined;
  }
}
