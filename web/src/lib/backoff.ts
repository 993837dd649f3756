/** Milliseconds before try number `attempt` (from 0): doubling to a limit, spread so that browsers do not return at once. */
export function backoff(attempt: number, { first = 500, most = 30_000, random = Math.random } = {}): number {
  return Math.min(most, first * 2 ** attempt) * (0.5 + random() / 2)
}

export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
