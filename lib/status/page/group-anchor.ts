/**
 * The id of a group's part of the page, which a link leads to; the store may have any name. Each name
 * has its own, and none is that of anything else on the page: those are in kebab case, without `_`.
 */
export function groupAnchor(group: string): string {
  const encoded = encodeURIComponent(group).replaceAll('_', '%5F')
  return `group_${encoded.replaceAll('%', '_')}`
}
