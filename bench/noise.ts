/** How far the rounds of something lay apart that does not depend on airlock's own doing. */
export interface Noise {
  readonly what: string
  /** From the least to the greatest round, by the median. */
  readonly spread: number
}
