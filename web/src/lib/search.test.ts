import { describe, expect, it } from 'vitest'
import api from '../../openapi.json'
import { activeFilters, BOUNDS, cleared, keyOf, parse, rangeProblems, toApi, toQuery } from './search'
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

  it('leaves out what the service would refuse', () => {
    const beyond = { min_year: '1884', max_year: '2201', max_mileage_km: '10000001', min_power_kw: '10001' }
    expect(toQuery(parse(beyond))).toEqual({})
    const far = { near: '51.34,12.37', radius_km: '21001', max_price: '9'.repeat(400) }
    expect(toQuery(parse(far))).toEqual({ near: far.near })
    expect(parse({ max_price: '9000000000' }).max_price).toBe(9e9)
  })

  it.each(Object.entries(BOUNDS))('knows what the service takes as %s', (name, [least, most]) => {
    const { parameters } = api.paths['/v1/listings'].get
    const schema = parameters.find((one) => one.name === name)?.schema as { anyOf: object[] } | undefined
    expect(schema?.anyOf[0]).toMatchObject(
      name === 'radius_km'
        ? { exclusiveMinimum: least - 1, maximum: most }
        : { minimum: least, maximum: most },
    )
  })

  it('keeps the currency of its prices, and none without a price', () => {
    const query = { max_price: '228510', currency: 'CZK' }
    expect(toQuery(parse(query))).toEqual(query)
    expect(toApi(parse(query)).currency).toBe('CZK')
    expect(keyOf({ ...parse(query), max_price: undefined })).toBe('{}')
    expect(parse({ currency: 'koruna' }).currency).toBeUndefined()
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
