import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { messages } from '@/testing/messages'
import { levels, openTaste, service, startService, suv, undo, wagon } from '@/testing/taste'

vi.mock('@nuxt/ui/composables', () => import('@/testing/messages'))

beforeEach(() => {
  vi.useFakeTimers()
  startService()
})
afterEach(() => vi.useRealTimers())

it('shows a change before the service has answered, and then its answer', async () => {
  const { control } = await openTaste()
  control.setLevel(suv, 'more', 'More SUV')
  await flushPromises()
  expect(levels(control)).toEqual(['more'])
  await vi.waitUntil(() => control.taste.value?.taste_version === 2)
  expect(service.puts).toEqual([{ preferences: [{ block: 'body', value: 'suv', level: 'more' }] }])
  expect(messages.map(({ title }) => title)).toEqual(['More SUV'])
})

it('takes a change back', async () => {
  const { control } = await openTaste()
  control.setLevel(suv, 'never', 'Never SUV')
  await vi.waitUntil(() => control.taste.value?.taste_version === 2)
  undo()
  await vi.waitUntil(() => control.taste.value?.taste_version === 3)
  expect(levels(control)).toEqual([null])
  expect(service.puts.at(-1)).toEqual({ preferences: [] })
})

it('takes back one level and leaves what was said since', async () => {
  startService([suv, wagon])
  const { control } = await openTaste()
  control.setLevel(suv, 'more', 'More SUV')
  control.setLevel(wagon, 'less', 'Less wagon')
  await vi.waitUntil(() => service.puts.length === 2)
  undo()
  await vi.waitUntil(() => service.puts.length === 3)
  expect(levels(control)).toEqual([null, 'less'])
  expect(service.puts.at(-1)).toEqual({ preferences: [{ block: 'body', value: 'wagon', level: 'less' }] })
})

it('takes back one pair of interests and leaves the other', async () => {
  const { control } = await openTaste()
  control.join(['a', 'b'], 'One interest')
  control.join(['c', 'd'], 'One interest')
  undo()
  await vi.waitUntil(() => service.puts.length === 3)
  expect(service.puts.at(-1)).toEqual({ together: [['c', 'd']] })
})

it('shows what was said while older answers come', async () => {
  startService([suv, wagon])
  const { control, refetch } = await openTaste()
  let answer = () => {}
  service.hold = () => new Promise((resolve) => (answer = resolve))
  control.setLevel(suv, 'less', 'Less SUV')
  control.setLevel(wagon, 'less', 'Less wagon')
  await vi.waitUntil(() => service.puts.length === 1)
  await refetch() // what the service has of the first
  expect(levels(control)).toEqual(['less', 'less'])
  control.setLevel(suv, 'never', 'Never SUV')
  expect(levels(control)).toEqual(['never', 'less'])
  for (let answers = 1; answers <= 3; answers++) {
    await vi.waitUntil(() => service.puts.length === answers)
    answer()
    await flushPromises()
    expect(levels(control)).toEqual(['never', 'less'])
  }
})

it('returns to what the service has when a change fails, and says so', async () => {
  const { control } = await openTaste()
  service.isDown = true
  control.setLevel(suv, 'more', 'More SUV')
  await vi.waitUntil(() => messages.some(({ title }) => title === 'That could not be saved'))
  await vi.waitUntil(() => levels(control)?.[0] === null)
})
