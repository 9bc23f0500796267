/** What a command's exit tells a script: whether to try later, to look, or to correct the call. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  /** `airlock client`: refused for now. EX_TEMPFAIL of sysexits.h. */
  refused: 75,
} as const
