import { QueryClient } from '@tanstack/vue-query'
import { afterEach, expect, it, vi } from 'vitest'
import { isFirstAnswer } from './home'

afterEach(() => vi.useRealTimers())

it('an answer that has only just come is not asked for again, any later one is', async () => {
  vi.useFakeTimers()
  const queries = new QueryClient()
  const state = () => queries.getQueryState(['rows']) ?? expect.fail('there is no such query')
  queries.setQueryData(['rows'], 1)
  expect(isFirstAnswer(state())).toBe(true)
  vi.advanceTimersByTime(2_001)
  expect(isFirstAnswer(state())).toBe(false)

  queries.setQueryData(['rows'], 2) // the shopper has seen one before
  expect(isFirstAnswer(state())).toBe(false)

  queries.removeQueries()
  queries.setQueryData(['rows'], 3)
  await queries.invalidateQueries() // the taste has changed since
  expect(isFirstAnswer(state())).toBe(false)
})
