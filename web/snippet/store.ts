/** What outlives a page, as JSON under one name. Where the browser allows no storage it lives as long as the page. */
export interface Store<T> {
  read(): T | undefined
  write(value: T | undefined): void
}

export function createStore<T>(name: string, storage: () => Storage = () => localStorage): Store<T> {
  let memory: string | null = null

  function read(): T | undefined {
    let text = memory
    try {
      text = storage().getItem(name) ?? memory
      return text === null ? undefined : (JSON.parse(text) as T)
    } catch {
      return undefined // no storage and nothing written, or somebody else's text under our name
    }
  }

  function write(value: T | undefined): void {
    const text = value === undefined ? null : JSON.stringify(value)
    memory = text
    try {
      if (text === null) storage().removeItem(name)
      else storage().setItem(name, text)
      memory = null
    } catch {
      // Full or forbidden: memory has it.
    }
  }

  return { read, write }
}
