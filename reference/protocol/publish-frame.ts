/**
 * Where the parts of one PUB or HPUB lie. One frame object serves a whole connection: the parser overwrites the ranges for every
 * message, so a message costs no allocation. All ranges are into `buffer`, and a range that is empty is absent.
 */
export class PublishFrame {
  buffer: Buffer = Buffer.alloc(0);
  subjectStart = 0;
  subjectEnd = 0;
  replyStart = 0;
  replyEnd = 0;
  headersStart = 0;
  payloadStart = 0;
  payloadEnd = 0;
  /** The size texts as the publisher wrote them: receivers get `01` when the publisher said `01`. */
  sizeStart = 0;
  sizeEnd = 0;
  headerSizeStart = 0;
  headerSizeEnd = 0;

  /** The message now stands in `buffer`, `distance` bytes further to the front. */
  moveTo(buffer: Buffer, distance: number): void {
    this.buffer = buffer;
    this.subjectStart -= distance;
    this.subjectEnd -= distance;
    this.headersStart -= distance;
    this.payloadStart -= distance;
    this.payloadEnd -= distance;
    this.sizeStart -= distance;
    this.sizeEnd -= distance;
    if (this.replyEnd > 0) {
      this.replyStart -= distance;
      this.replyEnd -= distance;
    }
    if (this.headerSizeEnd > 0) {
      this.headerSizeStart -= distance;
      this.headerSizeEnd -= distance;
    }
  }
}
