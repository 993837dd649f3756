import type { Say } from './phrases'

/** An error of the API (RFC 9457), in its words, which are English, or one of the way to it. */
export class ProblemError extends Error {
  override name = 'ProblemError'

  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(detail)
  }

  /** Whether trying again may help. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** Make one kind of error of whatever a request ended with; `status` 0 means there was no answer. */
export function toProblem(error: unknown, status = 0): ProblemError {
  if (error instanceof ProblemError) return error
  if (isRecord(error) && typeof error.title === 'string') {
    const list: unknown[] = Array.isArray(error.errors) ? error.errors : []
    const fields = list
      .filter(isRecord)
      .map((entry): [string, string] => [String(entry.field), String(entry.message)])
    return new ProblemError(
      status,
      error.title,
      String(error.detail ?? error.title),
      Object.fromEntries(fields),
    )
  }
  if (status === 0) {
    return new ProblemError(0, 'No connection', 'The service does not answer')
  }
  return new ProblemError(status, 'Unexpected answer', `The service answered ${status}`)
}

const NAMES: Record<number, string> = {
  0: 'no_connection',
  404: 'not_found',
  422: 'refused',
  429: 'busy',
  503: 'busy',
}

/** What to tell the shopper, in the language of the page. */
export function problemTexts(error: unknown, t: Say): { title: string; text: string } {
  const { status } = toProblem(error)
  const name = NAMES[status] ?? 'unexpected'
  return { title: t(`shell.problem.${name}`), text: t(`shell.problem.${name}_text`, { status }) }
}
