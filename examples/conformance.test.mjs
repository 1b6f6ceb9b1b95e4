// Every conformance case as a vitest test, against a server of your choice.
import { startServer } from "streamproof/reference";
import { conformance } from "streamproof/vitest";
import { afterAll } from "vitest";

const server = await startServer();
afterAll(() => server.stop());

await conformance({ target: server.url, patterns: ["dedup.**"] });
