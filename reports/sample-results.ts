/** Results to look at reports with: a run where everything occurs, hostile text included, and one where all is well. Tests and screenshots use them. */
import {
  type CaseResult,
  type LoadBlock,
  type LossPicture,
  lossPicture,
  type RequirementResult,
  type Results,
} from "../evidence/results/schema.ts";

/** What a server or client may send to break a report. */
export const hostileTexts = {
  script: `<script>alert("1")</script><img src=x onerror=alert(1)>`,
  attribute: `" onmouseover="alert(2)" x="`,
  closing: `</style></svg></pre></code></details>]]><!-- -->`,
  terminal: `\u001b[2J\u001b]0;owned\u0007PASS`,
  bidi: `abc\u202egnp.exe`,
  nul: `a\u0000b\u0008c\ud800d\ufffe`,
  markdown: "`` ``` | **bold** [x](javascript:alert(3)) @everyone #1 ~~~ </details>",
} as const;

export function emptyResults(): Results {
  return {
    schemaVersion: 1,
    tool: { name: "streamproof", version: "0.1.0" },
    command: "streamproof certify",
    startedAt: "2026-11-24T09:30:00.000Z",
    finishedAt: "2026-11-24T09:30:41.500Z",
    interrupted: false,
    target: {
      name: "embedded",
      key: "embedded",
      server: { name: "streamproof reference", version: "2.15.2" },
      settings: { sync_interval: "always" },
      capabilities: ["kill", "power-cut", "configure"],
      missing: {},
    },
    profile: "core-2.15",
    suitesVersion: "1.0",
    environment: { os: "Linux 6.18", cpu: "2 × AMD EPYC", node: "24.21.0", "file system": "ext4" },
    cases: [],
    requirements: [],
    campaigns: [],
    loads: [],
  };
}

export function passingResults(count = 64): Results {
  const cases = Array.from({ length: count }, (_, index) => passingCase(index));
  return { ...emptyResults(), cases, requirements: requirementsOf(cases) };
}

function passingCase(index: number): CaseResult {
  const area = ["dedup.window", "limits.stream", "replay.consumer", "durability.sync"][index % 4] ?? "dedup.window";
  return {
    name: `${area}/storage:${index % 2 === 0 ? "file" : "memory"}/holds-in-situation-${index + 1}`,
    suite: area,
    title: `The rule holds in situation ${index + 1}`,
    outcome: "pass",
    checks: [`${area}-rule-${Math.floor(index / 2)}`],
    level: index % 5 === 4 ? "should" : "must",
    durationMs: 3 + ((index * 37) % 400),
    pictures: [],
    reproduce: `npx streamproof certify --target embedded "${area}/**/holds-in-situation-${index + 1}"`,
  };
}

function requirementsOf(cases: readonly CaseResult[]): RequirementResult[] {
  const groups = Map.groupBy(cases, (each) => each.checks[0] ?? "");
  return [...groups].map(([id, own]) => ({
    id,
    says: `In every situation the server keeps the rule ${id}.`,
    level: own[0]?.level ?? "must",
    basis: "ADR-1, section Publishing",
    basisUrl: "https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-1.md",
    outcome: own[0]?.outcome ?? "pass",
    cases: own.map((each) => each.name),
  }));
}

