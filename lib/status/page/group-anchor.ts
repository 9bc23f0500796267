/** The id of a group's part of the page, which a link leads to; the store may have any name. */
export function groupAnchor(group: string): string {
  return `group-${encodeURIComponent(group).replaceAll('%', '_')}`
}
