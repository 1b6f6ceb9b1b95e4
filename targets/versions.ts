/** Server versions: `2.15.2`, with an optional leading `v` and an optional pre-release (`2.15.0-RC.1`), which comes before its release. */

const pattern = /^v?(\d+)\.(\d+)\.(\d+)(?:-([\w.]+))?$/;

export function isVersion(text: string): boolean {
  return pattern.test(text);
}

/** Without the leading `v`. */
export function plainVersion(text: string): string {
  return text.replace(/^v/, "");
}

/** The first version in a text such as `nats-server: v2.15.2`. */
export function findVersion(text: string): string | undefined {
  return /\bv?(\d+\.\d+\.\d+(?:-[\w.]+)?)/.exec(text)?.[1];
}

/** Negative when `left` is older. Something that is no version counts as newest: an unknown build is judged by the newest claims. */
export function compareVersions(left: string, right: string): number {
  const a = pattern.exec(left);
  const b = pattern.exec(right);
  if (a === null || b === null) {
    return Number(a === null) - Number(b === null);
  }
  for (const part of [1, 2, 3]) {
    const difference = Number(a[part]) - Number(b[part]);
    if (difference !== 0) {
      return difference;
    }
  }
  return comparePreReleases(a[4], b[4]);
}

function comparePreReleases(left: string | undefined, right: string | undefined): number {
  if (left === right) {
    return 0;
  }
  if (left === undefined || right === undefined) {
    return left === undefined ? 1 : -1;
  }
  return left.localeCompare(right, "en", { numeric: true });
}
