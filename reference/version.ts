/** What the server says it is. */

/** Clients decide by this version which features they use: it is the official server's whose behaviour we match. */
export const SERVER_VERSION = "2.15.2";

/** JetStream API level (ADR-44) of that version. */
export const API_LEVEL = 5;

/** Stands where the official server names its Go version. */
export const RUNTIME = "streamproof";
