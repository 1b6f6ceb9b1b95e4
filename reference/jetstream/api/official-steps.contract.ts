/** One step of a comparison with the official server, and the requests that steps are made of. */
export type Step = readonly [
  subject: string,
  body?: string | Readonly<Record<string, unknown>>,
  headers?: Readonly<Record<string, string>>,
];

/** A step with its body as it goes over the wire. */
export type TextStep = readonly [subject: string, body: string, headers?: Readonly<Record<string, string>>];

/** The step for streams called S and T with `suffix` behind. */
export function renamed([subject, body = "", headers]: Step, suffix: string): TextStep {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const step = [subject.replaceAll(/\.([ST])(?=\.|$)/g, `.$1${suffix}`), text.replaceAll(/"([ST])"/g, `"$1${suffix}"`)] as const;
  return headers === undefined ? step : [...step, headers];
}

export const api = (subject: string, body: Step[1] = "", headers?: Step[2]): Step =>
  headers === undefined ? [`$JS.API.${subject}`, body] : [`$JS.API.${subject}`, body, headers];
export const create = (config: Readonly<Record<string, unknown>> & { name: string }) => api(`STREAM.CREATE.${config.name}`, config);
export const update = (config: Readonly<Record<string, unknown>> & { name: string }) => api(`STREAM.UPDATE.${config.name}`, config);
export const remove = (name: string) => api(`STREAM.DELETE.${name}`);
export const info = (name: string) => api(`STREAM.INFO.${name}`, { subjects_filter: ">", deleted_details: true });

/** `s.>` in stream S, asked for with these settings. */
export const both = (settings: Readonly<Record<string, unknown>>, steps: readonly Step[]): readonly Step[] => [
  create({ name: "S", subjects: ["s.>"], ...settings }),
  ...steps,
  info("S"),
  remove("S"),
];
