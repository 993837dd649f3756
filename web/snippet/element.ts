/** An element with attributes and what is inside; nothing that comes from the service is read as HTML. */
export function filled<E extends Element>(
  made: E,
  attributes: Record<string, string | number>,
  children: (Node | string)[],
): E {
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  made.append(...children)
  return made
}

export const element = (
  name: string,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElement => filled(document.createElement(name), attributes, children)
