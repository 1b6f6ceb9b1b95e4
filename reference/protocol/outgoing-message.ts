/** What the writer of MSG and HMSG reads. Subject and reply may stand in other buffers than headers and payload. */
export interface OutgoingMessage {
  readonly subjectOctets: Uint8Array;
  readonly subjectStart: number;
  readonly subjectEnd: number;
  readonly replyOctets: Uint8Array;
  readonly replyStart: number;
  readonly replyEnd: number;
  readonly buffer: Uint8Array;
  readonly headersStart: number;
  readonly payloadStart: number;
  readonly payloadEnd: number;
  /** The sizes as the publisher wrote them, in `buffer`; an empty range lets the writer format them. */
  readonly sizeStart: number;
  readonly sizeEnd: number;
  readonly headerSizeStart: number;
  readonly headerSizeEnd: number;
}
