import { expect, it } from 'vitest'
import { PAGES, pageAt } from './pages'

it('finds the page at a path before there is a router', () => {
  expect(pageAt('/search')).toBe(PAGES['/search'])
  expect(pageAt('/listings/a%2Fb')).toBe(PAGES['/listings/:id'])
  for (const path of ['/', '/listings', '/listings/a/b', '/constructor', '/nowhere'])
    expect(pageAt(path)).toBeUndefined()
})
