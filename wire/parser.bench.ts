/**
 * `npm run bench:micro`: what one message costs the judge's parser, whole and cut into small chunks. It must stay well below what a server needs
 * to send one, or the load driver measures itself.
 */
import { Bench } from "tinybench";
import { FrameParser, type FrameSink } from "./parser.ts";

const messages = 10_000;
const chunkBytes = 1448;
const stream = Buffer.from("MSG _INBOX.bench.1 1 26\r\n".concat('{"stream":"S","seq":12345}', "\r\n").repeat(messages));
const chunks = Array.from({ length: Math.ceil(stream.length / chunkBytes) }, (_, index) =>
  stream.subarray(index * chunkBytes, (index + 1) * chunkBytes),
);
const sink: FrameSink = { message: () => {}, control: () => {} };

const bench = new Bench({ name: "FrameParser", time: 1000 });
bench.add(`${messages} acknowledgements in one piece`, () => new FrameParser(sink).push(stream));
bench.add(`${messages} acknowledgements in segments of ${chunkBytes} bytes`, () => {
  const parser = new FrameParser(sink);
  for (const chunk of chunks) {
    parser.push(chunk);
  }
});
await bench.run();

for (const { name, result } of bench.tasks) {
  const text = "latency" in result ? `${((result.latency.p50 * 1e6) / messages).toFixed(0)} ns a message (median)` : result.state;
  process.stdout.write(`${name}: ${text}\n`);
}
