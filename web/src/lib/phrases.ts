import type { RowOut } from '@/client'
import type { Format } from './format'
import type { Budget, Interest } from './profile'
import { REGIONS, isLanguage } from './i18n'

/** What of vue-i18n's `t` is needed here. */
export type Say = (key: string, values?: Record<string, unknown>) => string

const regionOf = (language: string) => (isLanguage(language) ? REGIONS[language] : language)

/** "SUVs, wagons and vans" as the language joins a list. */
export function listText(names: readonly string[], language: string): string {
  return new Intl.ListFormat(regionOf(language), { type: 'conjunction' }).format(names)
}

/** A number with a few digits after the point, or as a percentage. */
export function numberText(value: number, language: string, options?: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(regionOf(language), { maximumFractionDigits: 1, ...options }).format(value)
}

/** "up to 20,000 €"; empty when there is no budget. */
export function budgetText(budget: Budget | null | undefined, t: Say, { money }: Format): string {
  const { min, max, currency = 'EUR' } = budget ?? {}
  if (min != null && max != null)
    return t('taste.budget.range', { min: money(min, currency), max: money(max, currency) })
  if (max != null) return t('taste.budget.up_to', { max: money(max, currency) })
  return min != null ? t('taste.budget.from', { min: money(min, currency) }) : ''
}

/** An interest by what is known of it; the service names it in English only. */
export function interestName(
  { name, facts }: Pick<Interest, 'name' | 'facts'>,
  t: Say,
  { words, money }: Format,
): string {
  const codes = ['body_type', 'fuel_type', 'transmission'].filter((field) => facts[field] !== undefined)
  const parts = [
    [facts.make, facts.model].filter(Boolean).join(' '),
    ...codes.map((field) => words(String(facts[field]))),
    facts.size === 'small' || facts.size === 'family' ? t(`taste.interests.${facts.size}`) : '',
    facts.price_amount === undefined
      ? ''
      : t('taste.interests.around', { price: money(facts.price_amount, String(facts.price_currency)) }),
  ].filter(Boolean)
  return parts.length > 0 ? parts.join(' · ') : name
}

/** The heading of a row of the home page. */
export function rowName(row: RowOut, t: Say, format: Format, language: string): string {
  if (row.row === 'because_you_viewed') return t('home.because_you_viewed', { model: row.facts.model })
  if (row.row !== 'interest') return t(`home.${row.row}`)
  return language === 'en' ? row.name : interestName(row, t, format)
}

const UNITS: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** "5 minutes ago". */
export function agoText(at: string, language: string, now = Date.now()): string {
  const seconds = (new Date(at).getTime() - now) / 1000
  const format = new Intl.RelativeTimeFormat(regionOf(language), { numeric: 'auto' })
  for (const [unit, length] of UNITS)
    if (-seconds >= length) return format.format(Math.round(seconds / length), unit)
  return format.format(0, 'minute')
}
