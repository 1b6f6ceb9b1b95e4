/** `authorization { … }`: one user, a token, or a list of users, with passwords in plain text. */
import type { Credentials } from "../auth/authenticator.ts";
import type { ConfSection } from "./conf-section.ts";
import type { ConfEntry } from "./conf-value.ts";
import { ConfigError } from "./config-error.ts";

/** The official server compares such secrets with bcrypt. */
const BCRYPT = /^\$2[abxy]\$\d{2}\$/;

interface User {
  readonly user: string;
  readonly password: string;
}

export function readCredentials(top: ConfSection): Credentials | undefined {
  const section = top.section("authorization");
  if (section === undefined) {
    return undefined;
  }
  const single = readUser(section);
  const token = readSecret(section, "token");
  const users = section.sections("users")?.map((each) => readListedUser(each));
  // Read for its value elsewhere; here it is only known.
  section.entry("timeout");
  section.unsupported("default_permission", "default_permissions", "permissions", "auth_callout", "auth_hook", "proxy_required");
  section.finish();
  const given = [single, token, users].filter((each) => each !== undefined);
  if (given.length > 1) {
    throw new ConfigError("authorization takes one of user and password, token, or users", section.place);
  }
  if (given.length === 0) {
    return undefined;
  }
  return { users: users ?? (single === undefined ? [] : [single]), token };
}

function readListedUser(section: ConfSection): User {
  const user = readUser(section);
  section.unsupported("nkey", "permission", "permissions", "authorization", "allowed_connection_types", "connection_types", "clients");
  section.unsupported("proxy_required");
  section.finish();
  if (user === undefined) {
    throw new ConfigError("an entry of users needs user and password", section.place);
  }
  return user;
}

function readUser(section: ConfSection): User | undefined {
  const user = section.string("user", "username");
  const password = readSecret(section, "pass", "password");
  if (user === undefined && password === undefined) {
    return undefined;
  }
  if (user === undefined || password === undefined) {
    throw new ConfigError("user and password belong together", section.place);
  }
  return { user, password };
}

function readSecret(section: ConfSection, ...names: string[]): string | undefined {
  const secret = section.string(...names);
  if (secret !== undefined && BCRYPT.test(secret)) {
    const entry: ConfEntry = section.entry(...names)!;
    throw new ConfigError(`"${entry.key}" is a bcrypt hash, which is not supported by this server yet`, entry.value.place);
  }
  return secret;
}
