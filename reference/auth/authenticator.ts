/**
 * Who may connect: nobody is asked on an open server; otherwise a user with a password or a token. Secrets are compared in constant time,
 * through digests of equal length, and an unknown user costs as much as a wrong password.
 */
import type { Authenticator } from "../broker/broker.ts";

export interface Credentials {
  readonly users: readonly { readonly user: string; readonly password: string }[];
  readonly token: string | undefined;
}

/** True when both texts are equal, in a time that doesn't tell where they differ. */
export type SecretComparison = (a: string, b: string) => boolean;

export function createAuthenticator(credentials: Credentials | undefined, sameSecret: SecretComparison): Authenticator {
  if (credentials === undefined) {
    return { required: false, authenticate: () => "" };
  }
  const passwords = new Map(credentials.users.map(({ user, password }) => [user, password]));
  return {
    required: true,
    authenticate(options): string | undefined {
      if (credentials.users.length > 0) {
        const password = passwords.get(options.user);
        const matches = sameSecret(options.pass, password ?? "");
        return matches && password !== undefined ? options.user : undefined;
      }
      return credentials.token !== undefined && sameSecret(options.auth_token, credentials.token) ? "[token]" : undefined;
    },
  };
}