const dedupFailure: CaseResult = {
  name: "dedup.window/storage:file/resend-after-restart-is-a-duplicate",
  suite: "dedup.window",
  title: "A message id sent again after a restart is a duplicate",
  outcome: "fail",
  checks: ["dedup.id-survives-restart"],
  level: "must",
  durationMs: 412,
  failure: {
    message: "the second publish was stored as new",
    where: "suites/cases/dedup/window.yaml:31",
    path: "expect.duplicate",
    expected: "{ seq: 1, duplicate: true }",
    actual: `{ seq: 2 }`,
    trace: [
      { atMs: 0.41, direction: "sent", connection: "main", text: "HPUB s.a _INBOX.7f.1 34 37\nNATS/1.0\nNats-Msg-Id: m1\n\none" },
      { atMs: 0.97, direction: "received", connection: "main", text: 'MSG _INBOX.7f.1 1 26\n{"stream":"S","seq":1}' },
      { atMs: 388.2, direction: "sent", connection: "main", text: "HPUB s.a _INBOX.7f.2 34 39\nNATS/1.0\nNats-Msg-Id: m1\n\nother" },
      { atMs: 388.9, direction: "received", connection: "main", text: 'MSG _INBOX.7f.2 1 26\n{"stream":"S","seq":2}' },
    ],
    serverLog: ["[INF] Starting JetStream", "[INF]   Restored 1 messages for stream '$G > S' in 1ms", "[INF] Server is ready"],
  },
  pictures: [],
  reproduce: 'npx streamproof certify --target nats-server@2.15.2 "dedup.window/storage:file/resend-after-restart-is-a-duplicate"',
};

export function picture(about: Partial<LossPicture> & Pick<LossPicture, "runs">): LossPicture {
  const amount = (fate: boolean): number => about.runs.filter(([kept]) => kept === fate).reduce((sum, [, length]) => sum + length, 0);
  return lossPicture.parse({
    title: "power-cut during publish-acked",
    acknowledged: amount(true) + amount(false),
    lost: amount(false),
    place: amount(false) === 0 ? "none" : "suffix",
    fault: "power-cut, nothing unsynced kept",
    evidence: "pid 4112 killed, image swapped, 412 dirty blocks dropped",
    ...about,
  });
}

const lossFailure: CaseResult = {
  name: "durability.publish/acked-publishes-survive-kill",
  suite: "durability.publish",
  title: "Acknowledged publishes survive kill -9",
  outcome: "fail",
  checks: ["durability.acked-survives-kill"],
  level: "must",
  durationMs: 2210,
  failure: {
    message: [
      "no-acked-loss: 3 of 2,000 acknowledged publishes lost (hole)",
      "0.412s  client 1: publish s.a to S, digest 9f2c41aa01b7e6d0 → acknowledged seq 812",
      "0.950s  fault kill9: pid 4112 gone, 4130 answers",
      "found  sequence 812 of S is absent; the stream has 1 to 2000",
    ].join("\n"),
    where: "suites/cases/durability/publish.yaml:12",
    trace: [],
    serverLog: [],
  },
  pictures: [
    picture({
      title: "kill9 during publish-acked",
      fault: "kill9",
      place: "hole",
      runs: [
        [true, 811],
        [false, 3],
        [true, 1186],
      ],
    }),
  ],
  reproduce: 'npx streamproof certify --target nats-server@2.15.2 "durability.publish/acked-publishes-survive-kill"',
};

const hostileFailure: CaseResult = {
  name: `limits.subjects/storage:memory/${hostileTexts.script}`,
  suite: "limits.subjects",
  title: `A subject of ${hostileTexts.attribute} is refused ${hostileTexts.markdown}`,
  outcome: "fail",
  checks: ["limits.subject-is-checked"],
  level: "should",
  durationMs: 9,
  link: "javascript:alert(4)",
  failure: {
    message: `the server answered ${hostileTexts.terminal} ${hostileTexts.bidi} ${hostileTexts.nul}`,
    expected: hostileTexts.closing,
    actual: hostileTexts.markdown,
    trace: [{ atMs: 1, direction: "received", connection: hostileTexts.attribute, text: `${hostileTexts.script}${"x".repeat(5000)}` }],
    serverLog: [hostileTexts.closing, hostileTexts.terminal],
  },
  pictures: [],
  reproduce: `npx streamproof certify '${hostileTexts.closing}'`,
};

