import type { RecommendedListing } from '../src/client'
import { element, filled } from './element'
import { isWeb, nameOf } from './listing'

const BODY = 'M18 70q-4 0-4-4V56q0-7 8-9l38-7 24-17q5-4 12-4h46q7 0 12 4l24 17 36 6q10 2 11 10v10q0 4-4 4z'
const GLASS = 'M90 27q4-3 9-3h17v17H70zM121 24h19q5 0 9 3l20 14h-48z'

const shape = (name: string, attributes: Record<string, string | number>, ...children: Node[]) =>
  filled(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children)

/** A car in the colour of a listing, one for all bodies; a colour that CSS has no word for is that of the style. */
function draw({ color_exterior: colour }: RecommendedListing): SVGElement {
  return shape(
    'svg',
    { viewBox: '-20 -18 280 140', 'aria-hidden': 'true', part: 'picture' },
    shape('path', { d: BODY, fill: `color-mix(in srgb, ${colour} 66%, #789)` }),
    shape('path', { d: GLASS, fill: '#345' }),
    ...[56, 184].map((cx) => shape('circle', { cx, cy: 69, r: 11 })),
  )
}

/** The first picture of a listing, else a drawing; both of one size, so that nothing moves when one does not load. */
export function makePicture(listing: RecommendedListing): Element {
  const src = listing.images?.find(isWeb)
  if (!src) return draw(listing)
  const picture = element('img', {
    alt: nameOf(listing),
    width: '320',
    height: '180',
    loading: listing.position > 1 ? 'lazy' : 'eager',
    decoding: 'async',
    referrerpolicy: 'no-referrer',
    part: 'picture',
    src,
  })
  picture.onerror = () => picture.replaceWith(draw(listing))
  return picture
}
