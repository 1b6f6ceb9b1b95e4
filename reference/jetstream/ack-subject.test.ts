import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type AckNumbers, AckSubjectWriter, readAckSubject } from "./ack-subject.ts";
import { WireSequences } from "./wire-sequences.ts";

const sequences = new WireSequences(0n);
const number = fc.oneof(
  fc.nat(100),
  fc.nat(),
  fc.constantFrom(9, 10, 99, 100, 0x7ffffffe, 0x7fffffff, 0x80000000, 2 ** 32, 2 ** 52 + 1),
  fc.maxSafeNat(),
);
const timeNs = fc.oneof(fc.bigInt(0n, 3_000_000_000n), fc.bigInt(1_700_000_000_000_000_000n, 1_700_000_003_000_000_000n));
const delivery = fc.record({ deliveries: number, streamSequence: number, consumerSequence: number, timeNs, pending: number });

test("a writer's subject has the five numbers in decimal, whatever it wrote before, and the first three are read back", () => {
  fc.assert(
    fc.property(fc.array(delivery, { minLength: 1, maxLength: 20 }), (deliveries) => {
      const writer = new AckSubjectWriter("S", "C", sequences);
      for (const { timeNs: time, pending, ...numbers } of deliveries) {
        const bytes = writer.write(numbers, time, pending);
        const { deliveries: count, streamSequence, consumerSequence } = numbers;
        expect(Buffer.from(bytes).toString()).toBe(`$JS.ACK.S.C.${count}.${streamSequence}.${consumerSequence}.${time}.${pending}`);
        const read: AckNumbers = { deliveries: 0, streamSequence: 0, consumerSequence: 0 };
        expect(readAckSubject({ bytes, start: "$JS.ACK.S.C.".length, end: bytes.length }, read, sequences)).toBe(true);
        expect(read).toEqual(numbers);
      }
    }),
  );
});

test("anything but five numbers is no acknowledgement", () => {
  const read = (text: string) => {
    const bytes = Buffer.from(text);
    return readAckSubject({ bytes, start: 0, end: bytes.length }, { deliveries: 0, streamSequence: 0, consumerSequence: 0 }, sequences);
  };
  expect(["1.2.3.4.5", "1.2.3.4", "1.2.3.4.5.6", "1.2..4.5", "1.2.x.4.5", "", "1.2.3.4."].map(read)).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});