/** Certify, crash and load in one file, with each outcome at least once. */
export function richResults(): Results {
  const passing = Array.from({ length: 48 }, (_, index) => passingCase(index));
  const [first, second, third, fourth, fifth] = passing.splice(0, 5);
  if (first === undefined || second === undefined || third === undefined || fourth === undefined || fifth === undefined) {
    throw new Error("the sample needs cases");
  }
  const cases: CaseResult[] = [
    ...passing,
    dedupFailure,
    lossFailure,
    hostileFailure,
    {
      ...first,
      name: "durability.publish/acked-publishes-survive-power-loss",
      title: "Acknowledged publishes survive power loss",
      suite: "durability.publish",
      outcome: "expected-fail",
      reason: "syncs every two minutes by default",
      link: "https://github.com/nats-io/nats-server/issues/7564",
      pictures: [picture({ runs: [[false, 2000]], place: "everything" })],
    },
    { ...second, outcome: "not-applicable", reason: "needs pause, which this target does not offer" },
    { ...third, outcome: "inconclusive", reason: "the fault left no evidence" },
    { ...fourth, outcome: "unexpected-pass", reason: "stands in the known-failing list and passes", failure: undefined },
    { ...fifth, outcome: "flaky", reason: "passed at the second attempt", link: "https://example.org/issues/1" },
  ];
  return {
    ...emptyResults(),
    command: "npx streamproof certify --target nats-server@2.15.2",
    target: {
      ...emptyResults().target,
      name: "nats-server@2.15.2",
      key: "nats-server",
      server: { name: "nats-server", version: "2.15.2" },
      settings: { sync_interval: "2m (default)" },
      missing: { pause: "the container forbids SIGSTOP", slow: hostileTexts.script },
    },
    cases,
    requirements: [
      ...requirementsOf(passing),
      {
        id: "dedup.id-survives-restart",
        says: "A message id is remembered for the whole duplicate window, across restarts.",
        level: "must",
        basis: "JetStream model deep dive, message deduplication",
        basisUrl: "https://docs.nats.io/using-nats/developer/develop_jetstream/model_deep_dive",
        feature: 31,
        outcome: "fail",
        cases: [dedupFailure.name],
      },
      {
        id: "limits.subject-is-checked",
        says: `A subject that is not one is refused: ${hostileTexts.script}`,
        level: "should",
        basis: "nats-server 2.15.2",
        basisUrl: "javascript:alert(5)",
        outcome: "fail",
        cases: [hostileFailure.name],
      },
    ],
    campaigns: [lossyCampaign(), cleanCampaign()],
    loads: [comparedLoad()],
  };
}

function lossyCampaign(): Results["campaigns"][number] {
  const pictures = [
    picture({ title: "Cycle 1", runs: [[false, 2000]], place: "everything", undone: ["stream ORDERS does not exist"] }),
    picture({
      title: "Cycle 2",
      fault: "power-cut, a seeded sector mix",
      runs: [
        [true, 1188],
        [false, 812],
      ],
    }),
    picture({
      title: "Cycle 3",
      fault: "power-cut, a seeded sector mix",
      runs: Array.from({ length: 600 }, (_, index): [boolean, number] => [index % 3 !== 1 || index < 180, 3]),
      place: "hole",
      undone: ["message 12 was delivered again by workers", `2 purged messages are back ${hostileTexts.closing}`],
    }),
  ];
  return {
    campaign: "power-cut",
    outcome: "fail",
    seed: 42,
    cycles: { planned: 3, done: 3, failed: 3, inconclusive: 0 },
    acknowledged: 5800,
    lost: pictures.reduce((sum, each) => sum + each.lost, 0),
    undone: 3,
    control: { acknowledged: 2000, lost: 2000, summary: "all of them, as it must be" },
    witness: [
      "0.412s  client 1: publish orders.a to ORDERS, digest 9f2c41aa01b7e6d0 → acknowledged seq 1",
      "0.950s  fault power-cut: pid 4112 killed, image swapped, 412 dirty blocks dropped",
      "found  stream ORDERS does not exist",
    ],
    strips: [
      { cycle: 1, outcome: "fail", acknowledged: 2000, lost: 2000, place: "everything" },
      { cycle: 2, outcome: "fail", acknowledged: 1900, lost: 30, place: "hole" },
      { cycle: 3, outcome: "fail", acknowledged: 1900, lost: 0, place: "none" },
    ],
    figures: { lost: { total: 2030, most: 2000, cycles: 2 } },
    skipped: [`line 4 (kill) needs system-calls: strace is missing ${hostileTexts.closing}`],
    minimal: {
      steps: 4,
      text: `suite: found.power-cut # ${hostileTexts.closing}\ncases: []\n`,
      file: "histories/power-cut-smallest.yaml",
      command: "npx streamproof certify histories/power-cut-smallest.yaml --target nats-server@2.15.2",
    },
    pictures,
    historyFile: "history/power-cut-42.ndjson",
    durationMs: 6400,
    reproduce: "npx streamproof crash power-cut --target nats-server@2.15.2 --cycles 3 --seed 42",
  };
}

