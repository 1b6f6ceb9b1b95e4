/** Where the parts of one message stand in the bytes read: what parser, connection and load driver pass on instead of objects. */

/** Positions of one MSG or HMSG in `bytes`. An absent reply or header block has equal start and end. */
export interface MessageFrame {
  bytes: Buffer;
  frameStart: number;
  frameEnd: number;
  subjectStart: number;
  subjectEnd: number;
  sidStart: number;
  sidEnd: number;
  replyStart: number;
  replyEnd: number;
  headersStart: number;
  headersEnd: number;
  payloadStart: number;
  payloadEnd: number;
}

const noBytes = Buffer.alloc(0);

export function emptyFrame(): MessageFrame {
  return {
    bytes: noBytes,
    frameStart: 0,
    frameEnd: 0,
    subjectStart: 0,
    subjectEnd: 0,
    sidStart: 0,
    sidEnd: 0,
    replyStart: 0,
    replyEnd: 0,
    headersStart: 0,
    headersEnd: 0,
    payloadStart: 0,
    payloadEnd: 0,
  };
}
