/** A configuration that can't be used, with the place where that shows. */
export interface ConfigPlace {
  readonly file: string;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

export class ConfigError extends Error {
  readonly code = "CONFIG";
  readonly place: ConfigPlace | undefined;

  constructor(text: string, place?: ConfigPlace) {
    super(place === undefined ? text : `${place.file}:${place.line}:${place.column}: ${text}`);
    this.place = place;
  }
}
