import * as cs from '../src/locales/cs/words.json'
import * as de from '../src/locales/de/words.json'
import * as en from '../src/locales/en/words.json'

/** The codes a card and its reasons may say, in English, German and Czech; the rest of the list stays out of the script. */
export const WORDS: Record<string, [en: string, de: string, cs: string]> = {
  suv: [en.suv, de.suv, cs.suv],
  city_car: [en.city_car, de.city_car, cs.city_car],
  hatchback: [en.hatchback, de.hatchback, cs.hatchback],
  sedan: [en.sedan, de.sedan, cs.sedan],
  wagon: [en.wagon, de.wagon, cs.wagon],
  coupe: [en.coupe, de.coupe, cs.coupe],
  convertible: [en.convertible, de.convertible, cs.convertible],
  minivan: [en.minivan, de.minivan, cs.minivan],
  van: [en.van, de.van, cs.van],
  pickup: [en.pickup, de.pickup, cs.pickup],
  crossover: [en.crossover, de.crossover, cs.crossover],
  dealer: ['From a dealer', 'Vom Händler', 'Od prodejce'],
  private: ['From a private seller', 'Von privat', 'Od soukromníka'],
  petrol: [en.petrol, de.petrol, cs.petrol],
  diesel: [en.diesel, de.diesel, cs.diesel],
  electric: [en.electric, de.electric, cs.electric],
  hybrid: [en.hybrid, de.hybrid, cs.hybrid],
  plugin_hybrid: [en.plugin_hybrid, de.plugin_hybrid, cs.plugin_hybrid],
  mild_hybrid: [en.mild_hybrid, de.mild_hybrid, cs.mild_hybrid],
  hydrogen: [en.hydrogen, de.hydrogen, cs.hydrogen],
  manual: [en.manual, de.manual, cs.manual],
  automatic: [en.automatic, de.automatic, cs.automatic],
  semi_automatic: [en.semi_automatic, de.semi_automatic, cs.semi_automatic],
}

const CODES = new Map(Object.entries(WORDS).map(([code, [word]]) => [word, code]))

/** The code an English word of the service stands for. */
export const codeOf = (word: string): string | undefined => CODES.get(word)
