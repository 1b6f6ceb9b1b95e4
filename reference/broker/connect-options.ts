/** The JSON of CONNECT, read as Go's decoder reads it: keys in any case, unknown ones ignored, `null` leaves the default, a wrong type fails. */

export interface ConnectOptions {
  verbose: boolean;
  pedantic: boolean;
  echo: boolean;
  headers: boolean;
  no_responders: boolean;
  protocol: number;
  name: string;
  lang: string;
  version: string;
  user: string;
  pass: string;
  auth_token: string;
  account: string;
  new_account: boolean;
  tls_required: boolean;
  jwt: string;
  nkey: string;
  sig: string;
}

/** What holds before CONNECT, and for every field that CONNECT leaves out. */
export function defaultConnectOptions(): ConnectOptions {
  return {
    verbose: true,
    pedantic: true,
    echo: true,
    headers: false,
    no_responders: false,
    protocol: 0,
    name: "",
    lang: "",
    version: "",
    user: "",
    pass: "",
    auth_token: "",
    account: "",
    new_account: false,
    tls_required: false,
    jwt: "",
    nkey: "",
    sig: "",
  };
}

type FieldName = keyof ConnectOptions;

/** undefined when the text is no JSON object or a known field has the wrong type. */
export function readConnectOptions(text: string, current: ConnectOptions): ConnectOptions | undefined {
  const json = parsed(text);
  if (json === undefined) {
    return undefined;
  }
  const options = { ...current };
  for (const [key, value] of Object.entries(json)) {
    const name = key.toLowerCase();
    if (value === null || !isField(options, name)) {
      continue;
    }
    if (!assign(options, name, value)) {
      return undefined;
    }
  }
  return options;
}

function isField(options: ConnectOptions, name: string): name is FieldName {
  return Object.hasOwn(options, name);
}

/** False when the value has the wrong type. */
function assign(options: ConnectOptions, name: FieldName, value: unknown): boolean {
  if (typeof value !== typeof options[name] || (typeof value === "number" && !Number.isInteger(value))) {
    return false;
  }
  Object.assign(options, { [name]: value });
  return true;
}

function parsed(text: string): object | undefined {
  try {
    const json: unknown = JSON.parse(text);
    if (json === null) {
      return {};
    }
    return typeof json === "object" && !Array.isArray(json) ? json : undefined;
  } catch {
    return undefined;
  }
}
