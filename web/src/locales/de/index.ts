// One file per area of the page; its name is the first part of every key.
const areas = import.meta.glob<{ default: object }>('./*.json', { eager: true })

export default Object.fromEntries(
  Object.entries(areas).map(([path, area]) => [path.slice(2, -'.json'.length), area.default]),
)
