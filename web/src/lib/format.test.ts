import { describe, expect, it } from 'vitest'
import { shortMonth } from './format'
import { format } from '@/testing/english'

const { country, day, emission, kilometres, money, month, power, words } = format

describe('money', () => {
  it('is written in the currency of the listing, whole when it has no cents', () => {
    expect(money(19990, 'EUR')).toBe('€19,990')
    expect(money('4500.50', 'GBP')).toBe('£4,500.50')
    expect(money(350000, 'INR')).toBe('₹350,000')
    expect(money(129000, 'CZK')).toMatch(/^(CZK|Kč)\s?129,000$/)
  })

  it('says so when there is no price', () => {
    expect(money(undefined, undefined)).toBe('Price on request')
    expect(money(null, 'EUR')).toBe('Price on request')
    expect(money(0, 'EUR')).toBe('€0')
  })
})

describe('units', () => {
  it('keep a number and its unit on one line', () => {
    expect(kilometres(48200)).toBe('48,200\u00a0km')
  })

  it('show power in kW and PS', () => {
    expect(power(110)).toBe('110\u00a0kW (150\u00a0PS)')
  })
})

describe('dates', () => {
  it('name a month, and leave alone what is none', () => {
    expect(month('2021-03')).toBe('March 2021')
    expect(month('spring')).toBe('spring')
    expect(shortMonth('2021-03')).toBe('03/2021')
  })

  it('leave alone what is no day', () => {
    expect(day('2026-01-31T12:00:00Z')).toBe('31 Jan 2026')
    expect(day('soon')).toBe('soon')
  })
})

describe('words', () => {
  it('make codes readable', () => {
    expect(words('suv')).toBe('SUV')
    expect(words('plugin_hybrid')).toBe('Plug-in hybrid')
    expect(words('heated_seats')).toBe('Heated seats')
    expect(emission('euro6d')).toBe('Euro 6d')
    expect(country('CZ')).toBe('Czechia')
    expect(country('nowhere')).toBe('nowhere')
  })
})
