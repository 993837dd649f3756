import { describe, expect, it } from 'vitest'
import { activeFilters, cleared, parse, rangeProblems, toApi, toQuery } from './search'
import { t } from '@/testing/english'

describe('a search in the address bar', () => {
  it('comes back as it was written', () => {
    const query = {
      q: 'octavia',
      make: ['Škoda', 'VW'],
      min_price: '5000',
      max_year: '2022',
      sort: 'price_asc',
    }
    const written = toQuery(parse(query))
    expect(written).toEqual(query)
    expect(parse(query).min_price).toBe(5000)
  })

  it('has no empty parts and not the default order', () => {
    expect(toQuery(parse({}))).toEqual({})
    expect(toQuery(parse({ q: '', make: '', sort: 'recommended' }))).toEqual({})
  })

  it('leaves out what makes no sense', () => {
    expect(toQuery(parse({ min_year: 'abc', max_price: '-3', sort: 'upside_down', fuel: null }))).toEqual({})
  })

  it('has a place only with two numbers on earth, and a radius only around a place', () => {
    const near = { near: '51.34,12.37', radius_km: '50', sort: 'distance' }
    expect(toQuery(parse(near))).toEqual(near)
    expect(toQuery(parse({ ...near, near: 'home' }))).toEqual({})
    expect(toQuery(parse({ near: '51.34,12.37', radius_km: '0' }))).toEqual({ near: '51.34,12.37' })
  })

  it('reads a single value as a list of one', () => {
    expect(parse({ fuel: 'diesel' }).fuel).toEqual(['diesel'])
  })
})

describe('a search', () => {
  it('asks the service for nothing that was not said', () => {
    const query = toApi(parse({ fuel: 'diesel' }))
    expect(JSON.parse(JSON.stringify(query))).toMatchObject({ fuel: ['diesel'], make: [], n: 24 })
    expect(query.q).toBeUndefined()
  })

  it('names the end of a range that is on the wrong side', () => {
    expect(rangeProblems(parse({ min_year: '2020', max_year: '2010' }))).toEqual({
      min_year: 'year',
    })
    expect(rangeProblems(parse({ min_price: '5000', max_price: '5000' }))).toEqual({})
  })

  it('offers to take away each filter by itself', () => {
    const state = parse({ q: 'rs', make: ['Škoda', 'VW'], max_price: '9000', sort: 'newest' })
    const filters = activeFilters(state, (_, value) => String(value), t)
    expect(filters.map((filter) => filter.label)).toEqual(['“rs”', 'Škoda', 'VW', 'Up to 9000'])
    expect(filters[1]?.without).toEqual({ ...state, make: ['VW'] })
  })

  it('takes the place away with its radius, and the order by distance with the place', () => {
    const state = parse({ near: '51.34,12.37', radius_km: '50', sort: 'distance', color: 'red' })
    const filters = activeFilters(state, (_, value) => String(value), t)
    expect(filters.map((filter) => filter.label)).toEqual(['red', 'Within 50'])
    expect(toQuery(filters[1]?.without ?? state)).toEqual({ color: ['red'] })
    expect(toQuery(cleared(state))).toEqual({})
    const [place] = activeFilters({ ...state, color: [], radius_km: undefined }, (_, value) => `${value}`, t)
    expect(place?.label).toBe('Around 51.34,12.37')
  })

  it('keeps its order when all filters are cleared', () => {
    expect(toQuery(cleared(parse({ q: 'rs', make: 'VW', sort: 'newest' })))).toEqual({ sort: 'newest' })
  })
})
