import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { mount } from '@vue/test-utils'
import { defineComponent, nextTick, ref } from 'vue'
import { expect, it } from 'vitest'
import { client } from '@/client/client.gen'
import { SESSION, type Session } from '@/lib/session'
import { useForgottenPlace, usePlace, useSearchedPlace } from './usePlace'

interface Who {
  shopper_id: string
  name: string | null
}
const VISITOR: Who = { shopper_id: 'a', name: null }
const JOHN: Who = { shopper_id: 'john', name: 'john1' }
const LEIPZIG = { lat: 51.34, lon: 12.37 }
const shopper = ref<Who | null>(null)

function start() {
  client.setConfig({ baseUrl: 'https://carousel.test', fetch: async () => Response.json({ stated: {} }) })
  let place: ReturnType<typeof usePlace>['place'] | undefined
  const near = ref<string>()
  mount(
    defineComponent(() => {
      ;({ place } = usePlace())
      useSearchedPlace(near)
      useForgottenPlace()
      return () => null
    }),
    {
      global: {
        plugins: [[VueQueryPlugin, { queryClient: new QueryClient() }]],
        provide: { [SESSION as symbol]: { shopper } as unknown as Session },
      },
    },
  )
  return {
    where: () => place?.value,
    async search() {
      near.value = undefined
      await nextTick()
      near.value = '51.34,12.37'
      await nextTick()
    },
  }
}

async function become(who: Who | null): Promise<void> {
  shopper.value = who
  await nextTick()
  await nextTick()
}

it('goes along to the account, and is forgotten when its shopper logs out or is erased', async () => {
  await become(VISITOR)
  const { where, search } = start()
  await search()
  await become({ ...VISITOR, shopper_id: 'b' })
  await become(JOHN)
  expect(where()).toEqual(LEIPZIG)

  await become(null)
  expect(where()).toBeUndefined()
  expect(sessionStorage.getItem('carousel.near')).toBeNull()

  await become(VISITOR)
  await search()
  expect(sessionStorage.getItem('carousel.near')).toBe('51.34,12.37')
  await become(null)
  expect(where()).toBeUndefined()
})

it('is not told to another account, whoever logged it in', async () => {
  await become(JOHN)
  const { where, search } = start()
  await search()
  await become({ shopper_id: 'mary', name: 'mary2' })
  expect(where()).toBeUndefined()
})
