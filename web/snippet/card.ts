import type { RecommendedListing } from '../src/client'
import { element } from './element'
import { nameOf } from './listing'
import { makePicture } from './picture'
import type { Speech } from './texts'

export function makeCard(listing: RecommendedListing, href: string | undefined, speech: Speech): HTMLElement {
  const name = element('a', href ? { href, part: 'link' } : { part: 'link' }, nameOf(listing))
  const lines = [
    makePicture(listing),
    element('h3', { part: 'name' }, name),
    listing.variant && element('p', { class: 'muted', part: 'variant' }, listing.variant),
    element('p', { class: 'price', part: 'price' }, speech.price(listing)),
    element('p', { class: 'muted', part: 'facts' }, speech.facts(listing)),
    listing.city && element('p', { class: 'muted', part: 'place' }, listing.city),
    listing.reasons.length > 0 &&
      element(
        'ul',
        { class: 'reasons', part: 'reasons', role: 'list', 'aria-label': speech.say('Why you see this') },
        ...listing.reasons.map((reason) => element('li', { part: 'reason' }, speech.reason(reason))),
      ),
  ]
  return element('article', { class: 'card', part: 'card' }, ...lines.filter((line) => line instanceof Node))
}

const SKELETONS = 5

/** What stands in the row's place until it has arrived. */
export function skeleton(): HTMLElement {
  const bones = Array.from({ length: SKELETONS }, () => element('li', { class: 'bone' }))
  return element('ul', { class: 'row', 'aria-hidden': 'true' }, ...bones)
}
