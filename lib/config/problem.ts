/** Something that keeps the settings from being used. */
export interface Problem {
  /**
   * Where it is: a TOML path (`lock.groups[1].slots`), the environment variable that set the value,
   * `line L, column C`, or the file.
   */
  readonly path: string
  /** The end of a sentence that begins with the path; one line. */
  readonly message: string
}

/** Something that the daemon starts with, but that its operator should know; see {@link Problem}. */
export type Warning = Problem