function cleanCampaign(): Results["campaigns"][number] {
  return {
    campaign: "kill9",
    outcome: "pass",
    seed: 7,
    cycles: { planned: 200, done: 200, failed: 0, inconclusive: 0 },
    acknowledged: 412_907,
    lost: 0,
    undone: 0,
    bound: 0.015,
    witness: [],
    pictures: Array.from({ length: 12 }, (_, index) =>
      picture({ title: `Cycle ${index + 1}`, fault: "kill9", evidence: "pid 511 gone, 530 answers", runs: [[true, 2000 + index]] }),
    ),
    durationMs: 61_000,
    reproduce: "npx streamproof crash kill9 --target nats-server@2.15.2 --cycles 200 --seed 7",
  };
}

function comparedLoad(): Results["loads"][number] {
  return {
    profile: "pub-async",
    outcome: "pass",
    model: "closed",
    size: "ci",
    policy: "shipped defaults: A always, B every 2 minutes",
    sides: {
      A: { target: "embedded", version: "2.15.2", settings: { sync_interval: "always" } },
      B: { target: "nats-server", version: "2.15.2", settings: { sync_interval: "2m" } },
    },
    blocks: Array.from({ length: 16 }, (_, index) => loadBlock(index)),
    comparisons: [
      { metric: "throughput", ratio: 1.21, low: 1.15, high: 1.27, p: 0.0078, pairs: 8, verdict: "improved" },
      { metric: "response.p50", ratio: 0.83, low: 0.79, high: 0.88, p: 0.0078, pairs: 8, verdict: "improved" },
      { metric: "response.p99", ratio: 1.04, low: 0.93, high: 1.18, p: 0.46, pairs: 8, verdict: "inconclusive" },
      { metric: "response.p99.9", ratio: 1.43, low: 1.22, high: 1.71, p: 0.0156, pairs: 8, verdict: "regressed" },
    ],
    generatorBound: false,
    durationMs: 92_000,
    reproduce: "npx streamproof load pub-async --target embedded --against nats-server@2.15.2 --size ci",
  };
}

function loadBlock(index: number): LoadBlock {
  const side = [0, 3].includes(index % 4) ? "A" : "B";
  const slow = side === "A" ? 1 : 1.2;
  const wobble = 1 + ((index * 7) % 5) / 50;
  return {
    side,
    pair: Math.floor(index / 2) + 1,
    operations: 250_000,
    seconds: 5,
    perSecond: (86_000 / slow) * wobble,
    response: { p50: 1800 * slow * wobble, p90: 2600 * slow, p99: 9100 * wobble, p999: side === "A" ? 41_000 : 28_000, max: 71_000 },
    service: { p50: 1700 * slow, p90: 2400 * slow, p99: 8000, p999: 22_000, max: 60_000 },
    deferred: 0,
    generatorLagP99Us: 410,
    accounting: {
      published: 250_000,
      acknowledged: 250_000,
      stored: 250_000,
      delivered: 0,
      duplicated: 0,
      lost: 0,
      outOfOrder: 0,
      errors: {},
    },
  };
}
